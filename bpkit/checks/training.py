"""The checks of problem set 5: XOR by hand, first weights, batches, rates, steps, decay, folds.

Equations are those of lecture 5, (T-2) to (T-19), with its letters: gamma is the learning rate,
alpha the momentum, lambda (``l2``) the strength of weight decay, whose penalty is lambda sum w^2.
A step is a pure function of arrays of any one shape: it returns new arrays.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.checks.check import by_hand, check
from bpkit.checks.parts import several
from bpkit.checks.task import Args, Slip, Task
from bpkit.datasets import xor
from bpkit.initializers import xavier_uniform
from bpkit.optimizers import SGD, AdaGrad, fixed_then_decreasing

Function = Callable[..., Any]
Gradient = Callable[[Array, Array], Array]


def _some(rng: np.random.Generator, low: float, high: float) -> float:
    """A number of two decimals, which a message can quote."""
    return round(rng.uniform(low, high), 2)


SHAPES = (4,), (3, 2), (1, 5)
"""Of the parameters that a step is tried on."""

# ------------------------------------------------------------------------------ XOR, with a pencil
# The numbers are such that a right result is exact with four decimals.

PAIRS = (("nor", "and"), ("and", "nor"), ("or", "nand"), ("nand", "or"), ("nor", "nand"))
"""What the two hidden neurons may compute; the lecture's own pair is ("or", "and")."""
GATES = {"or": (0, 1, 1, 1), "and": (0, 0, 0, 1), "nor": (1, 0, 0, 0), "nand": (1, 1, 1, 0)}
"""For the inputs (0, 0), (0, 1), (1, 0) and (1, 1)."""


def _draw_gates(rng: np.random.Generator) -> list[Args]:
    first, second = PAIRS[rng.integers(len(PAIRS))]
    return [{"h": np.stack([GATES[first], GATES[second]], axis=1)}]


def _right_xor_output(h: Array) -> Array:
    """The weights +1 or -1 that part the inputs, and minus the threshold half way between them."""
    fires = xor()[1] == 1
    for w in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        sums = h @ w
        if sums[fires].min() > sums[~fires].max():
            return np.array([*w, -(sums[fires].min() + sums[~fires].max()) / 2])
    raise ValueError("no weights +1 and -1 make XOR of these hidden neurons")


XOR_OUTPUT = Task(
    name="xor_output",
    equation="T-2",
    returns="xor_output",
    convention="the two weights and the bias",
    hint="Write the sum w_1 h_1 + w_2 h_2 into every row of the table: which sums must fire?",
    right=_right_xor_output,
    slips=(Slip("M80", "T-2", lambda h: _right_xor_output(h) * [1, 1, -1]),),
    draw=_draw_gates,
)


def _draw_online(rng: np.random.Generator) -> list[Args]:
    return [
        {
            "w_2": rng.choice([-3, -2, -1, 1, 2, 3], (2, 2), replace=False),
            "w_3": rng.choice([-3, -2, -1, 1, 2, 3], 2, replace=False),
            "a_2": rng.permutation([0.5, rng.choice([0.2, 0.8])]),
            "a_3": rng.choice([0.2, 0.5, 0.8]),
            "gamma": 10,
        }
    ]


def _online(*, output: float = 1, slope_3=None, slope_2=None, w_3=None, dw_2=None, sign: int = -1):
    """One online step of layer 2, for the input (1, 0) with label 1, some of it exchanged."""
    x = np.array([1, 0])
    slope = lambda a: a * (1 - a)
    slope_3, slope_2 = slope_3 or slope, slope_2 or slope
    dw_2 = dw_2 or (lambda delta_2, a_2: np.outer(delta_2, x))

    def step(w_2_now, w_3_now, a_2, a_3, gamma):
        delta_3 = output * (a_3 - 1) * slope_3(a_3)
        w = w_3(w_3_now, gamma * delta_3 * a_2) if w_3 else w_3_now
        delta_2 = w * delta_3 * slope_2(a_2)
        return w_2_now + sign * gamma * dw_2(delta_2, a_2)

    return step


