"""The checks of problem set 4: activations and their slopes, softmax, costs and output deltas.

Arrays are batches with examples in rows, layers are numbered from 1. Equations are those of lecture
4, (A-1) to (A-16), and the four of backpropagation. Deltas are those of single examples: no mean
over the batch is taken.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import pairwise
from typing import Any

import numpy as np

from bpkit.activations import ACTIVATIONS, Array
from bpkit.backprop import bp1, bp2
from bpkit.checks.check import by_hand, check
from bpkit.checks.compare import Fault
from bpkit.checks.parts import several
from bpkit.checks.task import Args, Parts, Slip, Task
from bpkit.costs import SigmoidCrossEntropy

_sigma, _tanh = ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]
_relu, _softmax = ACTIVATIONS["relu"], ACTIVATIONS["softmax"]
_sigma_prime, _tanh_prime = _sigma.prime, _tanh.prime

# ---------------------------------------------------------------------------------- instances
# Batches have more examples than neurons, as many, and a single one, so that no axis can be taken
# for another. Labels are never 0 or 1, rows of labels for softmax add up to 1. No z is saturated,
# but in the instances that are meant to be: there exp overflows unless it is tamed.

SIZES = (5, 3), (5, 4), (4, 4), (1, 5)
"""Examples and neurons of each instance."""


def _draw_z(rng: np.random.Generator) -> list[Args]:
    return [{"z": rng.normal(0, 1.5, size)} for size in SIZES]


def _draw_z_around_0(rng: np.random.Generator) -> list[Args]:
    """With entries that are exactly 0 beside positive and negative ones."""
    instances: list[Args] = []
    for N, d in SIZES:
        z = rng.uniform(0.2, 3, N * d) * rng.choice([-1, 1], N * d)
        z[:3] = -abs(z[0]), 0, abs(z[2])
        instances.append({"z": rng.permutation(z).reshape(N, d)})
    return instances


def _draw_z_and_y(rng: np.random.Generator) -> list[Args]:
    return [{"z": rng.normal(0, 1.5, size), "y": rng.uniform(0.05, 0.95, size)} for size in SIZES]


def _draw_a_and_y(rng: np.random.Generator) -> list[Args]:
    return [
        {"a": rng.uniform(0.05, 0.95, size), "y": rng.uniform(0.05, 0.95, size)} for size in SIZES
    ]


def _draw_p_and_g(rng: np.random.Generator) -> list[Args]:
    return [{"p": _shares(rng, N, d), "g": rng.normal(size=(N, d))} for N, d in SIZES]


def _draw_z_and_shares(rng: np.random.Generator) -> list[Args]:
    return [{"z": rng.normal(size=(N, d)), "y": _shares(rng, N, d)} for N, d in SIZES]


def _shares(rng: np.random.Generator, N: int, d: int) -> Array:
    """Rows of positive numbers, all different, that add up to 1."""
    shares = rng.permuted(np.arange(1.0, d + 1) + rng.uniform(-0.3, 0.3, (N, d)), axis=1)
    return shares / shares.sum(axis=1, keepdims=True)


def _draw_z_far_apart_too(rng: np.random.Generator) -> list[Args]:
    """The last instance has rows that lie so far from 0, and from each other, that exp breaks."""
    far = np.array([[1000.0], [-1000.0], [0.0], [400.0]])
    return [*_draw_z(rng), {"z": rng.normal(0, 1.5, (4, 4)) + rng.permutation(far)}]


def _draw_confident_too(rng: np.random.Generator) -> list[Args]:
    """The last instance has outputs that are sure of themselves to the last digit."""
    size = 4, 3
    sure = {
        "z": rng.uniform(40, 1000, size) * rng.choice([-1, 1], size),
        "y": rng.uniform(0.05, 0.95, size),
    }
    return [*_draw_z_and_y(rng), sure]


def _draw_tanh_cost(rng: np.random.Generator) -> list[Args]:
    """No cost is so near to 0, from terms that are not, that float32 would lose its digits."""
    instances: list[Args] = []
    for N, d in (*SIZES, (4, 3)):
        scale = 300 if len(instances) == len(SIZES) else 1.5
        rows: list[tuple[Array, Array]] = []
        while len(rows) < N:
            z, y = rng.normal(0, scale, d), rng.uniform(-0.95, 0.95, d)
            if abs(_tanh_cost(z, y)) > 0.1 * abs(y * z).sum():
                rows.append((z, y))
        instances.append({"z": np.stack([z for z, _ in rows]), "y": np.stack([y for _, y in rows])})
    return instances


def _draw_layers(rng: np.random.Generator) -> list[Args]:
    """Weights and biases of linear networks."""
    return [
        {
            "w": [None, None, *(rng.uniform(-1, 1, (m, n)) for n, m in pairwise(sizes))],
            "b": [None, None, *(rng.uniform(-1, 1, m) for m in sizes[1:])],
        }
        for sizes in _sizes_of_layers(rng)
    ]


def _draw_deltas(rng: np.random.Generator) -> list[Args]:
    """Weights, slopes of layers 2 ... L, and deltas of layer L."""
    return [
        {
            "w": [None, None, *(rng.uniform(-1, 1, (m, n)) for n, m in pairwise(sizes))],
            "slopes": [None, None, *(rng.uniform(0.1, 0.9, (N, m)) for m in sizes[1:])],
            "delta_L": rng.normal(size=(N, sizes[-1])),
        }
        for N, sizes in zip((5, 3, 1), _sizes_of_layers(rng))
    ]


def _sizes_of_layers(rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Layers that all differ, layers that are all alike, and a network of three layers."""
    one, two, three, four = (int(d) for d in rng.permutation([3, 4, 5, 6]))
    return [(one, two, three, four), (three,) * 4, (two, four, one)]


