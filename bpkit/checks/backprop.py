"""The checks of the sigmoid, of the four equations one by one, and of the whole algorithm.

Arrays are batches with examples in rows, layers are numbered from 1, the activation is the sigmoid
throughout, the quadratic cost is 1/2 |a - y|^2, and BP-3 and BP-4 take the mean over the batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bpkit.activations import ACTIVATIONS, Array
from bpkit.backprop import bp1, bp2, bp3, bp4
from bpkit.checks.check import check
from bpkit.checks.compare import Fault
from bpkit.checks.task import Args, Parts, Slip, Task
from bpkit.network import Network

_sigma = ACTIVATIONS["sigmoid"]
_sigma_prime = _sigma.prime

# ---------------------------------------------------------------------------------- instances
# Taken together they tell all slips apart: layers of different and of equal sizes (w and its
# transpose differ loudly in the first, silently in the second), several examples and one alone,
# as many examples as neurons, and nothing that is zero or one. No layer is saturated as a whole or
# narrower than 3: a whole delta near zero would leave a float32 answer no correct digits.


def batches(rng: np.random.Generator) -> list[tuple[int, tuple[int, int]]]:
    """Sizes of batches: the number of examples, and those of two layers, one above the other."""
    lower, upper, single = rng.permutation([3, 4, 5])
    return [(5, (lower, upper)), (5, (upper, upper)), (4, (4, 4)), (1, (upper, single))]


def _draw_z(rng: np.random.Generator) -> list[Args]:
    return [{"z": rng.normal(0, 2, (N, d))} for N, (d, _) in batches(rng)]


def draw_z_and_y(rng: np.random.Generator) -> list[Args]:
    return [
        {"z": rng.normal(0, 1.5, (N, d)), "y": rng.uniform(0.05, 0.95, (N, d))}
        for N, (d, _) in batches(rng)
    ]


def _draw_bp2(rng: np.random.Generator) -> list[Args]:
    return [
        {
            "w_next": rng.normal(size=(upper, lower)),
            "delta_next": rng.normal(size=(N, upper)),
            "z": rng.normal(0, 1.5, (N, lower)),
        }
        for N, (lower, upper) in batches(rng)
    ]


def _draw_delta(rng: np.random.Generator) -> list[Args]:
    return [{"delta": rng.normal(size=(N, d))} for N, (d, _) in batches(rng)]


def _draw_bp4(rng: np.random.Generator) -> list[Args]:
    return [
        {"a_prev": rng.uniform(0.05, 0.95, (N, lower)), "delta": rng.normal(size=(N, upper))}
        for N, (lower, upper) in batches(rng)
    ]


def draw_networks(rng: np.random.Generator) -> list[Args]:
    one, two, three, four = (int(d) for d in rng.permutation([3, 4, 5, 6]))
    return [
        _network_args(rng, 5, (one, two, three, four)),
        _network_args(rng, 5, (three, three, three, three)),
        _network_args(rng, 1, (two, four, one)),
        _network_args(rng, 4, (four, one)),
    ]


def _network_args(rng: np.random.Generator, N: int, sizes: Sequence[int]) -> Args:
    return {
        "w": [None, None, *(rng.uniform(-1, 1, (m, n)) for n, m in pairwise(sizes))],
        "b": [None, None, *(rng.uniform(-1, 1, m) for m in sizes[1:])],
        "X": rng.uniform(-1, 1, (N, sizes[0])),
        "Y": rng.uniform(0.05, 0.95, (N, sizes[-1])),
    }


# ------------------------------------------------------------------- the sigmoid and its slope

SIGMOID = Task(
    name="sigmoid",
    equation="sigma",
    returns="a",
    convention="of the same shape as z",
    hint="What should come out at z = 0, and where do large z and large negative z lead?",
    right=lambda z: _sigma(z),
    slips=(Slip("M44", "sigma", lambda z: _sigma(-z)),),
    draw=_draw_z,
)

SIGMOID_PRIME = Task(
    name="sigmoid_prime",
    equation="sigma'",
    returns="slope",
    convention="of the same shape as z",
    hint="What should come out at z = 0? A steepest slope of 1/4, and less on both sides.",
    right=lambda z: _sigma_prime(z),
    slips=(
        Slip("M19", "sigma'", lambda z: -_sigma_prime(z)),
        Slip("M10", "sigma'", lambda z: _sigma(z)),
        Slip("M04", "sigma'", lambda z: _sigma_prime(_sigma(z))),
        Slip("M11", "sigma'", lambda z: z * (1 - z)),
    ),
    draw=_draw_z,
    earlier={"sigmoid": SIGMOID.right},
)

SIGMOIDS = {"sigmoid": SIGMOID.right, "sigmoid_prime": SIGMOID_PRIME.right}

# ---------------------------------------------------------------------------------------- BP-1

OUTPUT_DELTA_QUADRATIC = Task(
    name="output_delta_quadratic",
    equation="BP-1",
    returns="delta",
    convention="one row per example, each of its own cost, no mean taken",
    hint="Work the case in the text by hand, and print each factor of BP-1 beside it.",
    right=lambda z, y: bp1(_sigma(z) - y, _sigma_prime(z)),
    slips=(
        Slip("M01", "BP-1", lambda z, y: _sigma(z) - y),
        Slip("M02", "BP-1", lambda z, y: (y - _sigma(z)) * _sigma_prime(z)),
        Slip("M03", "BP-1", lambda z, y: 2 * (_sigma(z) - y) * _sigma_prime(z)),
        Slip("M03", "BP-1", lambda z, y: (_sigma(z) - y) * _sigma_prime(z) / 2),
        Slip("M04", "BP-1", lambda z, y: (_sigma(z) - y) * _sigma_prime(_sigma(z))),
        Slip("M10", "BP-1", lambda z, y: (_sigma(z) - y) * _sigma(z)),
        Slip("M11", "BP-1", lambda z, y: (z - y) * _sigma_prime(z)),
        Slip("M11", "BP-1", lambda z, y: (_sigma(z) - y) * z * (1 - z)),
        Slip("M22", "BP-1", lambda z, y: (_sigma(z) - y) * _sigma_prime(z) / len(z)),
    ),
    draw=draw_z_and_y,
    earlier=SIGMOIDS,
)

OUTPUT_DELTA_CROSS_ENTROPY = Task(
    name="output_delta_cross_entropy",
    equation="BP-1",
    returns="delta",
    convention="one row per example, each of its own cost, no mean taken",
    hint="Write BP-1 with this cost's own dC/da on paper first, and simplify it there.",
    right=lambda z, y: _sigma(z) - y,
    slips=(
        Slip("M01", "BP-1", lambda z, y: (_sigma(z) - y) / _sigma_prime(z)),
        Slip("M02", "BP-1", lambda z, y: y - _sigma(z)),
        Slip("M03", "BP-1", lambda z, y: 2 * (_sigma(z) - y)),
        Slip("M05", "BP-1", lambda z, y: (_sigma(z) - y) * _sigma_prime(z)),
        Slip("M11", "BP-1", lambda z, y: z - y),
        Slip("M22", "BP-1", lambda z, y: (_sigma(z) - y) / len(z)),
    ),
    draw=draw_z_and_y,
    earlier=SIGMOIDS,
)

# ---------------------------------------------------------------------------------------- BP-2

HIDDEN_DELTA = Task(
    name="hidden_delta",
    equation="BP-2",
    returns="delta",
    convention="one row per example, one column per neuron of layer l",
    hint="Work the case in the text by hand: first the sum over the weights, then the slope.",
    right=lambda w, delta, z: bp2(w, delta, _sigma_prime(z)),
    slips=(
        Slip("M07", "BP-2", lambda w, delta, z: delta @ w),
        Slip("M08", "BP-2", lambda w, delta, z: (delta @ w.T) * _sigma_prime(z)),
        Slip("M04", "BP-2", lambda w, delta, z: (delta @ w) * _sigma_prime(_sigma(z))),
        Slip("M10", "BP-2", lambda w, delta, z: (delta @ w) * _sigma(z)),
        Slip("M11", "BP-2", lambda w, delta, z: (delta @ w) * z * (1 - z)),
        Slip("M19", "BP-2", lambda w, delta, z: -(delta @ w) * _sigma_prime(z)),
        Slip("M22", "BP-2", lambda w, delta, z: (delta @ w) * _sigma_prime(z) / len(z)),
    ),
    draw=_draw_bp2,
    earlier=SIGMOIDS,
)

# ------------------------------------------------------------------------------- BP-3 and BP-4

BIAS_GRADIENT = Task(
    name="bias_gradient",
    equation="BP-3",
    returns="db",
    convention="one entry per neuron, the mean over the examples",
    hint="Work the case in the text by hand: which numbers of delta enter the first entry of db?",
    right=lambda delta: bp3(delta),
    slips=(
        Slip("M13", "BP-3", lambda delta: delta.sum(axis=0)),
        Slip("M14", "BP-3", lambda delta: np.zeros(delta.shape[1])),
        Slip("M15", "BP-3", lambda delta: delta[0]),
        Slip("M15", "BP-3", lambda delta: delta[0] / len(delta)),
        Slip("M16", "BP-3", lambda delta: delta.mean(axis=1)),
        Slip("M16", "BP-3", lambda delta: delta.sum(axis=1)),
        Slip("M16", "BP-3", lambda delta: delta.sum(axis=1) / len(delta)),
        Slip("M16", "BP-3", lambda delta: delta.mean()),
        Slip("M22", "BP-3", lambda delta: delta.mean(axis=0) / len(delta)),
    ),
    draw=_draw_delta,
    earlier=SIGMOIDS,
)

WEIGHT_GRADIENT = Task(
    name="weight_gradient",
    equation="BP-4",
    returns="dw",
    convention="of the same shape as w, the mean over the examples",
    hint="Work the case in the text by hand: which two columns make the entry dw[0, 1]?",
    right=lambda a_prev, delta: bp4(a_prev, delta),
    slips=(
        Slip("M12", "BP-4", lambda a_prev, delta: a_prev.T @ delta / len(delta)),
        Slip("M13", "BP-4", lambda a_prev, delta: delta.T @ a_prev),
        Slip("M22", "BP-4", lambda a_prev, delta: delta.T @ a_prev / len(delta) ** 2),
    ),
    draw=_draw_bp4,
    earlier=SIGMOIDS,
)

# ------------------------------------------------------------------------- the whole algorithm


def _right_backward(w: list, b: list, X: Array, Y: Array) -> tuple[list, list]:
    net = Network([X.shape[1], *(len(b_l) for b_l in b[2:])])
    for l in range(2, net.L + 1):
        net.w[l][:], net.b[l][:] = w[l], b[l]
    grads = net.backward(net.forward(X), Y)
    return list(grads.dw), list(grads.db)


@dataclass(frozen=True)
class _Pass:
    """What a backward pass has at hand: weights, z^l, a^l and labels."""

    w: list
    z: list
    a: list
    Y: Array


def _bp1(at: _Pass) -> Array:
    return (at.a[-1] - at.Y) * _sigma_prime(at.z[-1])


def _bp2(at: _Pass, delta: Array, l: int) -> Array:
    return (delta @ at.w[l + 1]) * _sigma_prime(at.z[l])


def _bp3(delta: Array) -> Array:
    return delta.mean(axis=0)


def _bp4(at: _Pass, delta: Array, l: int) -> Array:
    return delta.T @ at.a[l - 1] / len(delta)


def _backward(
    *, bp1=_bp1, bp2=_bp2, bp3=_bp3, bp4=_bp4, arrange=lambda gradients: gradients
) -> Callable[[list, list, Array, Array], tuple[list, list]]:
    """The algorithm with some of its equations exchanged for wrong ones.

    ``arrange`` puts the gradients of layers 2 ... L into the list that is handed back.
    """

    def backward(w, b, X, Y):
        L = len(w) - 1
        z, a = [None, None], [None, X]
        for l in range(2, L + 1):
            z.append(a[l - 1] @ w[l].T + b[l])
            a.append(_sigma(z[l]))
        at = _Pass(w, z, a, Y)
        delta = bp1(at)
        dw, db = [bp4(at, delta, L)], [bp3(delta)]
        for l in range(L - 1, 1, -1):
            delta = bp2(at, delta, l)
            dw.insert(0, bp4(at, delta, l))
            db.insert(0, bp3(delta))
        return arrange([None, None, *dw]), arrange([None, None, *db])

    return backward


def _wrong_slope(code: str, slope: Callable[[Array], Array]) -> tuple[Slip, ...]:
    """Something else in the place of sigma': everywhere, in BP-1 only, in BP-2 only."""
    bp1 = lambda at: (at.a[-1] - at.Y) * slope(at.z[-1])
    bp2 = lambda at, delta, l: (delta @ at.w[l + 1]) * slope(at.z[l])
    return (
        Slip(code, "BP-1", _backward(bp1=bp1, bp2=bp2)),
        Slip(code, "BP-1", _backward(bp1=bp1)),
        Slip(code, "BP-2", _backward(bp2=bp2)),
    )