ONLINE_WEIGHTS = Task(
    name="online_weights",
    equation="T-3",
    returns="online_weights",
    convention="the new w^2, one row for each hidden neuron",
    hint="Compare your delta^3, delta^2 and dC/dw^2 in turn with BP-1, BP-2 and BP-4.",
    right=_online(),
    slips=(
        Slip("M01", "BP-1", _online(slope_3=np.ones_like)),
        Slip("M03", "BP-1", _online(output=2)),
        Slip("M03", "BP-1", _online(output=0.5)),
        Slip("M07", "BP-2", _online(slope_2=np.ones_like)),
        Slip("M09", "BP-2", _online(w_3=lambda w_3, step: w_3 - step)),
        Slip("M12", "BP-4", _online(dw_2=lambda delta_2, a_2: np.outer([1, 0], delta_2))),
        Slip("M26", "BP-4", _online(dw_2=np.outer)),
        Slip("M81", "T-3", _online(sign=1)),
    ),
    draw=_draw_online,
)


def _draw_votes(rng: np.random.Generator) -> list[Args]:
    a, delta = np.zeros((4, 2), dtype=int), np.zeros(4, dtype=int)
    while not (delta @ a).all():
        a = rng.choice([2, 5, 8], (4, 2))
        delta = rng.permutation([1, 2, 3, 5]) * [1, -1, -1, 1]
    w = rng.choice([-2, -1, 1, 2], 2, replace=False)
    return [{"batch_w": w, "batch_a": a / 10, "batch_delta": delta / 20, "batch_gamma": 2}]


BATCH_WEIGHTS = Task(
    name="batch_weights",
    equation="T-4",
    returns="batch_weights",
    convention="the new w^3, one weight for each hidden neuron",
    hint="One row of the table is one example: which of its numbers make its vote on w^3?",
    right=lambda w, a, delta, gamma: w - gamma * (delta @ a) / len(delta),
    slips=(
        Slip("M13", "T-4", lambda w, a, delta, gamma: w - gamma * (delta @ a)),
        Slip("M81", "T-4", lambda w, a, delta, gamma: w + gamma * (delta @ a) / len(delta)),
    ),
    draw=_draw_votes,
)

# ----------------------------------------------------------------------------------- first weights


@dataclass(frozen=True)
class _Drawn:
    """Stands for a generator whose next draw from [0, 1) is known."""

    u: Array

    def uniform(self, low: float, high: float, shape: tuple[int, int]) -> Array:
        return low + (high - low) * self.u.reshape(shape)


def _right_xavier_weights(n_in: int, n_out: int, u: Array) -> Array:
    return xavier_uniform((n_out, n_in), _Drawn(u))  # type: ignore[arg-type]


def _draw_uniform(rng: np.random.Generator) -> list[Args]:
    few, some, many = (int(n) for n in rng.permutation([2, 3, 4]) + [0, 3, 6])
    return [
        {"n_in": n_in, "n_out": n_out, "u": rng.uniform(size=(n_out, n_in))}
        for n_in, n_out in ((few, some), (many, few), (some, some))
    ]


def _box(width: Callable[[int, int], float]) -> Function:
    """Weights from U(-epsilon, epsilon), with this for epsilon."""
    return lambda n_in, n_out, u: (2 * u - 1) * width(n_in, n_out)


XAVIER_WEIGHTS = Task(
    name="xavier_weights",
    equation="T-9",
    returns="w",
    convention="of the same shape as u",
    hint="Work the case in the text by hand: where do u = 0, u = 1/2 and u = 1 go?",
    right=_right_xavier_weights,
    slips=(
        Slip("M82", "T-9", lambda n_in, n_out, u: u * np.sqrt(6 / (n_in + n_out))),
        Slip("M82", "T-9", lambda n_in, n_out, u: (u - 1 / 2) * np.sqrt(6 / (n_in + n_out))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: 2 / (n_in + n_out))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: np.sqrt(2 / (n_in + n_out)))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: 6 / (n_in + n_out))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: np.sqrt(6) / (n_in + n_out))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: np.sqrt(6 / n_in))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: np.sqrt(3 / n_in))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: np.sqrt(6 / n_out))),
        Slip("M82", "T-9", _box(lambda n_in, n_out: np.sqrt(3 / n_out))),
    ),
    draw=_draw_uniform,
)

