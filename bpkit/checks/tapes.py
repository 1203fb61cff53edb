"""The checks of problem set 6, second part: differentiating along a tape of operations.

A tape is data: a list of operations with the positions of their operands, as in
``[("input",), ("input",), ("multiply", 0, 1), ("sum", 2)]``, beside the list of their values. A
rule (a vector-Jacobian product) turns ``g``, the gradient of an operation's value, into those of
its operands.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.checks.check import check
from bpkit.checks.compare import Fault
from bpkit.checks.task import Args, Parts, Slip, Task


def pair(what: str, *symbols: str) -> Callable[[Any, Any], Parts | Fault]:
    """Takes apart an answer of several values; ``what`` says of what they are expected."""

    def split(answer: Any, expected: Any) -> Parts | Fault:
        listed = isinstance(answer, tuple | list) or getattr(answer, "ndim", 0) > 0
        if not listed or len(answer) != len(symbols):
            return Fault("wrong shape", f"{what} two values, {' and '.join(symbols)}")
        return {symbol: parts for symbol, parts in zip(symbols, zip(answer, expected))}

    return split


# ------------------------------------------------------------------------- the rules of the tape


def _unbroadcast(g: Array, shape: Sequence[int], total: Callable[..., Array] = np.sum) -> Array:
    """The sum of g over every axis along which a value of this shape was repeated."""
    g = total(g, axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(axis for axis, d in enumerate(shape) if d == 1 and g.shape[axis] != 1)
    return total(g, axis=stretched, keepdims=True)


def _first(g: Array, axis: tuple[int, ...], keepdims: bool = False) -> Array:
    return g[tuple([0] if n in axis else slice(None) for n in range(g.ndim))].reshape(
        [1 if n in axis else d for n, d in enumerate(g.shape) if keepdims or n not in axis]
    )


def _draw_shapes(rng: np.random.Generator) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs of shapes that broadcast: as of a bias, a column, a number, and none at all."""
    N, d = (int(n) for n in rng.permutation([3, 4, 5])[:2])
    return [((N, d), (d,)), ((N, d), (N, 1)), ((N, d), (1, d)), ((d, d), (d,)), ((N, d), ())]


def _positive(rng: np.random.Generator, shape: Sequence[int]) -> Array:
    """Numbers between 1/2 and 3/2: sums of their products do not cancel."""
    return rng.uniform(0.5, 1.5, tuple(shape))


def _draw_unbroadcast(rng: np.random.Generator) -> list[Args]:
    pairs = [*_draw_shapes(rng), ((2, 3, 4), (3, 1)), ((3, 4), (3, 4))]
    return [{"g": _positive(rng, large), "shape": small} for large, small in pairs]


UNBROADCAST = Task(
    name="unbroadcast",
    equation="tape",
    returns="gradient",
    convention="of the given shape",
    hint="How often does each entry of the small array stand in the large one? Mark the places.",
    right=_unbroadcast,
    slips=(
        Slip("M97", "tape", lambda g, shape: _unbroadcast(g, shape, np.mean)),
        Slip("M97", "tape", lambda g, shape: _unbroadcast(g, shape, _first)),
    ),
    draw=_draw_unbroadcast,
)


