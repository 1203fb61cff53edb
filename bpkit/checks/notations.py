"""What problem set 3 has beside the four equations: a neuron by hand, three other notations.

One task is done with a pencil, two write BP-2 as others do (layer by layer with delta = dE/da and
examples in columns; with the bias as the weight from a_0 = 1), one repairs a slide with the cost
that has no 1/2, and one takes the deltas down to the inputs.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bpkit.activations import ACTIVATIONS, Array
from bpkit.checks.backprop import (
    BACKWARD,
    BIAS_GRADIENT,
    EQUATIONS,
    HIDDEN_DELTA,
    OUTPUT_DELTA_CROSS_ENTROPY,
    OUTPUT_DELTA_QUADRATIC,
    SIGMOIDS,
    WEIGHT_GRADIENT,
    batches,
    draw_networks,
    draw_z_and_y,
)
from bpkit.checks.check import by_hand, check
from bpkit.checks.compare import Fault
from bpkit.checks.parts import several
from bpkit.checks.task import Args, Parts, Slip, Task

_sigma = ACTIVATIONS["sigmoid"]
_sigma_prime = _sigma.prime

# ------------------------------------------------------------------------------ a neuron by hand

_SYMBOLS = "w^3_24", "z^3_2", "a^3_2", "delta^3_2"


def _draw_neurons(rng: np.random.Generator) -> list[Args]:
    """As in the notebook: no two weights that change places in the transpose are equal, and z is
    no whole number, since one weight times 0.3 is an odd number of tenths."""
    return [
        {
            "w_3": _draw_w_3(rng),
            "b_3": rng.choice([-2, -1, 1, 2], 4),
            "a_2": rng.permutation([0.2, 0.3, 0.4, 0.8]),
            "y": rng.integers(0, 2, 4),
        }
        for _ in range(4)
    ]


def _draw_w_3(rng: np.random.Generator) -> Array:
    w_3 = rng.choice([-3, -1, 1, 3], (4, 4))
    while (w_3 == w_3.T).sum() > 4:
        w_3 = rng.choice([-3, -1, 1, 3], (4, 4))
    return w_3


def _neuron(
    *,
    w: Callable[[Array], Array] = lambda w: w,
    b: float = 1,
    delta: Callable[[Any, Any, Any], Any] = lambda z, a, y: (a - y) * a * (1 - a),
) -> Callable[..., list[Any]]:
    """The four numbers, some of them wrong."""

    def neuron(w_3: Array, b_3: Array, a_2: Array, y: Array) -> list[Any]:
        z = w(w_3)[1] @ a_2 + b * b_3[1]
        a = _sigma(z)
        return [w(w_3)[1, 3], z, a, delta(z, a, y[1])]

    return neuron


def _four_numbers(answer: Any, expected: list[float]) -> Parts | Fault:
    """The numbers one by one; those that are still to be found are told together."""
    numbers = list(answer) if isinstance(answer, list | tuple | np.ndarray) else []
    if len(numbers) != len(_SYMBOLS):
        return Fault(
            "wrong shape",
            f"expected a list of four numbers: {', '.join(_SYMBOLS)}",
            look="Keep the brackets and the commas, and put a number in each place.",
        )
    empty = [symbol for symbol, number in zip(_SYMBOLS, numbers) if number is None]
    if empty:
        look = "Work them out with a pencil, and put your numbers in place of None."
        return Fault("not implemented", f"still None: {', '.join(empty)}", look=look)
    return dict(zip(_SYMBOLS, zip(numbers, expected)))


def _symbol_to_blame(faults: Mapping[str, Fault]) -> str:
    return {"w^3_24": "N-1", "z^3_2": "N-1", "a^3_2": "N-2"}.get(next(iter(faults)), "BP-1")


NEURON_BY_HAND = Task(
    name="neuron_by_hand",
    equation="BP-1",
    returns="neuron_by_hand",
    convention="a list of w^3_24, z^3_2, a^3_2, delta^3_2, not rounded",
    hint="Put row 2 of w^3 beside a^2, and write down each product before you add.",
    right=_neuron(),
    slips=(
        Slip("M45", "N-1", _neuron(w=np.transpose)),
        Slip("M51", "N-1", _neuron(b=0)),
        Slip("M01", "BP-1", _neuron(delta=lambda z, a, y: a - y)),
        Slip("M02", "BP-1", _neuron(delta=lambda z, a, y: (y - a) * a * (1 - a))),
        Slip("M03", "BP-1", _neuron(delta=lambda z, a, y: 2 * (a - y) * a * (1 - a))),
        Slip("M04", "BP-1", _neuron(delta=lambda z, a, y: (a - y) * _sigma_prime(a))),
        Slip("M10", "BP-1", _neuron(delta=lambda z, a, y: (a - y) * a)),
        Slip("M11", "BP-1", _neuron(delta=lambda z, a, y: (a - y) * z * (1 - z))),
        Slip("M11", "BP-1", _neuron(delta=lambda z, a, y: (z - y) * a * (1 - a))),
    ),
    draw=_draw_neurons,
    split=_four_numbers,
    leaves=list,
    locate=_symbol_to_blame,
)

# -------------------------------------------------------------------------- layer by layer, dE/da


def _draw_layers(rng: np.random.Generator) -> list[Args]:
    """Examples in columns, W from the lower layer to the upper one."""
    return [
        {
            "W": rng.normal(size=(lower, upper)),
            "z": rng.normal(0, 1.5, (upper, N)),
            "delta": rng.normal(size=(upper, N)),
        }
        for N, (lower, upper) in batches(rng)
    ]


def _layer_wise(slope: Callable[[Array], Array]) -> Callable[..., tuple[Array, Array]]:
    return lambda W, z, delta: (W @ (slope(z) * delta), (slope(z) * delta).T)


LAYER_WISE_STEP = Task(
    name="layer_wise_step",
    equation="LW-2",
    returns="delta_below and ours",
    convention="dE/da of layer l-1 with examples in columns, our delta^l with examples in rows",
    hint="Work the case in the text by hand: first the bend of layer l, then its weights.",
    right=_layer_wise(_sigma_prime),
    slips=(
        Slip("M46", "LW-2", lambda W, z, d: ((W @ d) * _sigma_prime(z), (d * _sigma_prime(z)).T)),
        Slip("M47", "LW-2", lambda W, z, d: (W @ (_sigma_prime(z) * d), d.T)),
        Slip("M07", "LW-2", lambda W, z, d: (W @ d, (_sigma_prime(z) * d).T)),
        Slip("M07", "LW-2", lambda W, z, d: (W @ d, d.T)),
        Slip("M08", "LW-2", lambda W, z, d: (W.T @ (_sigma_prime(z) * d), (_sigma_prime(z) * d).T)),
        Slip("M04", "LW-2", _layer_wise(lambda z: _sigma_prime(_sigma(z)))),
        Slip("M10", "LW-2", _layer_wise(_sigma)),
        Slip("M11", "LW-2", _layer_wise(lambda z: z * (1 - z))),
    ),
    draw=_draw_layers,
    earlier=SIGMOIDS,
    split=several("delta_below", "ours"),
    leaves=list,
)

# -------------------------------------------------------------------- the bias as the weight of a_0


def _draw_thetas(rng: np.random.Generator) -> list[Args]:
    """Theta rectangular and square, and w without its biases square; a_0 is not counted."""
    lower, upper, single = rng.permutation([3, 4, 5])
    sizes = [(5, (lower, upper)), (5, (upper, upper + 1)), (4, (4, 4)), (1, (upper, single))]
    return [
        {
            "theta": rng.normal(size=(above, below + 1)),
            "a": rng.uniform(0.05, 0.95, (N, below)),
            "delta_next": rng.normal(size=(N, above)),
        }
        for N, (below, above) in sizes
    ]


def _with_ones(a: Array) -> Array:
    return np.column_stack([np.ones(len(a)), a])


def _theta(
    *,
    back: Callable[[Array, Array], Array] = lambda theta, delta: (delta @ theta)[:, 1:],
    slope: Callable[[Array], Array] = lambda a: a * (1 - a),
    gradient: Callable[[Array, Array], Array] = lambda a, delta: delta.T @ _with_ones(a) / len(a),
) -> Callable[..., tuple[Array, Array]]:
    """delta and dtheta, some of it wrong."""
    return lambda theta, a, delta: (back(theta, delta) * slope(a), gradient(a, delta))


THETA_STEP = Task(
    name="theta_step",
    equation="TH-2",
    returns="delta and dtheta",
    convention="delta with one row per example and no column for a_0, dtheta shaped like theta",
    hint="Work the case in the text by hand, and mark which numbers belong to a_0 = 1.",
    right=_theta(),
    slips=(
        Slip("M25", "TH-2", _theta(back=lambda theta, delta: (delta @ theta)[:, :-1])),
        Slip("M08", "TH-2", _theta(back=lambda theta, delta: (delta @ theta.T)[:, 1:])),
        Slip("M08", "TH-2", _theta(back=lambda theta, delta: delta @ theta[:, 1:].T)),
        Slip("M07", "TH-2", _theta(slope=np.ones_like)),
        Slip("M04", "TH-2", _theta(slope=_sigma_prime)),
        Slip("M10", "TH-2", _theta(slope=lambda a: a)),
        Slip("M12", "TH-3", _theta(gradient=lambda a, d: _with_ones(a).T @ d / len(a))),
        Slip("M13", "TH-3", _theta(gradient=lambda a, d: d.T @ _with_ones(a))),
        Slip("M22", "TH-3", _theta(gradient=lambda a, d: d.T @ _with_ones(a) / len(a) ** 2)),
        Slip(
            "M48",
            "TH-3",
            _theta(gradient=lambda a, d: np.roll(d.T @ _with_ones(a) / len(a), -1, axis=1)),
        ),
    ),
    draw=_draw_thetas,
    earlier={
        **SIGMOIDS,
        "hidden_delta": HIDDEN_DELTA.right,
        "bias_gradient": BIAS_GRADIENT.right,
        "weight_gradient": WEIGHT_GRADIENT.right,
    },
    split=several("delta", "dtheta"),
    leaves=list,
    locate=lambda faults: "TH-2" if "delta" in faults else "TH-3",
)

# ---------------------------------------------------------------------------- a slide, repaired


SLIDE_OUTPUT_DELTA = Task(
    name="slide_output_delta",
    equation="BP-1",
    returns="delta",
    convention="one row per example, each of its own cost, no mean taken",
    hint="Differentiate the cost on the slide by one a_j, letter by letter, and put it into BP-1.",
    right=lambda z, y: 2 * (_sigma(z) - y) * _sigma_prime(z),
    slips=(
        Slip("M03", "BP-1", lambda z, y: (_sigma(z) - y) * _sigma_prime(z)),
        Slip("M03", "BP-1", lambda z, y: 4 * (_sigma(z) - y) * _sigma_prime(z)),
        Slip("M02", "BP-1", lambda z, y: 2 * (y - _sigma(z)) * _sigma_prime(z)),
        Slip("M01", "BP-1", lambda z, y: 2 * (_sigma(z) - y)),
        Slip("M04", "BP-1", lambda z, y: 2 * (_sigma(z) - y) * _sigma_prime(_sigma(z))),
        Slip("M10", "BP-1", lambda z, y: 2 * (_sigma(z) - y) * _sigma(z)),
        Slip("M11", "BP-1", lambda z, y: 2 * (z - y) * _sigma_prime(z)),
        Slip("M22", "BP-1", lambda z, y: 2 * (_sigma(z) - y) * _sigma_prime(z) / len(z)),
    ),
    draw=draw_z_and_y,
    earlier={
        **SIGMOIDS,
        "output_delta_quadratic": OUTPUT_DELTA_QUADRATIC.right,
        "output_delta_cross_entropy": OUTPUT_DELTA_CROSS_ENTROPY.right,
    },
)

# --------------------------------------------------------------------------- down to the inputs


def _down_to_x(
    last: Callable[[Array, Array, Array], Array],
) -> Callable[[list, list, Array, Array], Array]:
    """The deltas down to layer 2, and then a last step from w^2, delta^2 and X."""

    def input_gradient(w: list, b: list, X: Array, Y: Array) -> Array:
        z: list[Any] = [None, None]
        a = [None, X]
        for l in range(2, len(w)):
            z.append(a[-1] @ w[l].T + b[l])
            a.append(_sigma(z[l]))
        delta = OUTPUT_DELTA_QUADRATIC.right(z[-1], Y)
        for l in range(len(w) - 2, 1, -1):
            delta = HIDDEN_DELTA.right(w[l + 1], delta, z[l])
        return last(w[2], delta, X)

    return input_gradient


INPUT_GRADIENT = Task(
    name="input_gradient",
    equation="BP-2",
    returns="dC/dx",
    convention="shaped like X, each row the slope of that example's own cost",
    hint="Nudge one input: it reaches every z of layer 2, along which weights?",
    right=_down_to_x(lambda w, delta, X: delta @ w),
    slips=(
        Slip("M49", "BP-2", _down_to_x(lambda w, delta, X: (delta @ w) * _sigma_prime(X))),
        Slip("M49", "BP-2", _down_to_x(lambda w, delta, X: (delta @ w) * X * (1 - X))),
        Slip("M08", "BP-2", _down_to_x(lambda w, delta, X: delta @ w.T)),
        Slip("M22", "BP-2", _down_to_x(lambda w, delta, X: delta @ w / len(X))),
    ),
    draw=draw_networks,
    earlier={**BACKWARD.earlier, "backward": BACKWARD.right},
)

PS3 = (
    NEURON_BY_HAND,
    *EQUATIONS,
    LAYER_WISE_STEP,
    THETA_STEP,
    SLIDE_OUTPUT_DELTA,
    INPUT_GRADIENT,
)
PS3_BY_HAND = (NEURON_BY_HAND,)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def neuron_by_hand(answer: Any, w_3: Array, b_3: Array, a_2: Array, y: Array) -> None:
    """The list of w^3_24, z^3_2, a^3_2 and delta^3_2; w_3 is (4, 4), the others (4,)."""
    by_hand(NEURON_BY_HAND, answer, {"w_3": w_3, "b_3": b_3, "a_2": a_2, "y": y})


def layer_wise_step(function: Function, *, rounds: int = 1) -> None:
    """LW-2: ``function(W, z, delta)`` -> dE/da of layer l-1 (d_{l-1}, N), our delta^l (N, d_l).

    W is (d_{l-1}, d_l), z and delta = dE/da of layer l are (d_l, N), with examples in columns.
    """
    check(LAYER_WISE_STEP, function, rounds)


def theta_step(function: Function, *, rounds: int = 1) -> None:
    """TH-2 and TH-3: ``function(theta, a, delta_next)`` -> delta (N, s_l), dtheta like theta.

    theta is (s_{l+1}, s_l + 1), a (N, s_l), delta_next (N, s_{l+1}).
    """
    check(THETA_STEP, function, rounds)


def slide_output_delta(function: Function, *, rounds: int = 1) -> None:
    """BP-1 with the cost |a - y|^2: ``function(z, y)``, both (N, d_L) -> (N, d_L)."""
    check(SLIDE_OUTPUT_DELTA, function, rounds)


def input_gradient(function: Function, *, rounds: int = 1) -> None:
    """The slope of each example's cost at its inputs: ``function(w, b, X, Y)`` -> (N, d_1)."""
    check(INPUT_GRADIENT, function, rounds)