# ------------------------------------------------------------------------------------ mini-batches


@dataclass
class _Permutations:
    """A function ``permutation(n)``, every call a fresh one; a copy of it starts where it stands.

    Two are equal if they began alike: to call one is no change that a student could be blamed for.
    """

    seed: int
    rng: np.random.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def __call__(self, n: int) -> Array:
        return self.rng.permutation(n)


def _least_squares(X: Array, y: Array) -> Gradient:
    """The gradient of the mean of 1/2 (x theta - y)^2 over the examples in ``rows``."""
    return lambda theta, rows: X[rows].T @ (X[rows] @ theta - y[rows]) / len(rows)


def _draw_descents(rng: np.random.Generator) -> list[Args]:
    return [
        {
            "theta": rng.normal(size=3),
            "gradient": _least_squares(rng.normal(size=(N, 3)), rng.normal(0, 3, N)),
            "N": N,
            "batch_size": batch_size,
            "gamma": _some(rng, 0.1, 0.3),
            "epochs": epochs,
            "permutation": _Permutations(int(rng.integers(2**32))),
        }
        for N, batch_size, epochs in ((7, 3, 2), (4, 2, 2), (3, 1, 2), (5, 5, 2))
    ]


Orders = Callable[[Callable[[int], Array], int, int], Sequence[Array]]


def _fresh_orders(permutation: Callable[[int], Array], N: int, epochs: int) -> list[Array]:
    return [permutation(N) for _ in range(epochs)]


def _cut(order: Array, size: int) -> list[Array]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def _cut_full_batches_only(order: Array, size: int) -> list[Array]:
    return _cut(order[: len(order) // size * size], size)


def _descent(
    *,
    orders: Orders = _fresh_orders,
    cut=_cut,
    step=lambda gamma, gradient, rows: -gamma * gradient,
) -> Function:
    """Stochastic gradient descent, some of it exchanged. The permutations that it is handed stay
    as they are: it draws from a copy."""

    def descend(theta, gradient, N, batch_size, gamma, epochs, permutation):
        iterations = 0
        for order in orders(copy.deepcopy(permutation), N, epochs):
            for rows in cut(order, batch_size):
                theta = theta + step(gamma, gradient(theta, rows), rows)
                iterations += 1
        return theta, iterations

    return descend


def _redrawn_for_each_batch(theta, gradient, N, batch_size, gamma, epochs, permutation):
    permutation, iterations = copy.deepcopy(permutation), 0
    for _ in range(epochs):
        for _ in range(0, N, batch_size):
            theta = theta - gamma * gradient(theta, permutation(N)[:batch_size])
            iterations += 1
    return theta, iterations


SGD_TASK = Task(
    name="sgd",
    equation="T-10",
    returns="theta and iterations",
    convention="theta after the last epoch, and the number of its updates",
    hint="Work the case in the text by hand: print the rows and theta of every iteration.",
    right=_descent(),
    slips=(
        Slip("M22", "T-10", _descent(step=lambda gamma, g, rows: -gamma * g / len(rows))),
        Slip("M42", "T-10", _descent(orders=lambda draw, N, epochs: [draw(N)] * epochs)),
        Slip("M81", "T-10", _descent(step=lambda gamma, g, rows: gamma * g)),
        Slip("M84", "T-10", _descent(cut=_cut_full_batches_only)),
        Slip("M85", "T-10", _descent(orders=lambda draw, N, epochs: [np.arange(N)] * epochs)),
        Slip("M85", "T-10", _redrawn_for_each_batch),
    ),
    draw=_draw_descents,
    split=several("theta", "iterations"),
    leaves=list,
)

# ------------------------------------------------------------------------- a rate that decreases


def _draw_epochs(rng: np.random.Generator) -> list[Args]:
    """Epochs before, at and after E. A d of two decimals is not 1 / (E - 1): a slip would divide
    by 0 and not be named."""
    E, gamma, d = int(rng.choice([4, 7, 8])), _some(rng, 0.2, 0.9), _some(rng, 0.1, 0.9)
    return [
        {"epoch": epoch, "gamma": gamma, "d": d, "E": begin}
        for epoch, begin in ((1, E), (E - 1, E), (E, E), (E + 1, E), (E + 5, E), (1, 1), (5, 1))
    ]


def _hyperbola(since: Callable[[int, int], int]) -> Function:
    """The rate that has decreased for this many epochs."""
    return lambda epoch, gamma, d, E: gamma / (1 + d * since(epoch, E))


LEARNING_RATE = Task(
    name="learning_rate",
    equation="T-13",
    returns="the rate",
    convention="one number, for this epoch",
    hint="Work the case in the text by hand, for an epoch before E, for E, and for E + 1.",
    right=lambda epoch, gamma, d, E: fixed_then_decreasing(gamma, E, d)(epoch),
    slips=(
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: epoch - 1)),
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: epoch - E)),
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: epoch)),
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: epoch if epoch > E else 0)),
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: epoch - 1 if epoch > E else 0)),
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: max(0, epoch - E - 1))),
        Slip("M86", "T-13", _hyperbola(lambda epoch, E: max(0, epoch - E + 1))),
    ),
    draw=_draw_epochs,
)