def _draw_activations(rng: np.random.Generator) -> list[Args]:
    """A hat and a ramp, each with points where it is flat and where it is not; none at a kink."""
    n, alive = 16, int(rng.choice([5, 6, 7, 9, 10, 11]))
    height, centre, turn = rng.uniform(1, 2), rng.uniform(-2, 2), rng.choice([-1, 1])
    side = np.where(np.arange(n) % 2, 1, -1)
    on_hat = centre + side * np.where(np.arange(n) < alive, *_two(rng, 0.1, 0.9, 1.1, 3, n))
    on_ramp = centre + turn * np.where(np.arange(n) < n - alive, *_two(rng, 0.1, 3, -3, -0.1, n))
    return [
        {
            "sigma": lambda z: height + np.maximum(0, 1 - np.abs(z - centre)),
            "z": rng.permutation(on_hat),
        },
        {
            "sigma": lambda z: turn * (height + np.maximum(0, turn * (z - centre))),
            "z": rng.permutation(on_ramp),
        },
    ]


def _two(
    rng: np.random.Generator, low: float, high: float, low_2: float, high_2: float, n: int
) -> tuple[Array, Array]:
    return rng.uniform(low, high, n), rng.uniform(low_2, high_2, n)


TENTHS = np.array([[1, 2, 7], [1, 3, 6], [1, 4, 5], [2, 3, 5]])
"""Three different numbers that add up to 10: what the warm-up is made of."""


def _draw_logarithms(rng: np.random.Generator) -> list[Args]:
    return [{"z": np.log(rng.integers(2, 5) * rng.permutation(rng.choice(TENTHS)))}]


def _draw_tenths(rng: np.random.Generator) -> list[Args]:
    return [{"p": rng.permutation(rng.choice(TENTHS)) / 10}]


def _within_exp(wrong: Callable[..., Array]) -> Callable[..., Array]:
    """A wrong formula that says nothing of a z where exp overflows: how it breaks there varies."""

    @wraps(wrong)
    def within(z: Array, *others: Array) -> Array:
        if abs(z).max() > 30:
            raise ValueError("exp may overflow")
        return wrong(z, *others)

    return within


# ------------------------------------------------------------------------------ warm-up, by hand

SOFTMAX_BY_HAND = Task(
    name="softmax_by_hand",
    equation="A-7",
    returns="p",
    convention="three fractions that add up to 1",
    hint="e^z takes each logarithm away. What do the three numbers add up to?",
    right=_softmax,
    slips=(
        Slip("M72", "A-7", np.exp),
        Slip("M72", "A-7", _sigma),
    ),
    draw=_draw_logarithms,
)