def _wrong_mean(code: str, mean: Callable[[Array, int], Array]) -> tuple[Slip, ...]:
    """Something else than sum / N: in BP-3 and BP-4, in BP-3 only, in BP-4 only."""
    bp3 = lambda delta: mean(delta.sum(axis=0), len(delta))
    bp4 = lambda at, delta, l: mean(delta.T @ at.a[l - 1], len(delta))
    return (
        Slip(code, "BP-3", _backward(bp3=bp3, bp4=bp4)),
        Slip(code, "BP-3", _backward(bp3=bp3)),
        Slip(code, "BP-4", _backward(bp4=bp4)),
    )


def _bp2_with_w_turned_round(at: _Pass, delta: Array, l: int) -> Array:
    return (delta @ at.w[l + 1].T) * _sigma_prime(at.z[l])


def _bp2_after_the_update(at: _Pass, delta: Array, l: int) -> Array:
    return (delta @ (at.w[l + 1] - _bp4(at, delta, l + 1))) * _sigma_prime(at.z[l])


def _bp2_with_both_slopes(at: _Pass, delta: Array, l: int) -> Array:
    return _bp2(at, delta * _sigma_prime(at.z[l + 1]), l)


def _bp2_with_the_slope_above(at: _Pass, delta: Array, l: int) -> Array:
    return (delta @ at.w[l + 1]) * _sigma_prime(at.z[l + 1])