# ---------------------------------------------------------------------------------- two momenta


def _draw_steps(velocity: str) -> Callable[[np.random.Generator], list[Args]]:
    """Instances of a step with momentum, whose velocity has this name."""
    return lambda rng: [
        {
            "theta": rng.normal(size=shape),
            velocity: rng.normal(size=shape),
            "gradient": rng.normal(0, 2, shape),
            "gamma": _some(rng, 0.2, 0.8),
            "alpha": _some(rng, 0.3, 0.7),
        }
        for shape in SHAPES
    ]


def _right_momentum(theta, step, gradient, gamma, alpha):
    move, n = SGD(gamma, alpha).step(gradient, -step, epoch=1)
    return theta + move, -n


def _momentum(next_step: Function) -> Function:
    """The step with momentum, with another rule for the next step."""

    def momentum(theta, step, gradient, gamma, alpha):
        step = next_step(step, gradient, gamma, alpha)
        return theta + step, step

    return momentum


def _momentum_backwards(theta, step, gradient, gamma, alpha):
    moved, step = _right_momentum(theta, step, gradient, gamma, alpha)
    return 2 * theta - moved, step


def _momentum_forgotten(theta, step, gradient, gamma, alpha):
    return _right_momentum(theta, step, gradient, gamma, alpha)[0], step


def _momentum_scaled_later(theta, step, gradient, gamma, alpha):
    step = alpha * step - gradient
    return theta + gamma * step, step


MOMENTUM_STEP = Task(
    name="momentum_step",
    equation="T-15",
    returns="theta and step",
    convention="both of the same shape as theta",
    hint="Work the case in the text by hand: first the new step, then the new theta.",
    right=_right_momentum,
    slips=(
        Slip("M38", "T-15", _momentum(lambda step, g, gamma, alpha: alpha * step + gamma * g)),
        Slip("M38", "T-15", _momentum(lambda step, g, gamma, alpha: -alpha * step - gamma * g)),
        Slip("M38", "T-15", _momentum_backwards),
        Slip("M39", "T-15", _momentum(lambda step, g, gamma, alpha: -gamma * g)),
        Slip("M39", "T-15", _momentum_forgotten),
        Slip(
            "M83",
            "T-15",
            _momentum(lambda step, g, gamma, alpha: alpha * step - (1 - alpha) * gamma * g),
        ),
        Slip("M83", "T-15", _momentum(lambda step, g, gamma, alpha: alpha * (step - gamma * g))),
        Slip("M83", "T-15", _momentum(lambda step, g, gamma, alpha: step - gamma * g)),
        Slip("M83", "T-15", _momentum_scaled_later),
    ),
    draw=_draw_steps("step"),
    split=several("theta", "step"),
    leaves=list,
)


def _right_nesterov(theta, n, gradient, gamma, alpha):
    move, n = SGD(gamma, alpha, nesterov=True).step(gradient, n, epoch=1)
    return theta + move, n