JACOBIAN_BY_HAND = Task(
    name="jacobian_by_hand",
    equation="A-8",
    returns="J",
    convention="a list of three rows, row i for p_i, column j for z_j",
    hint="Each row adds up to 0, for moving all z together changes no p: do yours?",
    right=_softmax.prime_from_a,
    slips=(
        Slip("M06", "A-8", lambda p: np.diag(p * (1 - p))),
        Slip("M06", "A-8", lambda p: p * (1 - p)),
    ),
    draw=_draw_tenths,
)

# ------------------------------------------------------------------------------------- slopes

TANH_PRIME = Task(
    name="tanh_prime",
    equation="sigma'",
    returns="slope",
    convention="of the same shape as z",
    hint="What should come out at z = 0? A steepest slope of 1, and less on both sides.",
    right=_tanh_prime,
    slips=(
        Slip("M19", "sigma'", lambda z: -_tanh_prime(z)),
        Slip("M10", "sigma'", _tanh),
        Slip("M04", "sigma'", lambda z: _tanh_prime(_tanh(z))),
        Slip("M11", "sigma'", lambda z: 1 - z**2),
    ),
    draw=_draw_z,
)

RELU_PRIME = Task(
    name="relu_prime",
    equation="sigma'",
    returns="slope",
    convention="of the same shape as z, with the slope at 0 that the text agrees on",
    hint="Print z and your slopes side by side: one negative, one zero, one positive.",
    right=_relu.prime,
    slips=(
        Slip("M70", "sigma'", lambda z: (z >= 0) * 1.0),
        Slip("M70", "sigma'", lambda z: np.heaviside(z, 0.5)),
        Slip("M10", "sigma'", _relu),
    ),
    draw=_draw_z_around_0,
)

# ----------------------------------------------------------------------------- linear layers

Layers = list[Any]


def _folded(
    w: Layers,
    b: Layers,
    *,
    up: Callable[[Array, Array], Array] = lambda matrix, w_l: w_l @ matrix,
    carry: Callable[[Array, Array], Array] = lambda bias, w_l: w_l @ bias,
) -> tuple[Array, Array]:
    """The matrix and the bias that all layers together are, from layer 2 up."""
    matrix, bias = w[2], b[2]
    for w_l, b_l in zip(w[3:], b[3:]):
        matrix, bias = up(matrix, w_l), carry(bias, w_l) + b_l
    return matrix, bias


_IN_ANOTHER_ORDER: Callable[[Array, Array], Array] = lambda matrix, w_l: matrix @ w_l

COLLAPSE = Task(
    name="collapse",
    equation="A-1",
    returns="matrix and bias",
    convention="the matrix takes examples of layer 1 to layer L, one bias entry per output",
    hint="Work the case in the text by hand, and put x = 0 in: what is left is the bias.",
    right=_folded,
    slips=(
        Slip("M73", "A-1", lambda w, b: _folded(w, b, up=_IN_ANOTHER_ORDER)),
        Slip(
            "M73",
            "A-1",
            lambda w, b: _folded(w, b, up=_IN_ANOTHER_ORDER, carry=lambda bias, w_l: bias @ w_l),
        ),
        Slip("M74", "A-1", lambda w, b: _folded(w, b, carry=lambda bias, w_l: bias)),
        Slip("M74", "A-1", lambda w, b: _folded(w, b, carry=lambda bias, w_l: 0 * (w_l @ bias))),
    ),
    draw=_draw_layers,
    split=several("matrix", "bias"),
    leaves=list,
)

# ------------------------------------------------------------------------------------ softmax


def _exp(z: Array) -> Array:
    return np.exp(z)


def _exp_of_shifted(z: Array) -> Array:
    return np.exp(z - z.max(axis=1, keepdims=True))


def _normalised_wrongly(exp: Callable[[Array], Array]) -> tuple[Slip, ...]:
    """By the sums of columns, by the sum of all, and by row sums that lie along the wrong axis."""
    return (
        Slip("M71", "A-7", _within_exp(lambda z: exp(z) / exp(z).sum(axis=0))),
        Slip("M71", "A-7", _within_exp(lambda z: exp(z) / exp(z).sum())),
        Slip("M71", "A-7", _within_exp(lambda z: exp(z) / exp(z).sum(axis=1))),
    )


