"""The checks of problem set 1: the perceptron, the costs it descends, the nearest mean.

Examples are rows of X, labels t are -1 and +1, sign(0) = 0. What may depend on whether z is exactly
0 is drawn from whole numbers and halves, so that every right way to add them up gives the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from bpkit import perceptron as reference
from bpkit.activations import Array
from bpkit.checks.check import by_hand, check
from bpkit.checks.parts import several
from bpkit.checks.task import Args, Slip, Task

Parameters = tuple[Array, float]
"""w (d,) and b."""


def _leaves(answer: Any) -> list[Any]:
    """The results one by one; more than there can be need not be looked at."""
    return list(islice(answer, 4))


# --------------------------------------------------------------------------- P-1 to P-5, one by one


@dataclass(frozen=True)
class _Rule:
    """How one example is treated: z of it, whether this is a mistake, and the step if it is one."""

    z: Callable[[Array, Array, float], float] = lambda x, w, b: float(x @ w + b)
    mistake: Callable[[float, float], bool] = lambda z, t: np.sign(z) != t
    step: Callable[[Array, float, float], tuple[Array, float]] = lambda x, t, eta: (
        eta * t * x,
        eta * t,
    )

    def update(self, w: Array, b: float, x: Array, t: float, eta: float) -> Parameters:
        if not self.mistake(self.z(x, w, b), t):
            return w, b
        dw, db = self.step(x, t, eta)
        return w + dw, b + db


_RULE = _Rule()
_WRONG_RULES = (
    ("M31", "P-5", _Rule(mistake=lambda z, t: True)),
    ("M32", "P-5", _Rule(step=lambda x, t, eta: (eta * x, eta))),
    ("M32", "P-5", _Rule(step=lambda x, t, eta: (eta * x, eta * t))),
    ("M32", "P-5", _Rule(step=lambda x, t, eta: (eta * t * x, eta))),
    ("M33", "P-5", _Rule(step=lambda x, t, eta: (eta * t * x, 0.0))),
    ("M34", "P-5", _Rule(step=lambda x, t, eta: (-eta * t * x, -eta * t))),
    ("M50", "P-2", _Rule(mistake=lambda z, t: z * t < 0)),
    ("M50", "P-2", _Rule(mistake=lambda z, t: (1 if z >= 0 else -1) != t)),
)
_ALL_WRONG_RULES = (
    *_WRONG_RULES,
    ("M50", "P-2", _Rule(mistake=lambda z, t: (1 if z > 0 else -1) != t)),
    ("M51", "P-1", _Rule(z=lambda x, w, b: float(x @ w))),
    ("M54", "P-5", _Rule(step=lambda x, t, eta: (t * x, t))),
    ("M54", "P-5", _Rule(step=lambda x, t, eta: (eta * t * x, t))),
    ("M54", "P-5", _Rule(step=lambda x, t, eta: (2 * eta * t * x, 2 * eta * t))),
)
"""The others differ from the right rule only where b is not 0, eta not 1, or an early t is -1."""


def _passed(X: Array, t: Array, rule: _Rule = _RULE) -> Array:
    """w and b after each example of one pass from zero with eta = 1, in rows (N, d + 1)."""
    w, b = np.zeros(X.shape[1]), 0.0
    rows = []
    for x_k, t_k in zip(X, t):
        w, b = rule.update(w, b, x_k, t_k, 1.0)
        rows.append([*w, b])
    return np.array(rows)


def _draw_first_passes(rng: np.random.Generator) -> list[Args]:
    """Like the notebook: example 1 starts on the boundary, 2 is right, and 3 is wrong."""
    return [_three_examples(rng) for _ in range(3)]


def _three_examples(rng: np.random.Generator) -> Args:
    X = np.column_stack([rng.permutation(4)[:3] + 1, rng.integers(1, 5, 3)])
    X = X * [[1], [-1], [1]] * rng.choice([-1, 1], 2)
    return {"X": X, "t": np.array([1, -1, -1])}


FIRST_PASS = Task(
    name="first_pass",
    equation="P-5",
    returns="first_pass",
    convention="one row (w_1, w_2, b) after each of the three examples",
    hint="Write down z and t of each example before you change anything.",
    right=lambda X, t: _passed(X, t),
    slips=tuple(
        Slip(code, equation, lambda X, t, rule=rule: _passed(X, t, rule))
        for code, equation, rule in _WRONG_RULES
    ),
    draw=_draw_first_passes,
)


def _draw_predictions(rng: np.random.Generator) -> list[Args]:
    return [_with_zeros(rng, N, d) for N, d in ((6, 2), (5, 3), (4, 4))]


def _with_zeros(rng: np.random.Generator, N: int, d: int) -> Args:
    """Whole numbers, and the last example exactly on the boundary.

    The bias decides at least one sign, and both signs occur.
    """
    while True:
        X, w = _whole(rng, (N, d)), _whole(rng, d)
        b = -float(X[-1] @ w)
        y, without_b = np.sign(X @ w + b), np.sign(X @ w)
        if b and {-1, 1} <= set(y) and (y * without_b < 0).any():
            return {"X": X, "w": w, "b": b}


def _whole(rng: np.random.Generator, shape: int | tuple[int, ...]) -> Array:
    """Whole numbers from -5 to 5 without 0, as floats."""
    return rng.integers(1, 6, shape) * rng.choice([-1.0, 1.0], shape)


def _one_of_each(
    rng: np.random.Generator, kinds: Sequence[Array], N: int, *arrays: Array
) -> list[Array]:
    """N rows of each array, in random order: one of each kind (a mask), and the first ones."""
    rows = rng.permutation([*(kind.argmax() for kind in kinds), *range(N - len(kinds))])
    return [array[rows] for array in arrays]


def _signs(z: Array, at_zero: float) -> Array:
    return np.where(z == 0, at_zero, np.sign(z))


PREDICT = Task(
    name="predict",
    equation="P-2",
    returns="y",
    convention="one entry -1, 0 or +1 per example",
    hint="Work the case in the text by hand: first z of every row, then its sign.",
    right=lambda X, w, b: reference.predict(X, w, b),
    slips=(
        Slip("M50", "P-2", lambda X, w, b: _signs(X @ w + b, 1)),
        Slip("M50", "P-2", lambda X, w, b: _signs(X @ w + b, -1)),
        Slip("M51", "P-1", lambda X, w, b: np.sign(X @ w)),
        Slip("M52", "P-2", lambda X, w, b: X @ w + b),
        Slip("M52", "P-2", lambda X, w, b: 1.0 * (X @ w + b > 0)),
        Slip("M52", "P-2", lambda X, w, b: 1.0 * (X @ w + b >= 0)),
    ),
    draw=_draw_predictions,
)


def _draw_updates(rng: np.random.Generator) -> list[Args]:
    """Wrong and right answers of both classes, the boundary, and answers that the bias decides."""
    return [
        _one_example(rng, lambda z, t, _: z * t < 0, t=1),
        _one_example(rng, lambda z, t, _: z * t < 0, t=-1),
        _one_example(rng, lambda z, t, _: z * t > 0, t=1),
        _one_example(rng, lambda z, t, _: z * t > 0, t=-1),
        _one_example(rng, lambda z, t, _: z == 0, t=1),
        _one_example(rng, lambda z, t, _: z == 0, t=-1),
        _one_example(rng, lambda z, t, z_without_b: (z * t < 0) & (z_without_b * t > 0)),
        _one_example(rng, lambda z, t, z_without_b: (z * t > 0) & (z_without_b * t < 0)),
    ]


def _one_example(
    rng: np.random.Generator, wanted: Callable[[Array, int, Array], Array], t: int = 0
) -> Args:
    """An example whose z and w x are as wanted, with a label of its own unless one is given."""
    t = t or int(rng.choice([-1, 1]))
    while True:
        d = int(rng.integers(2, 5))
        X, w, b = _whole(rng, (50, d)), _whole(rng, d), float(_whole(rng, 1)[0])
        fitting = X[wanted(X @ w + b, t, X @ w)]
        if len(fitting):
            return {"w": w, "b": b, "x": fitting[0], "t": t, "eta": float(rng.choice([0.25, 0.5]))}


PERCEPTRON_UPDATE = Task(
    name="perceptron_update",
    equation="P-5",
    returns="w and b",
    convention="w of the shape of x, b a number",
    hint="Work the case in the text by hand: is it a mistake, and if so, what is added to w and b?",
    right=_RULE.update,
    slips=tuple(Slip(code, equation, rule.update) for code, equation, rule in _ALL_WRONG_RULES),
    draw=_draw_updates,
    earlier={"predict": PREDICT.right},
    split=several("w", "b"),
    leaves=_leaves,
)

# ------------------------------------------------------------------------------- the algorithm

Fitted = tuple[Array, float, int]


def _algorithm(
    rule: _Rule = _RULE,
    *,
    counts: Callable[[float, float], bool] | None = None,
    at_once: bool = False,
    passes_at_most: int | None = None,
    stops_at_a_right_answer: bool = False,
    not_counted: int = 0,
) -> Callable[[Array, Array, float, int], Fitted]:
    """The algorithm with something exchanged for something wrong.

    Parameters
    ----------
    counts : what counts as a mistake where it is decided whether to stop; by default as in rule.
    at_once : judge all examples of a pass by the parameters at its start.
    not_counted : passes that are left out of the number that is handed back after convergence.
    """

    def perceptron_algorithm(X: Array, t: Array, eta: float, max_passes: int) -> Fitted:
        w, b = np.zeros(X.shape[1]), 0.0
        last = min(max_passes, passes_at_most or max_passes)
        for passes in range(1, last + 1):
            mistakes = 0
            w_judging, b_judging = w, b
            for x_k, t_k in zip(X, t):
                if not at_once:
                    w_judging, b_judging = w, b
                z = rule.z(x_k, w_judging, b_judging)
                mistakes += (counts or rule.mistake)(z, t_k)
                if rule.mistake(z, t_k):
                    dw, db = rule.step(x_k, t_k, eta)
                    w, b = w + dw, b + db
                elif stops_at_a_right_answer:
                    return w, b, passes
            if mistakes == 0:
                return w, b, passes - not_counted
        return w, b, last

    return perceptron_algorithm


def _fit(X: Array, t: Array, eta: float, max_passes: int) -> Fitted:
    fit = reference.perceptron(X, t, eta, max_passes)
    return fit.w, fit.b, fit.epochs


def _draw_data_sets(rng: np.random.Generator) -> list[Args]:
    """Two data sets that can be separated, and one that cannot."""
    return [_learnable(rng, 8, 2), _learnable(rng, 7, 3), _contradictory(rng, 6, 2)]


def _learnable(rng: np.random.Generator, N: int, d: int) -> Args:
    """Separated in three passes or more; what is done with z = 0, and b in z, matter in the end."""
    rules = [_RULE, *(rule for code, _, rule in _ALL_WRONG_RULES if code in ("M50", "M51"))]
    while True:
        X, w, b = _whole(rng, (N, d)), _whole(rng, d), float(_whole(rng, 1)[0])
        t = np.sign(X @ w + b)
        if set(t) != {-1, 1}:
            continue
        args = X, t, _eta(rng), 30
        _, b, passes = _fit(*args)
        if not b or not 3 <= passes < 30:
            continue
        ends = {(*w, b, passes) for w, b, passes in (_algorithm(rule)(*args) for rule in rules)}
        if len(ends) == len(rules):
            return dict(zip(("X", "t", "eta", "max_passes"), args))


def _contradictory(rng: np.random.Generator, N: int, d: int) -> Args:
    """The last example is the first one once more, with the other label."""
    while True:
        X, t = _whole(rng, (N, d)), rng.choice([-1.0, 1.0], N)
        X[-1], t[-1] = X[0], -t[0]
        args = X, t, _eta(rng), 4
        w, b, _ = _fit(*args)
        if b and w.any():
            return dict(zip(("X", "t", "eta", "max_passes"), args))


def _eta(rng: np.random.Generator) -> float:
    return float(rng.choice([0.25, 0.5, 2.0]))


PERCEPTRON_ALGORITHM = Task(
    name="perceptron_algorithm",
    equation="perceptron",
    returns="w, b and passes",
    convention="w (d,), b a number, passes a number that counts the last, clean pass too",
    hint="Work the case in the text by hand, and print w, b and z of every example beside it.",
    right=_fit,
    slips=(
        *(Slip(code, equation, _algorithm(rule)) for code, equation, rule in _ALL_WRONG_RULES),
        Slip(
            "M31",
            "P-5",
            _algorithm(replace(_RULE, mistake=lambda z, t: True), counts=_RULE.mistake),
        ),
        Slip("M55", "perceptron", _algorithm(passes_at_most=1)),
        Slip("M55", "perceptron", _algorithm(stops_at_a_right_answer=True)),
        Slip("M56", "perceptron", _algorithm(at_once=True)),
        Slip("M57", "perceptron", _algorithm(not_counted=1)),
    ),
    draw=_draw_data_sets,
    earlier={"predict": PREDICT.right, "perceptron_update": PERCEPTRON_UPDATE.right},
    split=several("w", "b", "passes"),
    leaves=_leaves,
)

# ------------------------------------------------------------------------------- the two hinges


def _pulled(pull: Array, X: Array, number: float | None = None) -> Parameters:
    """The sum of pull_n x_n and of pull_n, divided by the number of examples, or by another."""
    number = number or len(X)
    return pull @ X / number, float(pull.sum() / number)


def _zt(X: Array, t: Array, w: Array, b: float) -> Array:
    return (X @ w + b) * t


def _draw_criteria(rng: np.random.Generator) -> list[Args]:
    """Of every kind of answer one, for both hinges; and one mistake alone."""
    alone = _one_example(rng, lambda z, t, _: z * t < 0)
    return [
        _all_kinds(rng, 8, 2),
        _all_kinds(rng, 7, 3),
        {"X": alone["x"][None], "t": np.array([alone["t"]]), "w": alone["w"], "b": alone["b"]},
    ]


def _all_kinds(rng: np.random.Generator, N: int, d: int) -> Args:
    """Halves: wrong answers for both labels, on the boundary, right by less than 1, right by more.

    Of the wrong ones, the bias decides at least one. Neither gradient is 0.
    """
    while True:
        X, t = _whole(rng, (100, d)), rng.choice([-1.0, 1.0], 100)
        w, b = _whole(rng, d) / 2, float(_whole(rng, 1)[0]) / 2
        zt = _zt(X, t, w, b)
        kinds = [
            *((zt < 0) & (t == label) for label in (-1, 1)),
            *(zt == 0, (zt > 0) & (zt < 1), zt > 1),
            (zt < 0) & (zt - b * t > 0),
        ]
        if not all(kind.any() for kind in kinds):
            continue
        X, t = _one_of_each(rng, kinds, N, X, t)
        dw, db = reference.hinge_subgradient(w, b, X, t)
        if dw.any() and db:
            return {"X": X, "t": t, "w": w, "b": b}


CRITERION_GRADIENT = Task(
    name="criterion_gradient",
    equation="P-11",
    returns="dw and db",
    convention="dw of the shape of w, db a number, means over the examples",
    hint="Work the case in the text by hand: which examples pull, which way, and what is the mean?",
    right=lambda X, t, w, b: reference.hinge_subgradient(w, b, X, t),
    slips=(
        Slip("M13", "P-13", lambda X, t, w, b: _pulled(-t * (_zt(X, t, w, b) < 0), X, 1)),
        Slip("M14", "P-11", lambda X, t, w, b: (reference.hinge_subgradient(w, b, X, t)[0], 0.0)),
        Slip("M31", "P-11", lambda X, t, w, b: _pulled(-t, X)),
        Slip("M32", "P-11", lambda X, t, w, b: _pulled(-1.0 * (_zt(X, t, w, b) < 0), X)),
        Slip("M32", "P-11", lambda X, t, w, b: _pulled(-t * (X @ w + b < 0), X)),
        Slip("M34", "P-11", lambda X, t, w, b: _pulled(t * (_zt(X, t, w, b) < 0), X)),
        Slip("M37", "P-11", lambda X, t, w, b: reference.hinge_subgradient(w, b, X, t, margin=1.0)),
        Slip("M51", "P-1", lambda X, t, w, b: _pulled(-t * (_zt(X, t, w, 0.0) < 0), X)),
        Slip("M53", "P-11", lambda X, t, w, b: _pulled(-t * (_zt(X, t, w, b) <= 0), X)),
        Slip(
            "M59",
            "P-13",
            lambda X, t, w, b: _pulled(
                -t * (_zt(X, t, w, b) < 0), X, (_zt(X, t, w, b) < 0).sum() or 1
            ),
        ),
    ),
    draw=_draw_criteria,
    earlier={"predict": PREDICT.right},
    split=several("dw", "db"),
    leaves=_leaves,
)


def _draw_slides(rng: np.random.Generator) -> list[Args]:
    """Like the notebook."""
    return [_slide(rng) for _ in range(3)]


def _slide(rng: np.random.Generator) -> Args:
    w, x = rng.integers(1, 6, (2, 2))
    return {"w": w, "x": x, "t": int(rng.choice([-1, 1]))}


B_OF_DIFFERENCE = Task(
    name="b_of_difference",
    equation="P-12",
    returns="b_of_difference",
    convention="one number",
    hint="Say both conditions in words. For which z are they not the same?",
    right=lambda w, x, t: -float(w @ x),
    slips=(
        Slip("M58", "P-12", lambda w, x, t: float(w @ x)),
        Slip("M37", "P-12", lambda w, x, t: float(t - w @ x)),
    ),
    draw=_draw_slides,
)


def _draw_hinges(rng: np.random.Generator) -> list[Args]:
    """Signed costs of every kind: wrong, on the boundary, right within the margin and beyond."""
    return [_answers_of_all_kinds(rng, N) for N in (7, 5)]


def _answers_of_all_kinds(rng: np.random.Generator, N: int) -> Args:
    zt = rng.normal(0, 2, N)
    zt[:4] = -rng.uniform(0.5, 3), 0.0, rng.uniform(0.2, 0.8), rng.uniform(1.2, 3)
    t = rng.choice([-1.0, 1.0], N)
    t[[0, 3]] = 1, -1
    return {"z": zt * t, "t": t}


HINGE_LOSS = Task(
    name="hinge_loss",
    equation="P-14",
    returns="H",
    convention="one cost per example, no mean taken",
    hint="Work the four answers in the text by hand. From which z t on should the cost be 0?",
    right=lambda z, t: reference.hinge(z, t, margin=1.0),
    slips=(
        Slip("M32", "P-14", lambda z, t: np.maximum(0, 1 - z)),
        Slip("M37", "P-14", lambda z, t: np.maximum(0, -z * t)),
    ),
    draw=_draw_hinges,
)

# ------------------------------------------------------------------------------ the nearest mean


def _draw_classes(rng: np.random.Generator) -> list[Args]:
    """Classes of different sizes; d is the size of neither."""
    return [_classes(rng, N_1, N_2, d) for N_1, N_2, d in ((5, 4, 2), (4, 7, 3), (1, 2, 4))]


def _classes(rng: np.random.Generator, N_1: int, N_2: int, d: int) -> Args:
    t = rng.permutation([1.0] * N_1 + [-1.0] * N_2)
    return {"X": rng.normal(size=(N_1 + N_2, d)) + 1, "t": t}


CLASS_MEANS = Task(
    name="class_means",
    equation="P-15",
    returns="mu_1 and mu_2",
    convention="each (d,), mu_1 of the class t = +1",
    hint="Work the case in the text by hand: which rows belong to mu_1, and how many are they?",
    right=lambda X, t: reference.class_means(X, t),
    slips=(
        Slip("M35", "P-15", lambda X, t: reference.class_means(X, -t)),
        Slip("M59", "P-15", lambda X, t: tuple(X[t == k].sum(axis=0) / len(t) for k in (1, -1))),
    ),
    draw=_draw_classes,
    split=several("mu_1", "mu_2"),
    leaves=_leaves,
)


def _draw_means(rng: np.random.Generator) -> list[Args]:
    return [_with_a_tie(rng, N, d) for N, d in ((7, 2), (5, 3), (6, 4))]


def _with_a_tie(rng: np.random.Generator, N: int, d: int) -> Args:
    """Whole numbers; an example is as far from one mean as from the other.

    Both means have examples near them, and the lengths of the means decide about one.
    """
    while True:
        X, mu_1, mu_2 = _whole(rng, (100, d)), _whole(rng, d), _whole(rng, d)
        y = reference.nearest_mean(X, mu_1, mu_2)
        kinds = [y == 0, y > 0, y < 0, y * np.sign(X @ (mu_1 - mu_2)) < 0]
        if all(kind.any() for kind in kinds):
            return {"X": _one_of_each(rng, kinds, N, X)[0], "mu_1": mu_1, "mu_2": mu_2}


def _nearer(X: Array, mu_1: Array, mu_2: Array) -> Array:
    return ((X - mu_2) ** 2).sum(axis=1) - ((X - mu_1) ** 2).sum(axis=1)


NEAREST_MEAN = Task(
    name="nearest_mean",
    equation="P-16",
    returns="y",
    convention="one entry -1, 0 or +1 per example",
    hint="Work the case in the text by hand: both squared distances first, then their difference.",
    right=lambda X, mu_1, mu_2: reference.nearest_mean(X, mu_1, mu_2),
    slips=(
        Slip("M35", "P-16", lambda X, mu_1, mu_2: reference.nearest_mean(X, mu_2, mu_1)),
        Slip("M50", "P-2", lambda X, mu_1, mu_2: _signs(_nearer(X, mu_1, mu_2), 1)),
        Slip("M50", "P-2", lambda X, mu_1, mu_2: _signs(_nearer(X, mu_1, mu_2), -1)),
        Slip("M51", "P-16", lambda X, mu_1, mu_2: np.sign(X @ mu_1 - X @ mu_2)),
        Slip("M52", "P-2", _nearer),
        Slip("M52", "P-2", lambda X, mu_1, mu_2: 1.0 * (_nearer(X, mu_1, mu_2) > 0)),
    ),
    draw=_draw_means,
)


def _draw_mean_pairs(rng: np.random.Generator) -> list[Args]:
    return [_mean_pair(rng, d) for d in (2, 3, 5)]


def _mean_pair(rng: np.random.Generator, d: int) -> Args:
    """Two means whose lengths differ enough that a float32 difference keeps its digits."""
    while True:
        mu_1, mu_2 = rng.normal(1, 0.7, d), rng.normal(-0.5, 0.7, d)
        if abs(mu_1 @ mu_1 - mu_2 @ mu_2) > 1:
            return {"mu_1": mu_1, "mu_2": mu_2}


def _line(w_times: float = 1, b_times: float = 1) -> Callable[[Array, Array], Parameters]:
    """The linear form with w and b multiplied by something."""

    def nearest_mean_line(mu_1: Array, mu_2: Array) -> Parameters:
        w, b = reference.nearest_mean_as_linear(mu_1, mu_2)
        return w_times * w, b_times * b

    return nearest_mean_line


NEAREST_MEAN_LINE = Task(
    name="nearest_mean_line",
    equation="P-17",
    returns="w and b",
    convention="w of the shape of the means, b a number, with their scale",
    hint="Multiply both squares out on paper, and work the case in the text by hand.",
    right=_line(),
    slips=(
        Slip("M35", "P-17", _line(-1, -1)),
        Slip("M35", "P-17", _line(w_times=-1)),
        Slip("M36", "P-17", _line(b_times=0.5)),
        Slip("M36", "P-17", _line(w_times=0.5)),
        Slip("M36", "P-17", _line(0.5, 0.5)),
        Slip("M51", "P-17", _line(b_times=0)),
        Slip("M58", "P-17", _line(b_times=-1)),
    ),
    draw=_draw_mean_pairs,
    split=several("w", "b"),
    leaves=_leaves,
)

# ---------------------------------------------------------------------------------- Novikoff


def _draw_separated(rng: np.random.Generator) -> list[Args]:
    return [_separated(rng, N, d) for N, d in ((6, 2), (8, 3), (5, 4))]


def _separated(rng: np.random.Generator, N: int, d: int) -> Args:
    """Both classes, and nobody so near the boundary that rounding to float32 would matter."""
    while True:
        X, w, b = rng.normal(size=(N, d)), rng.normal(size=d), round(rng.uniform(0.5, 2), 2)
        z = X @ w + b
        if abs(z).min() > 0.3 and z.min() < 0 < z.max():
            return {"X": X, "t": np.sign(z), "w": w, "b": b}


def _bound_without_bias(X: Array, t: Array, w: Array, b: float, one: float, b_in_u: float) -> float:
    """The bound with |x|^2 + one for the longest example, and b left out of u where b_in_u is 0."""
    gamma = (t * (X @ w + b)).min() / np.sqrt(w @ w + b_in_u * b * b)
    return float(((X**2).sum(axis=1).max() + one) / gamma**2)


NOVIKOFF_BOUND = Task(
    name="novikoff_bound",
    equation="P-9",
    returns="bound",
    convention="one number",
    hint="Print R and gamma for the case in the text, and compare them with those worked by hand.",
    right=reference.novikoff_bound,
    slips=(
        Slip("M51", "P-9", lambda X, t, w, b: _bound_without_bias(X, t, w, b, 0, 1)),
        Slip("M51", "P-9", lambda X, t, w, b: _bound_without_bias(X, t, w, b, 1, 0)),
        Slip("M51", "P-9", lambda X, t, w, b: _bound_without_bias(X, t, w, b, 0, 0)),
    ),
    draw=_draw_separated,
    earlier={"predict": PREDICT.right},
)

PS1_BY_HAND = (FIRST_PASS, B_OF_DIFFERENCE)
PS1 = (
    FIRST_PASS,
    PREDICT,
    PERCEPTRON_UPDATE,
    PERCEPTRON_ALGORITHM,
    CRITERION_GRADIENT,
    CLASS_MEANS,
    NEAREST_MEAN,
    NEAREST_MEAN_LINE,
    B_OF_DIFFERENCE,
    HINGE_LOSS,
    NOVIKOFF_BOUND,
)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def first_pass(answer: Any, X: Array, t: Array) -> None:
    """P-5 by hand: (w_1, w_2, b) after each example of X (3, 2) with labels t (3,), from zero."""
    by_hand(FIRST_PASS, answer, {"X": X, "t": t})


def predict(function: Function, *, rounds: int = 1) -> None:
    """y = sign(w x + b): ``function(X, w, b)``, X (N, d), w (d,) -> (N,)."""
    check(PREDICT, function, rounds)


def perceptron_update(function: Function, *, rounds: int = 1) -> None:
    """P-5 for one example: ``function(w, b, x, t, eta)``, w and x (d,) -> w, b."""
    check(PERCEPTRON_UPDATE, function, rounds)


def perceptron_algorithm(function: Function, *, rounds: int = 1) -> None:
    """Passes until one is free of mistakes: ``function(X, t, eta, max_passes)`` -> w, b, passes.

    X is (N, d), t (N,); it starts from zero and makes at most max_passes passes.
    """
    check(PERCEPTRON_ALGORITHM, function, rounds)


def criterion_gradient(function: Function, *, rounds: int = 1) -> None:
    """P-11 and P-13: ``function(X, t, w, b)``, X (N, d), t (N,), w (d,) -> dw (d,), db."""
    check(CRITERION_GRADIENT, function, rounds)


def class_means(function: Function, *, rounds: int = 1) -> None:
    """P-15: ``function(X, t)``, X (N, d), t (N,) -> mu_1 (d,), mu_2 (d,)."""
    check(CLASS_MEANS, function, rounds)


def nearest_mean(function: Function, *, rounds: int = 1) -> None:
    """P-16: ``function(X, mu_1, mu_2)``, X (N, d), means (d,) -> (N,)."""
    check(NEAREST_MEAN, function, rounds)


def nearest_mean_line(function: Function, *, rounds: int = 1) -> None:
    """P-17: ``function(mu_1, mu_2)``, both (d,) -> w (d,), b."""
    check(NEAREST_MEAN_LINE, function, rounds)


def b_of_difference(answer: Any, w: Array, x: Array, t: int) -> None:
    """The b for which [-z t > 0] and [y != t] differ, by hand: w and x (2,)."""
    by_hand(B_OF_DIFFERENCE, answer, {"w": w, "x": x, "t": t})


def hinge_loss(function: Function, *, rounds: int = 1) -> None:
    """P-14: ``function(z, t)``, both (N,) -> (N,)."""
    check(HINGE_LOSS, function, rounds)


def novikoff_bound(function: Function, *, rounds: int = 1) -> None:
    """P-9: ``function(X, t, w, b)``, X (N, d), t (N,), w (d,) -> a number."""
    check(NOVIKOFF_BOUND, function, rounds)