def _vjp_multiply(g: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return _unbroadcast(g * y, x.shape), _unbroadcast(g * x, y.shape)


def _ones_for_g(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, *operands: rule(np.ones_like(g), *operands)


def _draw_multiply(rng: np.random.Generator) -> list[Args]:
    pairs = [((3, 4), (3, 4)), *_draw_shapes(rng)]
    pairs += [(small, large) for large, small in _draw_shapes(rng)[:2]]
    return [
        {
            "g": _positive(rng, np.broadcast_shapes(x, y)),
            "x": _positive(rng, x),
            "y": _positive(rng, y),
        }
        for x, y in pairs
    ]


VJP_MULTIPLY = Task(
    name="vjp_multiply",
    equation="tape",
    returns="dx and dy",
    convention="two arrays, of the shapes of x and of y",
    hint="Nudge one entry of x: which entries of the product move, and by how much?",
    right=_vjp_multiply,
    slips=(
        Slip("M98", "tape", _ones_for_g(_vjp_multiply)),
        Slip("M98", "tape", lambda g, x, y: (y, x)),
        Slip(
            "M99",
            "tape",
            lambda g, x, y: (_unbroadcast(g * x, x.shape), _unbroadcast(g * y, y.shape)),
        ),
    ),
    draw=_draw_multiply,
    earlier={"unbroadcast": UNBROADCAST.right},
    split=pair("vjp_multiply must return", "dx", "dy"),
    leaves=list,
)


def _vjp_matmul(g: Array, x: Array, y: Array) -> tuple[Array, Array]:
    return g @ y.T, x.T @ g


def _draw_matmul(rng: np.random.Generator) -> list[Args]:
    n, m, p = (int(d) for d in rng.permutation([3, 4, 5]))
    return [
        {"g": _positive(rng, (a, c)), "x": _positive(rng, (a, b)), "y": _positive(rng, (b, c))}
        for a, b, c in [(n, m, p), (m, m, m), (n, m, 1), (1, p, m)]
    ]


VJP_MATMUL = Task(
    name="vjp_matmul",
    equation="tape",
    returns="dx and dy",
    convention="two arrays, of the shapes of x and of y",
    hint="Write the shapes of g, x and y: which product has the shape of x, and which that of y?",
    right=_vjp_matmul,
    slips=(
        Slip("M98", "tape", _ones_for_g(_vjp_matmul)),
        Slip("M99", "tape", lambda g, x, y: (g @ y, x @ g)),
        Slip("M99", "tape", lambda g, x, y: (x.T @ g, g @ y.T)),
    ),
    draw=_draw_matmul,
    split=pair("vjp_matmul must return", "dx", "dy"),
    leaves=list,
)

# ------------------------------------------------------------------------ walking the tape back

Tape = list[tuple]

VALUES: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "multiply": np.multiply,
    "matmul": np.matmul,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sum": np.sum,
}

RULES: dict[str, Callable[..., tuple]] = {
    "add": lambda g, x, y: (_unbroadcast(g, x.shape), _unbroadcast(g, y.shape)),
    "multiply": _vjp_multiply,
    "matmul": _vjp_matmul,
    "tanh": lambda g, x: (g * (1 - np.tanh(x) ** 2),),
    "exp": lambda g, x: (g * np.exp(x),),
    "log": lambda g, x: (g / x,),
    "sum": lambda g, x: (np.full(x.shape, g),),
}
"""For each operand of an operation its share of g, the gradient of the operation's value."""


def _tape_gradients(
    add: Callable[[Any, Any], Any] = lambda before, flow: before + flow,
    direction: int = -1,
    passed_on: Callable[[Any], Any] = lambda g: g,
) -> Callable[[Tape, list], list]:
    """The walk along a tape with one of its steps exchanged."""

    def gradients(tape, values):
        gradient = [np.zeros(np.shape(value)) for value in values]
        gradient[-1] = np.ones(np.shape(values[-1]))
        for here in range(len(tape))[::direction]:
            operation, *operands = tape[here]
            if operands:
                g = passed_on(gradient[here])
                for k, flow in zip(operands, RULES[operation](g, *(values[k] for k in operands))):
                    gradient[k] = np.asarray(add(gradient[k], flow))
        return gradient

    return gradients


def _values(tape: Tape, inputs: Sequence[Array]) -> list[Array]:
    values: list[Array] = list(inputs)
    for operation, *operands in tape[len(inputs) :]:
        values.append(np.asarray(VALUES[operation](*(values[k] for k in operands))))
    return values


def _tapes(rng: np.random.Generator) -> list[tuple[Tape, list[Array]]]:
    """A tape and its inputs: values used twice, a broadcast bias, weights used in three steps."""
    N, d = (int(n) for n in rng.permutation([3, 4, 5])[:2])
    twice = [("input",), ("input",), ("multiply", 0, 1), ("exp", 0), ("add", 2, 3)]
    twice += [("multiply", 4, 4), ("multiply", 5, 2), ("log", 6)]
    layer = [("input",)] * 4 + [("matmul", 0, 1), ("add", 4, 2), ("tanh", 5), ("matmul", 6, 3)]
    layer += [("multiply", 7, 7), ("sum", 8)]
    steps = [("input",)] * 3 + [("matmul", 0, 1), ("add", 3, 2), ("tanh", 4), ("matmul", 5, 1)]
    steps += [("add", 6, 2), ("tanh", 7), ("matmul", 8, 1), ("multiply", 9, 5), ("sum", 10)]
    small = lambda *shape: 0.3 * _positive(rng, shape)
    return [
        (twice, [_positive(rng, ()), _positive(rng, ())]),
        (layer, [small(N, d), small(d, 2), small(2), small(2, 1)]),
        (steps, [small(N, d), small(d, d), small(1, d)]),
    ]


def _draw_tapes(rng: np.random.Generator) -> list[Args]:
    return [{"tape": tape, "values": _values(tape, inputs)} for tape, inputs in _tapes(rng)]


def _by_position(answer: Any, expected: Sequence) -> Parts | Fault:
    """The gradients from the end of the tape to its beginning, as the walk finds them."""
    if not isinstance(answer, list | tuple) or len(answer) != len(expected):
        return Fault(
            "wrong shape",
            f"tape_gradients must return a list of {len(expected)} gradients, one for each value",
        )
    last = len(expected) - 1
    return {f"gradient[{k}]": (answer[k], expected[k]) for k in range(last, -1, -1)}


TAPE_GRADIENTS = Task(
    name="tape_gradients",
    equation="tape",
    returns="gradient",
    convention="a list as long as the tape, each gradient of the shape of its value",
    hint="Walk the tape in the text by hand, from its end, and keep a list of what has arrived.",
    right=_tape_gradients(),
    slips=(
        Slip("M27", "tape", _tape_gradients(add=lambda before, flow: flow)),
        Slip("M91", "tape", _tape_gradients(direction=1)),
        Slip("M98", "tape", _tape_gradients(passed_on=np.ones_like)),
    ),
    draw=_draw_tapes,
    earlier={
        "unbroadcast": UNBROADCAST.right,
        "vjp_multiply": VJP_MULTIPLY.right,
        "vjp_matmul": VJP_MATMUL.right,
    },
    split=_by_position,
    leaves=list,
)

# ------------------------------------------------------------------- walking the tape with the run

PUSHES: dict[str, Callable[..., list]] = {
    "add": lambda x, y, dx, dy: [dx, dy],
    "multiply": lambda x, y, dx, dy: [dx * y, x * dy],
    "matmul": lambda x, y, dx, dy: [dx @ y, x @ dy],
    "tanh": lambda x, dx: [(1 - np.tanh(x) ** 2) * dx],
    "exp": lambda x, dx: [np.exp(x) * dx],
    "log": lambda x, dx: [dx / x],
    "sum": lambda x, dx: [np.sum(dx)],
}
"""How an operation's value moves with each of its operands; the moves add up."""


def _forward_mode(total: Callable[[list], Any] = sum) -> Callable[[Tape, list, list], Any]:
    def forward_mode(tape, values, direction):
        moves = list(direction)
        for here, (operation, *operands) in enumerate(tape):
            if operands:
                at = [values[k] for k in operands]
                moves[here] = total(PUSHES[operation](*at, *(moves[k] for k in operands)))
        return moves[-1]

    return forward_mode


def _draw_directions(rng: np.random.Generator) -> list[Args]:
    instances: list[Args] = []
    for tape, inputs in _tapes(rng):
        moves = [_positive(rng, value.shape) for value in inputs]
        rest: list[None] = [None] * (len(tape) - len(inputs))
        instances.append(
            {"tape": tape, "values": _values(tape, inputs), "direction": [*moves, *rest]}
        )
    return instances


FORWARD_MODE = Task(
    name="forward_mode",
    equation="tape",
    returns="derivative",
    convention="one number, that of the last value along the direction",
    hint="Keep a list of moves beside the values: how does each value move when its operands do?",
    right=_forward_mode(),
    slips=(
        Slip("M94", "tape", _forward_mode(lambda terms: terms[-1])),
        Slip("M94", "tape", _forward_mode(lambda terms: terms[0])),
    ),
    draw=_draw_directions,
)

TAPES = (UNBROADCAST, VJP_MULTIPLY, VJP_MATMUL, TAPE_GRADIENTS, FORWARD_MODE)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def unbroadcast(function: Function, *, rounds: int = 1) -> None:
    """Undo broadcasting: ``function(g, shape)`` -> g summed to the shape."""
    check(UNBROADCAST, function, rounds)


def vjp_multiply(function: Function, *, rounds: int = 1) -> None:
    """The rule of x * y: ``function(g, x, y)`` -> dx, dy."""
    check(VJP_MULTIPLY, function, rounds)


def vjp_matmul(function: Function, *, rounds: int = 1) -> None:
    """The rule of x @ y: ``function(g, x, y)``, (n, p), (n, m), (m, p) -> dx, dy."""
    check(VJP_MATMUL, function, rounds)


def tape_gradients(function: Function, *, rounds: int = 1) -> None:
    """The reverse walk: ``function(tape, values)`` -> the gradient of the last value by each."""
    check(TAPE_GRADIENTS, function, rounds)


def forward_mode(function: Function, *, rounds: int = 1) -> None:
    """The forward walk: ``function(tape, values, direction)`` -> a derivative, one number."""
    check(FORWARD_MODE, function, rounds)