SOFTMAX = Task(
    name="softmax",
    equation="A-7",
    returns="p",
    convention="of the same shape as z, every row adds up to 1, however large its z",
    hint="Work the case in the text by hand. Does each row of your result add up to 1?",
    right=_softmax,
    slips=(
        *_normalised_wrongly(_exp),
        *_normalised_wrongly(_exp_of_shifted)[:2],
        Slip("M72", "A-7", _within_exp(_exp)),
        Slip("M72", "A-7", _within_exp(_exp_of_shifted)),
        Slip("M72", "A-7", _within_exp(_sigma)),
    ),
    draw=_draw_z_far_apart_too,
)


def _through_softmax(p: Array, g: Array) -> Array:
    """The gradient with respect to z from that with respect to p (A-9)."""
    return bp1(g, _softmax.prime_from_a(p))


SOFTMAX_BACKWARD = Task(
    name="softmax_backward",
    equation="A-9",
    returns="delta",
    convention="one row per example, one entry for each z",
    hint="Work the case in the text by hand: each row of your result must add up to 0.",
    right=_through_softmax,
    slips=(
        Slip("M06", "A-9", lambda p, g: g * p * (1 - p)),
        Slip("M71", "A-9", lambda p, g: p * (g - (p * g).sum())),
        Slip("M71", "A-9", lambda p, g: p * (g - (p * g).sum(axis=0))),
        Slip("M71", "A-9", lambda p, g: p * (g - (p * g).sum(axis=1))),
        Slip("M75", "A-9", lambda p, g: p * (g - g.sum(axis=1, keepdims=True))),
        Slip("M75", "A-9", lambda p, g: p * (g - g.mean(axis=1, keepdims=True))),
    ),
    draw=_draw_p_and_g,
)

_EARLIER_SOFTMAX = {"softmax": SOFTMAX.right, "softmax_backward": SOFTMAX_BACKWARD.right}

# ------------------------------------------------------------------------------ output deltas

DELTA_SOFTMAX_QUADRATIC = Task(
    name="delta_softmax_quadratic",
    equation="BP-1",
    returns="delta",
    convention="one row per example, each of its own cost, no mean taken",
    hint="First the slope of the cost with respect to p, then through softmax with (A-9).",
    right=lambda z, y: _through_softmax(_softmax(z), _softmax(z) - y),
    slips=(
        Slip("M01", "BP-1", lambda z, y: _softmax(z) - y),
        Slip("M02", "BP-1", lambda z, y: _through_softmax(_softmax(z), y - _softmax(z))),
        Slip("M03", "BP-1", lambda z, y: 2 * _through_softmax(_softmax(z), _softmax(z) - y)),
        Slip("M04", "BP-1", lambda z, y: _through_softmax(_softmax(_softmax(z)), _softmax(z) - y)),
        Slip("M06", "BP-1", lambda z, y: (_softmax(z) - y) * _softmax(z) * (1 - _softmax(z))),
        Slip("M11", "BP-1", lambda z, y: _through_softmax(_softmax(z), z - y)),
        Slip("M22", "BP-1", lambda z, y: _through_softmax(_softmax(z), _softmax(z) - y) / len(z)),
    ),
    draw=_draw_z_and_shares,
    earlier=_EARLIER_SOFTMAX,
)

DELTA_SOFTMAX_CROSS_ENTROPY = Task(
    name="delta_softmax_cross_entropy",
    equation="BP-1",
    returns="delta",
    convention="one row per example, each of its own cost, no mean taken",
    hint="Put the slope of this cost into (A-9) on paper, and simplify it there.",
    right=lambda z, y: _softmax(z) - y,
    slips=(
        Slip("M02", "BP-1", lambda z, y: y - _softmax(z)),
        Slip("M05", "BP-1", lambda z, y: (_softmax(z) - y) * _softmax(z) * (1 - _softmax(z))),
        Slip("M05", "BP-1", lambda z, y: _through_softmax(_softmax(z), _softmax(z) - y)),
        Slip("M06", "BP-1", lambda z, y: -y * (1 - _softmax(z))),
        Slip("M76", "BP-1", lambda z, y: -y / _softmax(z)),
        Slip("M11", "BP-1", lambda z, y: z - y),
        Slip("M22", "BP-1", lambda z, y: (_softmax(z) - y) / len(z)),
    ),
    draw=_draw_z_and_shares,
    earlier=_EARLIER_SOFTMAX,
)