def _nesterov(next_n: Function | None = None, move: Function | None = None) -> Function:
    """Nesterov's step, with another rule for the next n, or for how theta moves."""
    next_n = next_n or (lambda n, g, gamma, alpha: alpha * n + gamma * g)
    move = move or (lambda n_before, n, alpha: alpha * n_before - (1 + alpha) * n)

    def nesterov(theta, n_before, gradient, gamma, alpha):
        n = next_n(n_before, gradient, gamma, alpha)
        return theta + move(n_before, n, alpha), n

    return nesterov


def _nesterov_forgotten(theta, n, gradient, gamma, alpha):
    return _right_nesterov(theta, n, gradient, gamma, alpha)[0], n


NESTEROV_STEP = Task(
    name="nesterov_step",
    equation="T-17",
    returns="theta and n",
    convention="both of the same shape as theta",
    hint="Keep the old n under a name of its own, and work the case in the text by hand.",
    right=_right_nesterov,
    slips=(
        Slip("M38", "T-17", _nesterov(lambda n, g, gamma, alpha: alpha * n - gamma * g)),
        Slip("M38", "T-17", _nesterov(move=lambda old, n, alpha: (1 + alpha) * n - alpha * old)),
        Slip("M39", "T-17", _nesterov(lambda n, g, gamma, alpha: gamma * g)),
        Slip("M39", "T-17", _nesterov_forgotten),
        Slip("M40", "T-17", _nesterov(move=lambda old, n, alpha: -n)),
        Slip("M83", "T-17", _nesterov(move=lambda old, n, alpha: alpha * n - (1 + alpha) * old)),
        Slip("M83", "T-17", _nesterov(move=lambda old, n, alpha: alpha * old - (1 - alpha) * n)),
        Slip("M83", "T-17", _nesterov(lambda n, g, gamma, alpha: alpha * n + (1 - alpha) * g)),
    ),
    draw=_draw_steps("n"),
    earlier={MOMENTUM_STEP.name: MOMENTUM_STEP.right},
    split=several("theta", "n"),
    leaves=list,
)

# ---------------------------------------------------------------------------------------- AdaGrad


def _draw_adagrad(rng: np.random.Generator) -> list[Args]:
    """A first step, one in between, and the first of a parameter with gradient 0.

    epsilon is large, so that a wrong place for it is seen.
    """
    instances: list[Args] = [
        {
            "theta": rng.normal(size=shape),
            "squares": np.zeros(shape) if first else rng.uniform(0.5, 4, shape),
            "gradient": rng.normal(0, 2, shape),
            "gamma": _some(rng, 0.2, 0.8),
            "epsilon": _some(rng, 0.1, 0.4),
        }
        for shape, first in zip(SHAPES, (True, False, False))
    ]
    asleep = rng.integers(5)
    for name in ("squares", "gradient"):
        instances[-1][name][0, asleep] = 0
    return instances


def _right_adagrad(theta, squares, gradient, gamma, epsilon):
    move, squares = AdaGrad(gamma, epsilon).step(gradient, squares, epoch=1)
    return theta + move, squares


def _adagrad(
    *,
    add: Function = lambda g: g**2,
    divisor: Function = lambda squares, epsilon: np.sqrt(squares) + epsilon,
    sign: int = -1,
) -> Function:
    """AdaGrad's step, with something else added up, or something else to divide by."""

    def adagrad(theta, squares, gradient, gamma, epsilon):
        squares = squares + add(gradient)
        return theta + sign * gamma * gradient / divisor(squares, epsilon), squares

    return adagrad


def _adagrad_a_step_late(theta, squares, gradient, gamma, epsilon):
    return theta - gamma * gradient / (np.sqrt(squares) + epsilon), squares + gradient**2