def _bp2_for_dC_da(at: _Pass, delta: Array, l: int) -> Array:
    return (delta * _sigma_prime(at.z[l + 1])) @ at.w[l + 1]


def _bp4_with_z(at: _Pass, delta: Array, l: int) -> Array:
    return delta.T @ (at.z[l - 1] if l > 2 else at.a[1]) / len(delta)


def _by_layer(answer: Any, expected: tuple[list, list]) -> Parts | Fault:
    """The arrays of (dw, db) from layer L down, as the algorithm finds them."""
    try:
        gradients = dict(zip(("dw", "db"), answer, strict=True))
    except Exception:  # whatever the iteration over something else than a pair may raise
        return Fault(
            "wrong shape",
            "backward must return two lists, dw and db",
            look="Does the last line read: return dw, db?",
        )
    parts: dict[str, tuple[Any, Array]] = {}
    for l in range(len(expected[0]) - 1, 1, -1):
        for name, expected_layers in ("db", expected[1]), ("dw", expected[0]):
            try:
                parts[f"{name}[{l}]"] = gradients[name][l], expected_layers[l]
            except Exception:  # whatever indexing something else than a list may raise
                return Fault(
                    "wrong shape",
                    f"{name} has no entry {name}[{l}], expected one for each layer from 2 to "
                    f"{len(expected[0]) - 1}",
                    look="Layer numbers: the gradient of w[l] stands at dw[l], None at 0 and 1.",
                )
    return parts