# -------------------------------------------------------------------- the costs on a slide


def _mse_slope(z: Array, y: Array) -> Array:
    return 2 * (_sigma(z) - y) / z.shape[1]


def _mse_delta(z: Array, y: Array) -> Array:
    return bp1(_mse_slope(z, y), _sigma_prime(z))


MSE_DELTA = Task(
    name="mse_delta",
    equation="A-13",
    returns="delta",
    convention="one row per example, each of its own cost, no mean over the examples",
    hint="Differentiate the printed cost by one of its n outputs, then go on to that output's z.",
    right=_mse_delta,
    slips=(
        Slip("M78", "A-13", lambda z, y: (_sigma(z) - y) * _sigma_prime(z)),
        Slip("M78", "A-13", lambda z, y: 2 * (_sigma(z) - y) * _sigma_prime(z)),
        Slip("M78", "A-13", lambda z, y: _mse_delta(z, y) / 2),
        Slip("M78", "A-13", lambda z, y: 2 * (_sigma(z) - y) * _sigma_prime(z) / len(z)),
        Slip("M01", "BP-1", _mse_slope),
        Slip("M02", "BP-1", lambda z, y: -_mse_delta(z, y)),
        Slip("M04", "BP-1", lambda z, y: bp1(_mse_slope(z, y), _sigma_prime(_sigma(z)))),
        Slip("M10", "BP-1", lambda z, y: bp1(_mse_slope(z, y), _sigma(z))),
        Slip("M11", "BP-1", lambda z, y: bp1(2 * (z - y) / z.shape[1], _sigma_prime(z))),
        Slip("M22", "BP-1", lambda z, y: _mse_delta(z, y) / len(z)),
    ),
    draw=_draw_z_and_y,
    earlier={"sigmoid": _sigma},
)


def _log_likelihood(a: Array, y: Array) -> Array:
    return y * np.log(a) + (1 - y) * np.log(1 - a)


CROSS_ENTROPY_AS_MEANT = Task(
    name="cross_entropy_as_meant",
    equation="cross-entropy",
    returns="C",
    convention="one number per example, the mean over its outputs",
    hint="Try one output with label 1: which of a = 0.1 and a = 0.9 must cost less?",
    right=lambda a, y: -_log_likelihood(a, y).mean(axis=1),
    slips=(
        Slip("M77", "cross-entropy", lambda a, y: _log_likelihood(a, y).mean(axis=1)),
        Slip("M78", "cross-entropy", lambda a, y: -_log_likelihood(a, y).sum(axis=1)),
        Slip("M79", "cross-entropy", lambda a, y: -(y * np.log(a)).mean(axis=1)),
    ),
    draw=_draw_a_and_y,
)


def _cross_entropy_from_z(z: Array, y: Array) -> Array:
    return SigmoidCrossEntropy()(z, _sigma(z), y)


CROSS_ENTROPY_FROM_Z = Task(
    name="cross_entropy_from_z",
    equation="A-14",
    returns="C",
    convention="one number per example, the sum over its outputs, exact for any z",
    hint="With label 0 an output of z = 40 costs 40, and one of z = 1000 costs 1000: try both.",
    right=_cross_entropy_from_z,
    slips=(
        Slip("M77", "A-14", _within_exp(lambda z, y: -_cross_entropy_from_z(z, y))),
        Slip("M79", "A-14", _within_exp(lambda z, y: (y * np.log1p(np.exp(-z))).sum(axis=1))),
    ),
    draw=_draw_confident_too,
    earlier={"sigmoid": _sigma},
)

# ------------------------------------------------------------ what a good activation needs


def _alive_share(sigma: Callable[[Array], Array], z: Array) -> float:
    h = 1e-5
    return float((abs(sigma(z + h) - sigma(z - h)) / (2 * h) > 0.01).mean())