ADAGRAD_STEP = Task(
    name="adagrad_step",
    equation="T-14",
    returns="theta and squares",
    convention="both of the same shape as theta",
    hint="Work the case in the text by hand, one parameter at a time: its sum, its rate, its step.",
    right=_right_adagrad,
    slips=(
        Slip("M41", "T-14", _adagrad(add=lambda g: g)),
        Slip("M41", "T-14", _adagrad(add=abs)),
        Slip("M81", "T-14", _adagrad(sign=1)),
        Slip("M87", "T-14", _adagrad(divisor=lambda squares, epsilon: np.sqrt(squares))),
        Slip("M87", "T-14", _adagrad(divisor=lambda squares, epsilon: np.sqrt(squares + epsilon))),
        Slip("M88", "T-14", _adagrad(divisor=lambda squares, epsilon: squares + epsilon)),
        Slip("M88", "T-14", _adagrad(add=lambda g: (g**2).sum())),
        Slip("M88", "T-14", _adagrad_a_step_late),
    ),
    draw=_draw_adagrad,
    earlier=dict(NESTEROV_STEP.earlier),
    split=several("theta", "squares"),
    leaves=list,
)

# ------------------------------------------------------------------------ weight decay, and folds


def _draw_decay(rng: np.random.Generator) -> list[Args]:
    return [
        {
            "w": rng.normal(size=(m, n)),
            "b": rng.normal(size=m),
            "dw": rng.normal(size=(m, n)),
            "db": rng.normal(size=m),
            "gamma": _some(rng, 0.2, 0.8),
            "l2": _some(rng, 0.05, 0.3),
        }
        for m, n in ((3, 4), (3, 3), (4, 2))
    ]


def _decayed(factor: Function, *, decay_b: bool = False, sign: int = -1) -> Function:
    """A step of descent that adds ``factor(gamma, l2)`` w to the step, of the weights or of all."""

    def decayed(w, b, dw, db, gamma, l2):
        share = factor(gamma, l2)
        new_b = b + sign * gamma * db + (share * b if decay_b else 0)
        return w + sign * gamma * dw + share * w, new_b

    return decayed


DECAYED_STEP = Task(
    name="decayed_step",
    equation="T-19",
    returns="w and b",
    convention="shaped like w and b",
    hint="Work the case in the text by hand: by which share does w shrink before the step?",
    right=_decayed(lambda gamma, l2: -2 * gamma * l2),
    slips=(
        Slip("M17", "T-19", _decayed(lambda gamma, l2: 0)),
        Slip("M18", "T-19", _decayed(lambda gamma, l2: -gamma * l2)),
        Slip("M20", "T-19", _decayed(lambda gamma, l2: -2 * gamma * l2, decay_b=True)),
        Slip("M81", "T-19", _decayed(lambda gamma, l2: 2 * gamma * l2)),
        Slip("M81", "T-19", _decayed(lambda gamma, l2: 2 * gamma * l2, sign=1)),
        Slip("M81", "T-19", _decayed(lambda gamma, l2: -2 * gamma * l2, sign=1)),
    ),
    draw=_draw_decay,
    split=several("w", "b"),
    leaves=list,
)


def _ridge(X: Array, y: Array) -> Callable[[float, Array, Array], float]:
    """Fits a line to some rows, with weight decay, and gives its mean squared error on others."""

    def cost_on(l2: float, training_rows: Array, other_rows: Array) -> float:
        A, t = X[training_rows], y[training_rows]
        theta = np.linalg.solve(A.T @ A + l2 * len(A) * np.eye(X.shape[1]), A.T @ t)
        return float(((X[other_rows] @ theta - y[other_rows]) ** 2).mean())

    return cost_on


def _draw_folds(rng: np.random.Generator) -> list[Args]:
    instances: list[Args] = []
    for N, folds in ((8, 3), (6, 2)):
        X = rng.normal(size=(N, 3))
        instances.append(
            {
                "lambdas": [_some(rng, 0.01, 0.05), _some(rng, 0.1, 0.5), _some(rng, 1, 5)],
                "folds": np.array_split(rng.permutation(N), folds),
                "cost_on": _ridge(X, X @ rng.normal(size=3) + rng.normal(size=N)),
            }
        )
    return instances