def _equation_to_blame(faults: Mapping[str, Fault]) -> str:
    """Which equation explains that just these parts are wrong; db of layer L comes first."""
    kinds = {symbol[:2] for symbol in faults}
    if kinds == {"db"}:
        return "BP-3"
    if kinds == {"dw"}:
        return "BP-4"
    return "BP-1 to BP-4"


BACKWARD = Task(
    name="backward",
    equation="backward",
    returns="dw and db",
    convention="dw[l] of the shape of w[l], db[l] of that of b[l], means over the examples",
    hint="Work the 1-1-1 network in the text by hand, and print z, a and delta of every layer.",
    right=_right_backward,
    slips=(
        Slip("M01", "BP-1", _backward(bp1=lambda at: at.a[-1] - at.Y)),
        Slip("M02", "BP-1", _backward(bp1=lambda at: -_bp1(at))),
        Slip("M03", "BP-1", _backward(bp1=lambda at: 2 * _bp1(at))),
        Slip("M03", "BP-1", _backward(bp1=lambda at: _bp1(at) / 2)),
        *_wrong_slope("M04", lambda z: _sigma_prime(_sigma(z))),
        *_wrong_slope("M10", _sigma),
        *_wrong_slope("M11", lambda z: z * (1 - z)),
        *_wrong_slope("M19", lambda z: -_sigma_prime(z))[
            ::2
        ],  # without the second, BP-1 alone: the same as M02
        Slip("M07", "BP-2", _backward(bp2=lambda at, delta, l: delta @ at.w[l + 1])),
        Slip("M08", "BP-2", _backward(bp2=_bp2_with_w_turned_round)),
        Slip("M09", "BP-2", _backward(bp2=_bp2_after_the_update)),
        Slip("M21", "BP-2", _backward(bp2=_bp2_with_both_slopes)),
        Slip("M23", "BP-2", _backward(bp2=_bp2_with_the_slope_above)),
        Slip("M24", "BP-2", _backward(bp2=_bp2_for_dC_da)),
        Slip("M14", "BP-3", _backward(bp3=lambda delta: np.zeros(delta.shape[1]))),
        Slip("M15", "BP-3", _backward(bp3=lambda delta: delta[0])),
        Slip("M15", "BP-3", _backward(bp3=lambda delta: delta[0] / len(delta))),
        Slip("M16", "BP-3", _backward(bp3=lambda delta: delta.mean(axis=1))),
        Slip("M16", "BP-3", _backward(bp3=lambda delta: delta.sum(axis=1) / len(delta))),
        Slip("M11", "BP-4", _backward(bp4=_bp4_with_z)),
        Slip("M26", "BP-4", _backward(bp4=lambda at, delta, l: delta.T @ at.a[l] / len(delta))),
        Slip("M12", "BP-4", _backward(bp4=lambda at, delta, l: _bp4(at, delta, l).T)),
        *_wrong_mean("M13", lambda total, N: total),
        *_wrong_mean("M22", lambda total, N: total / N**2),
        Slip("M43", "BP-3", _backward(arrange=lambda gradients: gradients[2:])),
        Slip("M43", "BP-3", _backward(arrange=lambda gradients: gradients[:1:-1])),
    ),
    draw=draw_networks,
    earlier={
        **SIGMOIDS,
        "output_delta_quadratic": OUTPUT_DELTA_QUADRATIC.right,
        "hidden_delta": HIDDEN_DELTA.right,
        "bias_gradient": BIAS_GRADIENT.right,
        "weight_gradient": WEIGHT_GRADIENT.right,
    },
    split=_by_layer,
    leaves=lambda answer: [g for gradients in answer for g in gradients if g is not None],
    locate=_equation_to_blame,
)