ALIVE_SHARE = Task(
    name="alive_share",
    equation="sigma'",
    returns="share",
    convention="one number from 0 to 1",
    hint="Print the slope at a few z beside a sketch. Does a slope of -1 count as alive?",
    right=_alive_share,
    slips=(Slip("M10", "sigma'", lambda sigma, z: (abs(sigma(z)) > 0.01).mean()),),
    draw=_draw_activations,
)


def _right_bp2(w: Layers, slopes: Layers, delta: Array, l: int) -> Array:
    return bp2(w[l + 1], delta, slopes[l])


def _norms(
    bp2_of_layer: Callable[[Layers, Layers, Array, int], Array] = _right_bp2,
) -> Callable[[Layers, Layers, Array], list[Any]]:
    """The lengths of all deltas, with BP-2 as it is or exchanged for a wrong one."""

    def delta_norms(w: Layers, slopes: Layers, delta_L: Array) -> list[Any]:
        L = len(w) - 1
        norms: list[Any] = [None] * (L + 1)
        delta = delta_L
        for l in range(L, 1, -1):
            if l < L:
                delta = bp2_of_layer(w, slopes, delta, l)
            norms[l] = np.sqrt((delta**2).sum(axis=1).mean())
        return norms

    return delta_norms


def _norm_by_layer(answer: Any, expected: Sequence[Any]) -> Parts | Fault:
    parts: dict[str, tuple[Any, float]] = {}
    for l in range(len(expected) - 1, 1, -1):
        try:
            parts[f"norms[{l}]"] = answer[l], expected[l]
        except Exception:  # whatever indexing something else than a list may raise
            return Fault(
                "wrong shape",
                f"norms has no entry norms[{l}], expected one for each layer from 2 to "
                f"{len(expected) - 1}",
                look="Layer numbers: the length of delta^l stands at norms[l], None at 0 and 1.",
            )
    return parts


DELTA_NORMS = Task(
    name="delta_norms",
    equation="BP-2",
    returns="norms",
    convention="norms[l] the length of delta^l, for l = 2 to L",
    hint="Work the case in the text by hand, and print the delta of every layer.",
    right=_norms(),
    slips=(
        Slip("M07", "BP-2", _norms(lambda w, s, delta, l: delta @ w[l + 1])),
        Slip("M08", "BP-2", _norms(lambda w, s, delta, l: (delta @ w[l + 1].T) * s[l])),
        Slip("M21", "BP-2", _norms(lambda w, s, delta, l: ((delta * s[l + 1]) @ w[l + 1]) * s[l])),
        Slip("M23", "BP-2", _norms(lambda w, s, delta, l: (delta @ w[l + 1]) * s[l + 1])),
        Slip("M24", "BP-2", _norms(lambda w, s, delta, l: (delta * s[l + 1]) @ w[l + 1])),
    ),
    draw=_draw_deltas,
    split=_norm_by_layer,
    leaves=lambda answer: [norm for norm in answer if norm is not None],
)

# ---------------------------------------------------------------------------------- challenge


def _tanh_cost(z: Array, y: Array) -> Array:
    """ln cosh z - y z, in a form that does not overflow; its slope is tanh z - y (A-16)."""
    return (np.logaddexp(z, -z) - np.log(2) - y * z).sum(axis=-1)


COST_FOR_TANH = Task(
    name="cost_for_tanh",
    equation="A-16",
    returns="C",
    convention="one number per example, 0 where its z are all 0, exact for any z",
    hint="Its slope must be tanh(z) - y. Differentiate yours numerically, at z = 1 say.",
    right=_tanh_cost,
    slips=(Slip("M77", "A-16", _within_exp(lambda z, y: -_tanh_cost(z, y))),),
    draw=_draw_tanh_cost,
)

PS4_BY_HAND = (SOFTMAX_BY_HAND, JACOBIAN_BY_HAND)

