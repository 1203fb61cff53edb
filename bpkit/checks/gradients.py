"""The checks of problem set 2: slopes measured by differences, and slopes by the chain rule.

Equations bear their numbers of lecture 2. Arguments may be functions: the costs whose slopes are to
be measured. Steps h are large here, so that every difference quotient has its own value, truncation
included; and parameters and steps are multiples of powers of 2, so that a parameter that is moved
and put back is what it was.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from math import prod
from typing import Any

import numpy as np

from bpkit.activations import ACTIVATIONS, Array
from bpkit.checks.check import by_hand, check
from bpkit.checks.parts import by_layer, several
from bpkit.checks.task import Args, Slip, Task

_sigma = ACTIVATIONS["sigmoid"]
_sigma_prime = _sigma.prime

# --------------------------------------------------------------------- two layers, with a pencil
# The neurons square: g(z) = z z, g'(z) = 2 z. The numbers are such that no two slips agree.


def two_layer_numbers(rng: np.random.Generator) -> Args:
    """x, w^2, w^3 and y of a network 1-1-1, drawn as the notebook draws them."""
    x, w2 = int(rng.choice([-2, 2])), int(rng.choice([-1, 1]))
    w3 = int(rng.choice([-3, -2, 2, 3]))
    error = int(rng.choice([-11, -10, -9, -7, -6, -5, 5, 6, 7, 9, 10, 11]))
    return {"x": x, "w2": w2, "w3": w3, "y": (w3 * (w2 * x) ** 2) ** 2 - error}


def _draw_two_layers(rng: np.random.Generator) -> list[Args]:
    return [two_layer_numbers(rng) for _ in range(4)]


def _upper_slope(
    *,
    cost=lambda a3, y: a3 - y,
    bend=lambda z3: 2 * z3,
    edge=lambda z2, a3: z2**2,
) -> Callable[..., float]:
    """The chain of three factors, some of them exchanged for wrong ones."""

    def slope(x, w2, w3, y):
        z2 = w2 * x
        z3 = w3 * z2**2
        return cost(z3**2, y) * bend(z3) * edge(z2, z3**2)

    return slope


def _lower_slope(
    *,
    cost=lambda a3, y: a3 - y,
    upper_bend=lambda z3: 2 * z3,
    weight=lambda w3: w3,
    lower_bend=lambda z2: 2 * z2,
    edge=lambda x: x,
) -> Callable[..., float]:
    """The chain of five factors, some of them exchanged for wrong ones."""

    def slope(x, w2, w3, y):
        z2 = w2 * x
        z3 = w3 * z2**2
        return cost(z3**2, y) * upper_bend(z3) * weight(w3) * lower_bend(z2) * edge(x)

    return slope


_one = lambda *_: 1

UPPER_SLOPE = Task(
    name="upper_slope",
    equation="C-18",
    returns="dC/dw^3",
    convention="a number",
    hint="Write z^2, a^2, z^3 and a^3 down first, then the factors of C-18 one by one.",
    right=_upper_slope(),
    slips=(
        Slip("M02", "C-18", _upper_slope(cost=lambda a3, y: y - a3)),
        Slip("M03", "C-18", _upper_slope(cost=lambda a3, y: 2 * (a3 - y))),
        Slip("M60", "C-18", _upper_slope(bend=_one)),
        Slip("M60", "C-18", _upper_slope(edge=_one)),
        Slip("M61", "C-18", _upper_slope(cost=_one)),
        Slip("M11", "C-18", _upper_slope(edge=lambda z2, a3: z2)),
        Slip("M26", "C-18", _upper_slope(edge=lambda z2, a3: a3)),
    ),
    draw=_draw_two_layers,
)

LOWER_SLOPE = Task(
    name="lower_slope",
    equation="C-19",
    returns="dC/dw^2",
    convention="a number",
    hint="Its first two factors are those of the upper slope. Which three are new?",
    right=_lower_slope(),
    slips=(
        Slip("M02", "C-19", _lower_slope(cost=lambda a3, y: y - a3)),
        Slip("M03", "C-19", _lower_slope(cost=lambda a3, y: 2 * (a3 - y))),
        Slip("M60", "C-19", _lower_slope(upper_bend=_one)),
        Slip("M60", "C-19", _lower_slope(weight=_one)),
        Slip("M60", "C-19", _lower_slope(lower_bend=_one)),
        Slip("M60", "C-19", _lower_slope(edge=_one)),
        Slip("M61", "C-19", _lower_slope(cost=_one)),
    ),
    draw=_draw_two_layers,
)

# --------------------------------------------------------------------------- measured slopes


def _cost(rng: np.random.Generator, P: int) -> tuple[Callable, Callable]:
    """A smooth cost of P parameters, real or complex, and its gradient."""
    A, phase = rng.normal(size=(4, P)), rng.uniform(0, 2 * np.pi, 4)
    c = rng.choice([-1, 1], 4) * rng.uniform(0.5, 1.5, 4)

    def f(theta):
        return c @ np.sin(A @ theta + phase)

    def gradient(theta):
        return (c * np.cos(A @ theta + phase)) @ A

    return f, gradient


def _parameters(rng: np.random.Generator, P: int) -> Array:
    return rng.integers(-(2**20), 2**20, P) / 2**19


def _draw_costs(rng: np.random.Generator) -> list[Args]:
    return [
        {"f": _cost(rng, P)[0], "theta": _parameters(rng, P), "h": h}
        for P, h in ((3, 0.25), (4, 0.125), (5, 0.0625))
    ]


def _moved(theta: Array, i: int, step: complex) -> Array:
    moved = np.array(theta, dtype=np.result_type(theta, type(step)))
    moved[i] += step
    return moved


def _each_slope(slope: Callable[..., float]) -> Callable[..., Array]:
    """``slope(f, theta, i, h)`` for every i."""
    return lambda f, theta, h: np.array([slope(f, theta, i, h) for i in range(len(theta))])


def _forward(f, theta, i, h):
    return (f(_moved(theta, i, h)) - f(theta)) / h


def _central(f, theta, i, h):
    return (f(_moved(theta, i, h)) - f(_moved(theta, i, -h))) / (2 * h)


def _imaginary(f, theta, i, h):
    return f(_moved(theta, i, 1j * h)).imag / h


def _alike(slope: Callable[..., float]) -> Callable[..., Array]:
    """One number in every place."""
    return lambda f, theta, h: np.full(len(theta), slope(f, theta, h))


def _not_put_back(step: float, slope: Callable[..., float]) -> Callable[..., Array]:
    """Each parameter is left ``step`` h away from where it was."""

    def slopes(f, theta, h):
        theta, found = theta.copy(), np.empty(len(theta))
        here = f(theta)
        for i in range(len(theta)):
            found[i] = slope(f, theta, i, h, here)
            theta[i] += step * h
        return found

    return slopes


_all_at_once = lambda f, theta, h: (f(theta + h) - f(theta)) / h
_all_to_both_sides = lambda f, theta, h: (f(theta + h) - f(theta - h)) / (2 * h)
_all_imaginary = lambda f, theta, h: f(theta + 1j * h).imag / h

ONE_SIDED_GRADIENT = Task(
    name="one_sided_gradient",
    equation="C-3",
    returns="slopes",
    convention="one for each parameter, with exactly the step h that is handed in",
    hint="Work the case in the text by hand: print theta + h e_i and f there, for each i.",
    right=_each_slope(_forward),
    slips=(
        Slip("M63", "C-3", _each_slope(lambda f, theta, i, h: h * _forward(f, theta, i, h))),
        Slip("M64", "C-3", _all_at_once),
        Slip("M64", "C-3", _alike(_all_at_once)),
        Slip("M30", "C-3", _not_put_back(1, lambda f, theta, i, h, here: _forward(f, theta, i, h))),
        Slip(
            "M30",
            "C-3",
            _not_put_back(1, lambda f, theta, i, h, here: (f(_moved(theta, i, h)) - here) / h),
        ),
    ),
    draw=_draw_costs,
)

TWO_SIDED_GRADIENT = Task(
    name="two_sided_gradient",
    equation="C-9",
    returns="slopes",
    convention="one for each parameter, with exactly the step h that is handed in",
    hint="Work the case in the text by hand: print both points and f at both, for each i.",
    right=_each_slope(_central),
    slips=(
        Slip("M28", "C-9", _each_slope(_forward)),
        Slip("M28", "C-9", _each_slope(lambda f, theta, i, h: _forward(f, theta, i, -h))),
        Slip("M29", "C-9", _each_slope(lambda f, theta, i, h: 2 * _central(f, theta, i, h))),
        Slip("M63", "C-9", _each_slope(lambda f, theta, i, h: 2 * h * _central(f, theta, i, h))),
        Slip("M64", "C-9", _all_to_both_sides),
        Slip("M64", "C-9", _alike(_all_to_both_sides)),
        Slip("M30", "C-9", _not_put_back(1, lambda f, theta, i, h, here: _central(f, theta, i, h))),
        Slip(
            "M30", "C-9", _not_put_back(-1, lambda f, theta, i, h, here: _central(f, theta, i, h))
        ),
    ),
    draw=_draw_costs,
    earlier={"one_sided_gradient": ONE_SIDED_GRADIENT.right},
)

COMPLEX_STEP_GRADIENT = Task(
    name="complex_step_gradient",
    equation="C-12",
    returns="slopes",
    convention="one real number for each parameter, with exactly the step h that is handed in",
    hint="Is theta complex before you add i h to an entry, and which part of f do you take?",
    right=_each_slope(_imaginary),
    slips=(
        Slip("M63", "C-12", _each_slope(lambda f, theta, i, h: h * _imaginary(f, theta, i, h))),
        Slip("M64", "C-12", _all_imaginary),
        Slip("M64", "C-12", _alike(_all_imaginary)),
    ),
    draw=_draw_costs,
    earlier={"two_sided_gradient": TWO_SIDED_GRADIENT.right},
)

# -------------------------------------------------------------------------- unrolling and rolling


def _layer_sizes(rng: np.random.Generator) -> list[list[int]]:
    one, two, three, four = (int(d) for d in rng.permutation([2, 3, 4, 5]))
    return [[one, two, three], [four, four, four], [two, one, four, three]]


def _layers(rng: np.random.Generator, sizes: Sequence[int]) -> tuple[list, list]:
    w = [rng.normal(size=(m, n)) for n, m in pairwise(sizes)]
    return [None, None, *w], [None, None, *(rng.normal(size=m) for m in sizes[1:])]


def _draw_layers(rng: np.random.Generator) -> list[Args]:
    return [dict(zip(("w", "b"), _layers(rng, sizes))) for sizes in _layer_sizes(rng)]


def _draw_rolled(rng: np.random.Generator) -> list[Args]:
    return [
        {"theta": rng.normal(size=sum(m * (n + 1) for n, m in pairwise(sizes))), "sizes": sizes}
        for sizes in _layer_sizes(rng)
    ]


def _layer_by_layer(w: list, b: list) -> list[tuple[Array, Array]]:
    return list(zip(w[2:], b[2:]))


def _unroll(w: list, b: list) -> Array:
    return np.concatenate([part.ravel() for pair in _layer_by_layer(w, b) for part in pair])


def _roll(theta: Array, sizes: Sequence[int], *, order: Any = "C", bias_first=False):
    w: list[Any] = [None, None]
    b: list[Any] = [None, None]
    start = 0
    for n, m in pairwise(sizes):
        weights, biases = theta[start : start + m * n], theta[start + m * n : start + m * (n + 1)]
        if bias_first:
            biases, weights = theta[start : start + m], theta[start + m : start + m * (n + 1)]
        w.append(weights.reshape((m, n), order=order))
        b.append(biases)
        start += m * (n + 1)
    return w, b


def _roll_all_weights_first(theta: Array, sizes: Sequence[int]) -> tuple[list, list]:
    pairs = list(pairwise(sizes))
    ends = np.cumsum([*(m * n for n, m in pairs), *(m for _, m in pairs)])[:-1]
    parts = np.split(theta, ends)
    w = [part.reshape(m, n) for part, (n, m) in zip(parts, pairs)]
    return [None, None, *w], [None, None, *parts[len(pairs) :]]


UNROLL = Task(
    name="unroll",
    equation="C-10",
    returns="theta",
    convention="layer after layer from layer 2 up, of each the rows of w, then b",
    hint="Unroll the case in the text: is its first row complete before its second begins?",
    right=_unroll,
    slips=(
        Slip("M65", "C-10", lambda w, b: _unroll([None if m is None else m.T for m in w], b)),
        Slip(
            "M65",
            "C-10",
            lambda w, b: np.concatenate(
                [part.ravel() for w_l, b_l in _layer_by_layer(w, b) for part in (b_l, w_l)]
            ),
        ),
        Slip("M65", "C-10", lambda w, b: np.concatenate([part.ravel() for part in w[2:] + b[2:]])),
        Slip(
            "M65",
            "C-10",
            lambda w, b: _unroll([None, None, *w[:1:-1]], [None, None, *b[:1:-1]]),
        ),
    ),
    draw=_draw_layers,
)

ROLL = Task(
    name="roll",
    equation="C-10",
    returns="w and b",
    convention="w[l] of shape (d_l, d_{l-1}), b[l] of shape (d_l,), None at 0 and 1",
    hint="Roll the vector in the text: where in theta does each part begin, and where does it end?",
    right=_roll,
    slips=(
        Slip("M65", "C-10", lambda theta, sizes: _roll(theta, sizes, order="F")),
        Slip("M65", "C-10", lambda theta, sizes: _roll(theta, sizes, bias_first=True)),
        Slip("M65", "C-10", _roll_all_weights_first),
    ),
    draw=_draw_rolled,
    earlier={"unroll": UNROLL.right},
    split=by_layer("w", "b"),
    leaves=lambda answer: [part for parts in answer for part in parts if part is not None],
)

# ----------------------------------------------------------------------- check once, then descend

THRESHOLD = 1e-6
"""Relative error above which a gradient is refused: right ones are far below, wrong ones above."""


def _draw_descents(rng: np.random.Generator) -> list[Args]:
    """Gradients that are right, doubled, wrong in one entry, and doubled where all is tiny."""
    return [
        _descent(rng, 3, 4, lambda g: g),
        _descent(rng, 4, 3, lambda g: 2 * g),
        _descent(rng, 5, 5, lambda g: g),
        _descent(rng, 4, 4, lambda g: np.where(g == abs(g).max(), -g, g)),
        _descent(rng, 3, 3, lambda g: 2 * g, unit=1e-8),
    ]


def _descent(rng: np.random.Generator, P: int, steps: int, spoil: Callable, unit=1.0) -> Args:
    while True:
        f, right_gradient = _cost(rng, P)
        theta = _parameters(rng, P)
        if abs(right_gradient(theta)).max() == right_gradient(theta).max() > 0.5:
            break
    return {
        "gradient": lambda theta: unit * spoil(right_gradient(theta)),
        "measure": lambda theta: unit * _each_slope(_central)(f, theta, 2.0**-17),
        "theta": theta,
        "eta": 0.125 / unit,
        "steps": steps,
    }


def _relative_error(g: Array, g_hat: Array) -> float:
    return float(np.linalg.norm(g - g_hat) / max(np.linalg.norm(g), np.linalg.norm(g_hat)))


def _checked_descent(
    *,
    refused=lambda g, g_hat: _relative_error(g, g_hat) > THRESHOLD,
    sign=-1,
    evaluations=lambda P, steps: 2 * P,
) -> Callable[..., tuple[Array, int]]:
    """Descent behind a check; ``evaluations(P, steps)`` of the cost if the gradient is followed."""

    def descent(gradient, measure, theta, eta, steps):
        P = len(theta)
        if refused(gradient(theta), measure(theta)):
            return theta, 2 * P
        for _ in range(steps):
            theta = theta + sign * eta * gradient(theta)
        return theta, evaluations(P, steps)

    return descent


_never = lambda g, g_hat: False

CHECKED_DESCENT = Task(
    name="checked_descent",
    equation="C-11",
    returns="theta and evaluations",
    convention="theta as it is in the end, and how often the cost was evaluated for measuring",
    hint="Say in words when measure is called, when the loop runs, and print both numbers.",
    right=_checked_descent(),
    slips=(
        Slip("M66", "C-11", _checked_descent(evaluations=lambda P, steps: 2 * P * steps)),
        Slip("M66", "C-11", _checked_descent(evaluations=lambda P, steps: 2 * P * (steps + 1))),
        Slip("M67", "C-11", _checked_descent(refused=_never)),
        Slip("M67", "C-11", _checked_descent(refused=_never, evaluations=lambda P, steps: 0)),
        Slip(
            "M67",
            "C-11",
            _checked_descent(refused=lambda g, g_hat: np.linalg.norm(g - g_hat) > THRESHOLD),
        ),
        Slip("M68", "C-2", _checked_descent(sign=1)),
    ),
    draw=_draw_descents,
    earlier={
        "one_sided_gradient": ONE_SIDED_GRADIENT.right,
        "two_sided_gradient": TWO_SIDED_GRADIENT.right,
    },
    split=several("theta", "evaluations"),
    leaves=list,
)

# ---------------------------------------------------------------------------- paths, and factoring


def _draw_slopes(rng: np.random.Generator) -> list[Args]:
    one, two, three = (int(d) for d in rng.permutation([2, 3, 4]))
    return [
        {"slopes": _local_slopes(rng, sizes)}
        for sizes in ([1, one, two, 1], [1, two, three, one, 1], [1, 3, 3, 3, 1], [1, three, 1])
    ]


def _local_slopes(rng: np.random.Generator, sizes: Sequence[int]) -> list[Array]:
    """Drawn anew where the paths cancel and little is left of their sum."""
    while True:
        slopes = [
            rng.choice([-1, 1], (m, n)) * rng.uniform(0.5, 1.5, (m, n)) for n, m in pairwise(sizes)
        ]
        all_paths = np.linalg.multi_dot([abs(D) for D in slopes[::-1]])
        if abs(np.linalg.multi_dot(slopes[::-1])) > 0.1 * all_paths:
            return slopes


def _along_each_path(slopes: list[Array]) -> list[list[float]]:
    """The slopes along every path, the last neuron of the highest layer in the last path."""
    neurons = product(*(range(len(D)) for D in slopes))
    return [[D[j, i] for D, i, j in zip(slopes, (0, *path), path)] for path in neurons]


def _sum_over_paths(
    *, along: Callable[[list[float]], float] = prod, paths: slice = slice(None)
) -> Callable[[list[Array]], tuple[float, int]]:
    def derivative(slopes):
        each = _along_each_path(slopes)
        return sum(along(path) for path in each[paths]), len(each) * (len(slopes) - 1)

    return derivative


def _turned(slopes: list[Array]) -> list[Array]:
    """Read with rows and columns exchanged, but for the first and the last.

    Raises
    ------
    IndexError : if that leads out of a matrix.
    """
    for D in slopes[1:-1]:
        if D.shape[0] != D.shape[1]:
            raise IndexError("out of bounds")
    return [slopes[0], *(D.T for D in slopes[1:-1]), slopes[-1]]


def _factored(
    *, last=lambda D: D[0], step=lambda D, back: D.T @ back
) -> Callable[[list[Array]], tuple[float, int]]:
    def derivative(slopes):
        back, multiplications = last(slopes[-1]), 0
        for D in slopes[-2::-1]:
            back, multiplications = step(D, back), multiplications + D.size
        return back.item(), multiplications

    return derivative


SUM_OVER_PATHS = Task(
    name="sum_over_paths",
    equation="C-14",
    returns="dz/dtheta and multiplications",
    convention="two numbers: the derivative, and how many products of two slopes were taken",
    hint="List the paths of the case in the text: what is multiplied along each, and how often?",
    right=_sum_over_paths(),
    slips=(
        Slip("M62", "C-14", _sum_over_paths(along=sum)),
        Slip("M27", "C-14", _sum_over_paths(paths=slice(-1, None))),
        Slip("M27", "C-14", _sum_over_paths(paths=slice(0, 1))),
        Slip("M60", "C-14", _sum_over_paths(along=lambda path: prod(path[1:]))),
        Slip("M60", "C-14", _sum_over_paths(along=lambda path: prod(path[:-1]))),
        Slip("M08", "C-14", lambda slopes: _sum_over_paths()(_turned(slopes))),
    ),
    draw=_draw_slopes,
    split=several("dz/dtheta", "multiplications"),
    leaves=list,
)

FACTORED = Task(
    name="factored",
    equation="C-16",
    returns="dz/dtheta and multiplications",
    convention="two numbers: the derivative, and how many products, counted from the output down",
    hint="Start at the output. Which matrix is only copied, and which are multiplied with?",
    right=_factored(),
    slips=(
        Slip("M60", "C-16", _factored(last=lambda D: np.ones(D.size))),
        Slip("M27", "C-16", _factored(step=lambda D, back: D[-1] * back[-1])),
        Slip("M08", "C-16", lambda slopes: _factored()(_turned(slopes))),
    ),
    draw=_draw_slopes,
    earlier={"sum_over_paths": SUM_OVER_PATHS.right},
    split=several("dz/dtheta", "multiplications"),
    leaves=list,
)

# ------------------------------------------------------------------ one edge at a time, 3-3-1


def _small_network(rng: np.random.Generator) -> Args:
    """w, b, x and y, with an output that is neither right nor saturated."""
    while True:
        w, b = _layers(rng, [3, 3, 1])
        x = rng.choice([-1, 1], 3) * rng.uniform(0.5, 1.5, 3).round(2)
        y = round(rng.uniform(0.05, 0.95), 2)
        a3 = _sigma(w[3] @ _sigma(w[2] @ x + b[2]) + b[3]).item()
        if 0.1 < a3 < 0.9 and abs(a3 - y) > 0.1:
            return {"w": w, "b": b, "x": x, "y": y}


def _draw_edges(rng: np.random.Generator) -> list[Args]:
    numbers, up = [int(n) for n in rng.permutation(3)], int(rng.integers(1, 3))
    edges = [(3, 0, up), (2, *numbers[:2]), (2, *numbers[1:]), (3, 0, 0)]
    return [{**_small_network(rng), **dict(zip(("l", "j", "k"), edge))} for edge in edges]


def _edge_gradient(
    *,
    cost=lambda a3, y: a3 - y,
    slope=_sigma_prime,
    upper=None,
    lower=None,
    weight=lambda w3_j: w3_j,
    start3=lambda z2, a2, a3, j, k: a2[k],
    start2=lambda x, a2, j, k: x[k],
    turn=False,
) -> Callable[..., float]:
    """The chains C-23 and C-24, some of their factors exchanged for wrong ones."""
    upper, lower = upper or slope, lower or slope

    def gradient(w, b, x, y, l, j, k):
        z2 = w[2] @ x + b[2]
        a2 = _sigma(z2)
        z3 = w[3] @ a2 + b[3]
        a3 = _sigma(z3)
        if turn:
            j, k = k, j
        from_above = (cost(a3, y) * upper(z3)).item()
        if l == 3:
            return from_above * float(start3(z2, a2, a3[0], j, k))
        return from_above * float(weight(w[3][0, j]) * lower(z2)[j] * start2(x, a2, j, k))

    return gradient


_flat = lambda z: np.ones_like(z)

EDGE_GRADIENT = Task(
    name="edge_gradient",
    equation="C-23, C-24",
    returns="dC/dw^l_jk",
    convention="a number: the product of three factors for l = 3, of five for l = 2",
    hint="Draw the path from this one edge to the cost, and print the factor of each arrow.",
    right=_edge_gradient(),
    slips=(
        Slip("M02", "C-23", _edge_gradient(cost=lambda a3, y: y - a3)),
        Slip("M03", "C-23", _edge_gradient(cost=lambda a3, y: 2 * (a3 - y))),
        Slip("M61", "C-23", _edge_gradient(cost=lambda a3, y: np.ones_like(a3))),
        Slip("M60", "C-23", _edge_gradient(upper=_flat)),
        Slip("M60", "C-24", _edge_gradient(lower=_flat)),
        Slip("M60", "C-23", _edge_gradient(slope=_flat)),
        Slip("M60", "C-24", _edge_gradient(weight=_one)),
        Slip("M04", "C-23", _edge_gradient(slope=lambda z: _sigma_prime(_sigma(z)))),
        Slip("M10", "C-23", _edge_gradient(slope=_sigma)),
        Slip("M11", "C-23", _edge_gradient(start3=lambda z2, a2, a3, j, k: z2[k])),
        Slip("M26", "C-23", _edge_gradient(start3=lambda z2, a2, a3, j, k: a3)),
        Slip(
            "M26",
            "C-23",
            _edge_gradient(start3=lambda z2, a2, a3, j, k: a3, start2=lambda x, a2, j, k: a2[j]),
        ),
        Slip("M12", "C-23", _edge_gradient(turn=True)),
    ),
    draw=_draw_edges,
)


def _a3(w: list, b: list, x: Array) -> float:
    return _sigma(w[3] @ _sigma(w[2] @ x + b[2]) + b[3]).item()


REPAIRED_LINE = Task(
    name="repaired_line",
    equation="C-23",
    returns="the right-hand side",
    convention="a number: what the wrong line of the slide should say",
    hint="Test each line alone: nudge what stands below the fraction line, and see what follows.",
    right=lambda w, b, x, y: _sigma(w[2] @ x + b[2])[0],
    slips=(
        Slip("M11", "C-23", lambda w, b, x, y: (w[2] @ x + b[2])[0]),
        Slip("M02", "C-23", lambda w, b, x, y: y - _a3(w, b, x)),
        Slip("M03", "C-23", lambda w, b, x, y: 2 * (_a3(w, b, x) - y)),
        Slip("M04", "C-23", lambda w, b, x, y: _sigma_prime(np.array(_a3(w, b, x)))),
    ),
    draw=lambda rng: [_small_network(rng) for _ in range(3)],
    earlier={"edge_gradient": EDGE_GRADIENT.right},
)

# ---------------------------------------------------------------------- a tensor that nobody builds


def _draw_layer(rng: np.random.Generator) -> list[Args]:
    one, two, three = (int(d) for d in rng.permutation([2, 3, 4]))
    return [
        {"a": rng.uniform(0.1, 0.9, d_below), "d": d}
        for d_below, d in ((one, two), (two, one), (three, three))
    ]


def _weight_tensor(entry: Callable[[Array, int, int, int], float]) -> Callable[[Array, int], Array]:
    def tensor(a, d):
        filled = np.zeros((d, d, len(a)))
        for i, j, k in np.ndindex(filled.shape):
            filled[i, j, k] = entry(a, i, j, k)
        return filled

    return tensor


WEIGHT_TENSOR = Task(
    name="weight_tensor",
    equation="C-20",
    returns="tensor",
    convention="dz_i/dw_jk at [i, j, k]",
    hint="Write out z_1 of a small layer: which weights stand in it, each with which factor?",
    right=_weight_tensor(lambda a, i, j, k: (i == j) * a[k]),
    slips=(
        Slip("M69", "C-20", _weight_tensor(lambda a, i, j, k: a[k])),
        Slip("M12", "C-20", _weight_tensor(lambda a, i, j, k: (i == k) * a[j])),
    ),
    draw=_draw_layer,
)

# ------------------------------------------------------------------------------------ seven neurons

EDGES = ((1, 3), (2, 3), (2, 4), (3, 5), (3, 6), (4, 6), (5, 7), (6, 7))
"""From i to j, in the order of w. Neurons 1 and 2 are inputs, 7 is the linear output."""


def _seven_instance(rng: np.random.Generator, mistake: bool) -> Args:
    """w, x, z and t, with hidden neurons on the curved part of tanh."""
    while True:
        w = rng.choice([-1, 1], 8) * rng.uniform(0.5, 2, 8)
        x = rng.choice([-1, 1], 2) * rng.uniform(0.5, 1.5, 2)
        z = _seven_forward()(w, x)
        if (abs(z) > 0.2).all() and (abs(z[:4]) < 1.5).all():
            t = -np.sign(z[4]) if mistake else np.sign(z[4])
            return {"w": w, "x": x, "z": z, "t": int(t)}


def _draw_seven_forward(rng: np.random.Generator) -> list[Args]:
    drawn = [_seven_instance(rng, mistake=True) for _ in range(3)]
    return [{"w": args["w"], "x": args["x"]} for args in drawn]


def _draw_seven_backward(rng: np.random.Generator) -> list[Args]:
    """Mistakes with either target, and one right answer, all of whose slopes are zero."""
    return [_seven_instance(rng, mistake) for mistake in (True, True, True, False)]


def _seven_forward(g=np.tanh, g6=None) -> Callable[[Array, Array], Array]:
    def forward(w, x):
        w13, w23, w24, w35, w36, w46, w57, w67 = w
        z3 = w13 * x[0] + w23 * x[1]
        z4 = w24 * x[1]
        z5 = w35 * g(z3)
        z6 = w36 * g(z3) + w46 * g(z4)
        return np.array([z3, z4, z5, z6, w57 * g(z5) + w67 * (g6 or g)(z6)])

    return forward


_g_prime = lambda z: 1 - np.tanh(z) ** 2


def _seven_backward(
    *,
    output=lambda z7, t: -t if z7 * t < 0 else 0,
    back4=lambda d6, w46, z4, z6: d6 * w46 * _g_prime(z4),
    back3=lambda d5, d6, w35, w36, z3, z5, z6: (d5 * w35 + d6 * w36) * _g_prime(z3),
    back=lambda d7, w, z: d7 * w * _g_prime(z),
    edge=lambda i, j, delta, a, z: delta[j] * a[i],
) -> Callable[..., tuple[Array, Array]]:
    """The five deltas and eight slopes, with some equations exchanged for wrong ones."""

    def backward(w, x, z, t):
        _, _, _, w35, w36, w46, w57, w67 = w
        z3, z4, z5, z6, z7 = z
        d7 = output(z7, t)
        d5, d6 = back(d7, w57, z5), back(d7, w67, z6)
        d4 = back4(d6, w46, z4, z6)
        d3 = back3(d5, d6, w35, w36, z3, z5, z6)
        delta = dict(zip(range(3, 8), (d3, d4, d5, d6, d7)))
        behind = {1: x[0], 2: x[1], 3: z3, 4: z4, 5: z5, 6: z6, 7: z7}
        a = {i: np.tanh(value) if 2 < i < 7 else value for i, value in behind.items()}
        dw = [edge(i, j, delta, a, behind) for i, j in EDGES]
        return np.array([d3, d4, d5, d6, d7], dtype=float), np.array(dw, dtype=float)

    return backward


_no_bends: dict[str, Callable] = {
    "back": lambda d7, w, z: d7 * w,
    "back4": lambda d6, w46, z4, z6: d6 * w46,
    "back3": lambda d5, d6, w35, w36, z3, z5, z6: d5 * w35 + d6 * w36,
}
_by_activation: dict[str, Callable] = {
    "back": lambda d7, w, z: d7 * w,
    "back4": lambda d6, w46, z4, z6: d6 * _g_prime(z6) * w46,
    "back3": lambda d5, d6, w35, w36, z3, z5, z6: d5 * _g_prime(z5) * w35 + d6 * _g_prime(z6) * w36,
}


def _edge_behind_the_bend(i, j, delta, a, z):
    return delta[j] * (_g_prime(z[j]) if j < 7 else 1) * a[i]


SEVEN_FORWARD = Task(
    name="seven_forward",
    equation="C-25",
    returns="z",
    convention="the five numbers z_3 to z_7, in this order",
    hint="Go from left to right: which neurons feed this one, and what do they hand on?",
    right=_seven_forward(),
    slips=(
        Slip("M11", "C-25", _seven_forward(g=lambda z: z)),
        Slip("M11", "C-25", _seven_forward(g6=lambda z: z)),
    ),
    draw=_draw_seven_forward,
)

SEVEN_BACKWARD = Task(
    name="seven_backward",
    equation="C-26 to C-30",
    returns="delta and dw",
    convention="delta_3 to delta_7, and the eight slopes in the order of w",
    hint="Go from right to left, and compare with the network of the lecture, number by number.",
    right=_seven_backward(),
    slips=(
        Slip("M31", "C-26", _seven_backward(output=lambda z7, t: -t)),
        Slip("M68", "C-26", _seven_backward(output=lambda z7, t: t if z7 * t < 0 else 0)),
        Slip("M60", "C-28", _seven_backward(**_no_bends)),
        Slip("M24", "C-28", _seven_backward(**_by_activation)),
        Slip("M24", "C-28", _seven_backward(**_by_activation, edge=_edge_behind_the_bend)),
        Slip(
            "M23",
            "C-29",
            _seven_backward(
                back4=lambda d6, w46, z4, z6: d6 * w46 * _g_prime(z6),
                back3=lambda d5, d6, w35, w36, z3, z5, z6: (
                    d5 * w35 * _g_prime(z5) + d6 * w36 * _g_prime(z6)
                ),
            ),
        ),
        Slip(
            "M21",
            "C-30",
            _seven_backward(
                back4=lambda d6, w46, z4, z6: d6 * _g_prime(z6) * w46 * _g_prime(z4),
                back3=lambda d5, d6, w35, w36, z3, z5, z6: (
                    (d5 * _g_prime(z5) * w35 + d6 * _g_prime(z6) * w36) * _g_prime(z3)
                ),
            ),
        ),
        Slip(
            "M27",
            "C-30",
            _seven_backward(
                back3=lambda d5, d6, w35, w36, z3, z5, z6: d5 * w35 * _g_prime(z3),
            ),
        ),
        Slip(
            "M27",
            "C-30",
            _seven_backward(
                back3=lambda d5, d6, w35, w36, z3, z5, z6: d6 * w36 * _g_prime(z3),
            ),
        ),
        Slip("M11", "C-27", _seven_backward(edge=lambda i, j, delta, a, z: delta[j] * z[i])),
        Slip("M26", "C-27", _seven_backward(edge=lambda i, j, delta, a, z: delta[j] * a[j])),
    ),
    draw=_draw_seven_backward,
    earlier={"seven_forward": SEVEN_FORWARD.right},
    split=several("delta", "dw"),
    leaves=list,
)

PS2 = (
    UPPER_SLOPE,
    LOWER_SLOPE,
    ONE_SIDED_GRADIENT,
    TWO_SIDED_GRADIENT,
    UNROLL,
    ROLL,
    CHECKED_DESCENT,
    SUM_OVER_PATHS,
    FACTORED,
    EDGE_GRADIENT,
    REPAIRED_LINE,
    WEIGHT_TENSOR,
    SEVEN_FORWARD,
    SEVEN_BACKWARD,
    COMPLEX_STEP_GRADIENT,
)
PS2_BY_HAND = (UPPER_SLOPE, LOWER_SLOPE)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def upper_slope(answer: Any, x: int, w2: int, w3: int, y: int) -> None:
    """dC/dw^3 of two layers of squaring neurons, a number worked out by hand  (C-18)."""
    by_hand(UPPER_SLOPE, answer, {"x": x, "w2": w2, "w3": w3, "y": y})


def lower_slope(answer: Any, x: int, w2: int, w3: int, y: int) -> None:
    """dC/dw^2 of the same  (C-19)."""
    by_hand(LOWER_SLOPE, answer, {"x": x, "w2": w2, "w3": w3, "y": y})


def one_sided_gradient(function: Function, *, rounds: int = 1) -> None:
    """(f(theta + h e_i) - f(theta)) / h for each i: ``function(f, theta, h)`` -> (P,)."""
    check(ONE_SIDED_GRADIENT, function, rounds)


def two_sided_gradient(function: Function, *, rounds: int = 1) -> None:
    """(f(theta + h e_i) - f(theta - h e_i)) / 2h for each i: ``function(f, theta, h)`` -> (P,)."""
    check(TWO_SIDED_GRADIENT, function, rounds)


def unroll(function: Function, *, rounds: int = 1) -> None:
    """All w and b in one vector: ``function(w, b)`` -> (P,); lists by layer number."""
    check(UNROLL, function, rounds)


def roll(function: Function, *, rounds: int = 1) -> None:
    """The way back: ``function(theta, sizes)`` -> w, b; sizes are [d_1, ..., d_L]."""
    check(ROLL, function, rounds)


def checked_descent(function: Function, *, rounds: int = 1) -> None:
    """Descent along a gradient that is measured once, before the first step.

    ``function(gradient, measure, theta, eta, steps)`` -> theta, evaluations of the cost.
    """
    check(CHECKED_DESCENT, function, rounds)


def sum_over_paths(function: Function, *, rounds: int = 1) -> None:
    """dz/dtheta, path by path: ``function(slopes)`` -> derivative, multiplications.

    ``slopes`` are matrices of local slopes from the input up, (d_{l+1}, d_l), the first with one
    column and the last with one row.
    """
    check(SUM_OVER_PATHS, function, rounds)


def factored(function: Function, *, rounds: int = 1) -> None:
    """The same from the output down: ``function(slopes)`` -> derivative, multiplications."""
    check(FACTORED, function, rounds)


def edge_gradient(function: Function, *, rounds: int = 1) -> None:
    """dC/dw^l_jk of a 3-3-1 network: ``function(w, b, x, y, l, j, k)``, j, k from 0 -> number."""
    check(EDGE_GRADIENT, function, rounds)


def repaired_line(function: Function, *, rounds: int = 1) -> None:
    """What the wrong line of the slide should say: ``function(w, b, x, y)`` -> number."""
    check(REPAIRED_LINE, function, rounds)


def weight_tensor(function: Function, *, rounds: int = 1) -> None:
    """dz_i/dw_jk: ``function(a, d)``, a (d_below,) -> (d, d, d_below)."""
    check(WEIGHT_TENSOR, function, rounds)


def seven_forward(function: Function, *, rounds: int = 1) -> None:
    """z_3 to z_7 of the seven neurons: ``function(w, x)``, (8,) and (2,) -> (5,)."""
    check(SEVEN_FORWARD, function, rounds)


def seven_backward(function: Function, *, rounds: int = 1) -> None:
    """Their deltas and slopes: ``function(w, x, z, t)`` -> delta (5,), dw (8,)."""
    check(SEVEN_BACKWARD, function, rounds)


def complex_step_gradient(function: Function, *, rounds: int = 1) -> None:
    """Im f(theta + i h e_i) / h for each i: ``function(f, theta, h)`` -> (P,)."""
    check(COMPLEX_STEP_GRADIENT, function, rounds)