def _validation(rows: Callable[[Array, Array], tuple[Array, Array]]) -> Function:
    """Cross-validation, with these rows to train on and to take the cost on."""

    def validate(lambdas, folds, cost_on):
        means = []
        for l2 in lambdas:
            costs = []
            for f, held_out in enumerate(folds):
                rest = np.concatenate([*folds[:f], *folds[f + 1 :]])
                costs.append(cost_on(l2, *rows(rest, held_out)))
            means.append(np.mean(costs))
        return np.array(means), lambdas[int(np.argmin(means))]

    return validate


BEST_LAMBDA = Task(
    name="best_lambda",
    equation="cross-validation",
    returns="means and best",
    convention="means has one entry for each lambda, best is one of the lambdas",
    hint="Work the case in the text by hand: which numbers make the first entry of means?",
    right=_validation(lambda rest, held_out: (rest, held_out)),
    slips=(
        Slip("M89", "cross-validation", _validation(lambda rest, held_out: (rest, rest))),
        Slip("M89", "cross-validation", _validation(lambda rest, held_out: (held_out, rest))),
        Slip(
            "M89",
            "cross-validation",
            _validation(lambda rest, held_out: (np.concatenate([held_out, rest]), held_out)),
        ),
        Slip("M89", "cross-validation", _validation(lambda rest, held_out: (held_out, held_out))),
    ),
    draw=_draw_folds,
    split=several("means", "best"),
    leaves=list,
)

# -------------------------------------------------------------------------------- the challenge


def _draw_walks(rng: np.random.Generator) -> list[Args]:
    return [
        {
            "theta": rng.normal(size=P),
            "gradient": _bowl(rng.uniform(0.5, 2, P), rng.normal(size=P)),
            "gamma": _some(rng, 0.1, 0.4),
            "alpha": _some(rng, 0.4, 0.8),
            "steps": steps,
        }
        for P, steps in ((2, 4), (3, 2))
    ]


def _bowl(curvatures: Array, lowest: Array) -> Callable[[Array], Array]:
    """The gradient of sum 1/2 curvature (theta - lowest)^2."""
    return lambda theta: curvatures * (theta - lowest)


def _right_look_ahead(theta, gradient, gamma, alpha, steps):
    path, n = [theta], np.zeros_like(theta)
    for _ in range(steps):
        theta, n = _right_nesterov(theta, n, gradient(theta), gamma, alpha)
        path.append(theta)
    return np.array(path)


def _look_ahead(next_v: Function) -> Function:
    """The look-ahead points of (T-16), with another rule for the velocity."""

    def look_ahead(theta, gradient, gamma, alpha, steps):
        phi, v, path = theta, np.zeros_like(theta), [theta]
        for _ in range(steps):
            v = next_v(phi, v, gradient, gamma, alpha)
            phi = phi + v
            path.append(phi + alpha * v)
        return np.array(path)

    return look_ahead


LOOK_AHEAD = Task(
    name="look_ahead",
    equation="T-16",
    returns="path",
    convention="a row for theta_0 and one for each step, a column for each parameter",
    hint="Compare the second row of path with the first step of your nesterov_step.",
    right=_right_look_ahead,
    slips=(
        Slip(
            "M38",
            "T-16",
            _look_ahead(lambda phi, v, g, gamma, alpha: alpha * v + gamma * g(phi + alpha * v)),
        ),
        Slip(
            "M39",
            "T-16",
            _look_ahead(lambda phi, v, g, gamma, alpha: -gamma * g(phi + alpha * v)),
        ),
        Slip(
            "M40", "T-16", _look_ahead(lambda phi, v, g, gamma, alpha: alpha * v - gamma * g(phi))
        ),
    ),
    draw=_draw_walks,
    earlier={**ADAGRAD_STEP.earlier, NESTEROV_STEP.name: NESTEROV_STEP.right},
)

PS5_BY_HAND = (XOR_OUTPUT, ONLINE_WEIGHTS, BATCH_WEIGHTS)
PS5 = (
    *PS5_BY_HAND,
    XAVIER_WEIGHTS,
    SGD_TASK,
    LEARNING_RATE,
    MOMENTUM_STEP,
    NESTEROV_STEP,
    ADAGRAD_STEP,
    DECAYED_STEP,
    BEST_LAMBDA,
    LOOK_AHEAD,
)