PS4 = (
    *PS4_BY_HAND,
    TANH_PRIME,
    RELU_PRIME,
    COLLAPSE,
    SOFTMAX,
    SOFTMAX_BACKWARD,
    DELTA_SOFTMAX_QUADRATIC,
    DELTA_SOFTMAX_CROSS_ENTROPY,
    MSE_DELTA,
    CROSS_ENTROPY_AS_MEANT,
    CROSS_ENTROPY_FROM_Z,
    ALIVE_SHARE,
    DELTA_NORMS,
    COST_FOR_TANH,
)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def softmax_by_hand(answer: Any, z: Array) -> None:
    """The softmax of one example, worked out with a pencil: z (d,) -> (d,)."""
    by_hand(SOFTMAX_BY_HAND, answer, {"z": z})


def jacobian_by_hand(answer: Any, p: Array) -> None:
    """All dp_i/dz_j of one example, worked out with a pencil: p (d,) -> (d, d)."""
    by_hand(JACOBIAN_BY_HAND, answer, {"p": p})


def tanh_prime(function: Function, *, rounds: int = 1) -> None:
    """The slope of tanh, elementwise: ``function(z)``, z (N, d) -> (N, d)."""
    check(TANH_PRIME, function, rounds)


def relu_prime(function: Function, *, rounds: int = 1) -> None:
    """The slope of max(0, z), elementwise, 0 at 0: ``function(z)``, z (N, d) -> (N, d)."""
    check(RELU_PRIME, function, rounds)


def collapse(function: Function, *, rounds: int = 1) -> None:
    """Linear layers as one: ``function(w, b)`` -> matrix (d_L, d_1), bias (d_L,).

    Both lists are indexed by layer number, None at 0 and 1.
    """
    check(COLLAPSE, function, rounds)


def softmax(function: Function, *, rounds: int = 1) -> None:
    """Softmax row by row, for z of any size: ``function(z)``, z (N, d) -> (N, d)."""
    check(SOFTMAX, function, rounds)


def softmax_backward(function: Function, *, rounds: int = 1) -> None:
    """dC/dz from g = dC/dp through softmax: ``function(p, g)``, both (N, d) -> (N, d)."""
    check(SOFTMAX_BACKWARD, function, rounds)


def delta_softmax_quadratic(function: Function, *, rounds: int = 1) -> None:
    """BP-1 of softmax with 1/2 |p - y|^2: ``function(z, y)``, both (N, d_L) -> (N, d_L)."""
    check(DELTA_SOFTMAX_QUADRATIC, function, rounds)


def delta_softmax_cross_entropy(function: Function, *, rounds: int = 1) -> None:
    """BP-1 of softmax with cross-entropy: ``function(z, y)``, both (N, d_L) -> (N, d_L)."""
    check(DELTA_SOFTMAX_CROSS_ENTROPY, function, rounds)


def mse_delta(function: Function, *, rounds: int = 1) -> None:
    """BP-1 of sigmoids with the mean of the squares: ``function(z, y)``, both (N, n) -> (N, n)."""
    check(MSE_DELTA, function, rounds)


def cross_entropy_as_meant(function: Function, *, rounds: int = 1) -> None:
    """The mean over n sigmoid outputs of their cross-entropy: ``function(a, y)`` -> (N,)."""
    check(CROSS_ENTROPY_AS_MEANT, function, rounds)


def cross_entropy_from_z(function: Function, *, rounds: int = 1) -> None:
    """The cross-entropy of sigmoid outputs, for z of any size: ``function(z, y)`` -> (N,)."""
    check(CROSS_ENTROPY_FROM_Z, function, rounds)


def alive_share(function: Function, *, rounds: int = 1) -> None:
    """The share of the z at which sigma has a slope beyond 0.01: ``function(sigma, z)`` -> float.

    sigma is a function that takes arrays; z is (n,).
    """
    check(ALIVE_SHARE, function, rounds)


def delta_norms(function: Function, *, rounds: int = 1) -> None:
    """The lengths of all deltas: ``function(w, slopes, delta_L)`` -> norms.

    All lists are indexed by layer number, None at 0 and 1; w[l] is (d_l, d_{l-1}), slopes[l] is
    (N, d_l), delta_L is (N, d_L), norms[l] is a number.
    """
    check(DELTA_NORMS, function, rounds)


def cost_for_tanh(function: Function, *, rounds: int = 1) -> None:
    """The cost with which a tanh output has the delta a - y: ``function(z, y)`` -> (N,)."""
    check(COST_FOR_TANH, function, rounds)