EQUATIONS = (
    SIGMOID,
    SIGMOID_PRIME,
    OUTPUT_DELTA_QUADRATIC,
    OUTPUT_DELTA_CROSS_ENTROPY,
    HIDDEN_DELTA,
    BIAS_GRADIENT,
    WEIGHT_GRADIENT,
    BACKWARD,
)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def sigmoid(function: Function, *, rounds: int = 1) -> None:
    """sigma(z) = 1 / (1 + e^-z), elementwise: ``function(z)``, z (N, d) -> (N, d)."""
    check(SIGMOID, function, rounds)


def sigmoid_prime(function: Function, *, rounds: int = 1) -> None:
    """The slope of the sigmoid, elementwise: ``function(z)``, z (N, d) -> (N, d)."""
    check(SIGMOID_PRIME, function, rounds)


def output_delta_quadratic(function: Function, *, rounds: int = 1) -> None:
    """BP-1 with the quadratic cost: ``function(z, y)``, both (N, d_L) -> (N, d_L)."""
    check(OUTPUT_DELTA_QUADRATIC, function, rounds)


def output_delta_cross_entropy(function: Function, *, rounds: int = 1) -> None:
    """BP-1 with the cross-entropy: ``function(z, y)``, both (N, d_L) -> (N, d_L)."""
    check(OUTPUT_DELTA_CROSS_ENTROPY, function, rounds)


def hidden_delta(function: Function, *, rounds: int = 1) -> None:
    """BP-2: ``function(w_next, delta_next, z)`` -> (N, d_l).

    The shapes are w_next (d_{l+1}, d_l), delta_next (N, d_{l+1}) and z (N, d_l).
    """
    check(HIDDEN_DELTA, function, rounds)


def bias_gradient(function: Function, *, rounds: int = 1) -> None:
    """BP-3: ``function(delta)``, delta (N, d_l) -> (d_l,)."""
    check(BIAS_GRADIENT, function, rounds)


def weight_gradient(function: Function, *, rounds: int = 1) -> None:
    """BP-4: ``function(a_prev, delta)``, (N, d_{l-1}) and (N, d_l) -> (d_l, d_{l-1})."""
    check(WEIGHT_GRADIENT, function, rounds)


def backward(function: Function, *, rounds: int = 1) -> None:
    """The whole algorithm: ``function(w, b, X, Y)`` -> dw, db.

    All four lists are indexed by layer number, None at 0 and 1; X is (N, d_1), Y (N, d_L).
    """
    check(BACKWARD, function, rounds)