# ------------------------------------------------------------------------- what test cells call


def xor_output(answer: Any, h: Array) -> None:
    """The weights and the bias (w_1, w_2, b) that make XOR of hidden neurons h (4, 2) by (T-2)."""
    by_hand(XOR_OUTPUT, answer, {"h": h})


def online_weights(
    answer: Any, w_2: Array, w_3: Array, a_2: Array, a_3: float, gamma: float
) -> None:
    """The new w^2, (2, 2), after one online step (T-3) with the input (1, 0) and its label 1.

    w_3 and a_2 are (2,), a_3 is a number.
    """
    numbers = {"w_2": w_2, "w_3": w_3, "a_2": a_2, "a_3": a_3, "gamma": gamma}
    by_hand(ONLINE_WEIGHTS, answer, numbers)


def batch_weights(
    answer: Any, batch_w: Array, batch_a: Array, batch_delta: Array, batch_gamma: float
) -> None:
    """The new w^3, (2,), after one step of batch learning (T-4).

    batch_w is the old one, (2,); batch_a holds a^2, (4, 2), and batch_delta delta^3, (4,).
    """
    numbers: Mapping[str, Any] = {
        "batch_w": batch_w,
        "batch_a": batch_a,
        "batch_delta": batch_delta,
        "batch_gamma": batch_gamma,
    }
    by_hand(BATCH_WEIGHTS, answer, numbers)


def xavier_weights(function: Function, *, rounds: int = 1) -> None:
    """Weights from Xavier's box (T-9): ``function(n_in, n_out, u)`` -> w, both (n_out, n_in)."""
    check(XAVIER_WEIGHTS, function, rounds)


def sgd(function: Function, *, rounds: int = 1) -> None:
    """Stochastic gradient descent (T-10), with a fresh permutation in each epoch.

    ``function(theta, gradient, N, batch_size, gamma, epochs, permutation)`` -> theta, iterations.
    ``gradient(theta, rows)`` is that of the mean cost over those rows, ``permutation(N)`` orders
    the numbers from 0 to N - 1 anew in each call.
    """
    check(SGD_TASK, function, rounds)


def learning_rate(function: Function, *, rounds: int = 1) -> None:
    """The rate of (T-13), fixed and then decreasing: ``function(epoch, gamma, d, E)`` -> number."""
    check(LEARNING_RATE, function, rounds)


def momentum_step(function: Function, *, rounds: int = 1) -> None:
    """One step (T-15): ``function(theta, step, gradient, gamma, alpha)`` -> theta, step."""
    check(MOMENTUM_STEP, function, rounds)


def nesterov_step(function: Function, *, rounds: int = 1) -> None:
    """One step (T-17): ``function(theta, n, gradient, gamma, alpha)`` -> theta, n."""
    check(NESTEROV_STEP, function, rounds)


def adagrad_step(function: Function, *, rounds: int = 1) -> None:
    """One step (T-14): ``function(theta, squares, gradient, gamma, epsilon)`` -> theta, squares."""
    check(ADAGRAD_STEP, function, rounds)


def decayed_step(function: Function, *, rounds: int = 1) -> None:
    """One step of a layer with weight decay (T-19): ``function(w, b, dw, db, gamma, l2)`` -> w, b.

    The shapes are (d_l, d_{l-1}) for w and dw, (d_l,) for b and db.
    """
    check(DECAYED_STEP, function, rounds)


def best_lambda(function: Function, *, rounds: int = 1) -> None:
    """k-fold cross-validation: ``function(lambdas, folds, cost_on)`` -> means, best.

    ``folds`` is a list of arrays of row numbers; ``cost_on(l2, training_rows, other_rows)`` trains
    on the first rows and gives the cost on the second.
    """
    check(BEST_LAMBDA, function, rounds)


def look_ahead(function: Function, *, rounds: int = 1) -> None:
    """Nesterov's walk by (T-16): ``function(theta, gradient, gamma, alpha, steps)`` -> path.

    The path holds theta and the look-ahead point after each step, (steps + 1, P).
    """
    check(LOOK_AHEAD, function, rounds)
