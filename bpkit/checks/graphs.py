"""The checks of problem set 6, first part: backpropagation on a graph of neurons.

A graph is data: neurons are whole numbers, ``w[i, j]`` is the weight of the edge from i to j, and
``a``, ``into`` and ``Delta`` are dictionaries by neuron. The activation is g = tanh in every neuron
that has an in_j, the cost is J = sum (y - a)^2 without 1/2. With numbers in the dictionaries it is
one example, with arrays (B,) a batch. In the warm-up alone g is bent: slope 2 above 0, 1/2 below.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from graphlib import TopologicalSorter
from typing import Any

import numpy as np

from bpkit.activations import Array
from bpkit.checks.check import by_hand, check
from bpkit.checks.compare import Fault, numbers_in
from bpkit.checks.messages import CheckFailed
from bpkit.checks.tapes import TAPES, pair
from bpkit.checks.task import Args, Parts, Slip, Task

Edge = tuple[int, int]
ByNeuron = dict[int, Any]

# ------------------------------------------------------------------------------------- instances
# A graph with two paths from one neuron, a shortcut past a level, two outputs, and numbers on the
# neurons that tell nothing of their order. Nothing cancels: float32 must be as right as float64.

SEVEN = [(1, 3), (2, 3), (2, 4), (3, 5), (3, 6), (4, 6), (5, 7), (6, 7)]
"""The edges of the seven neurons of the lectures."""


def _order(edges: Sequence[Edge]) -> list[int]:
    """The neurons so ordered that every edge leads forward."""
    sorter: TopologicalSorter = TopologicalSorter()
    for i, j in edges:
        sorter.add(j, i)
    return list(sorter.static_order())


def _mixed_graph(rng: np.random.Generator, inputs: int, hidden: int, outputs: int) -> list[Edge]:
    """Edges in no order: each neuron is fed by some before it, and feeds some behind it."""
    neurons = [int(j) for j in rng.permutation(inputs + hidden + outputs) + 1]
    inner = neurons[inputs : inputs + hidden]
    edges = set(zip(inner, inner[1:]))
    for at, j in enumerate(neurons[inputs:], start=inputs):
        before = neurons[: min(at, inputs + hidden)]
        edges |= {(int(i), j) for i in rng.choice(before, min(2, len(before)), replace=False)}
    edges |= {(i, int(rng.choice(inner))) for i in neurons[:inputs]}
    edges |= {(inner[0], neurons[-1]), (inner[-1], int(rng.choice(neurons[-outputs:])))}
    return [(i, j) for i, j in rng.permutation(sorted(edges)).tolist()]


def _sizes(rng: np.random.Generator, size: int | None = None) -> Any:
    """Numbers well away from 0, of either sign."""
    return rng.uniform(0.3, 1.1, size) * rng.choice([-1, 1], size)


def _run(rng: np.random.Generator, edges: Sequence[Edge], size: int | None = None) -> Args:
    """A graph with weights, activations, labels and deltas."""
    order, w = _order(edges), {edge: float(_sizes(rng)) for edge in edges}
    fed, feeding = {j for _, j in edges}, {i for i, _ in edges}
    x = {j: _sizes(rng, size) for j in order if j not in fed}
    a = _right_forward(order, w, x)[1]
    y = {j: a[j] + _sizes(rng, size) for j in order if j not in feeding}
    return {"order": order, "w": w, "x": x, "a": a, "y": y, "delta": _deltas()(order, w, a, y)}


def _graphs(rng: np.random.Generator) -> list[list[Edge]]:
    layers = [(i, j) for i in (1, 2) for j in (3, 4, 5)] + [
        (j, k) for j in (3, 4, 5) for k in (6, 7)
    ]
    return [_mixed_graph(rng, 2, 4, 2), [*SEVEN], _mixed_graph(rng, 3, 3, 1), layers]


def _draw(*names: str, size: int | None = None) -> Callable[[np.random.Generator], list[Args]]:
    """Instances with these arguments, drawn until each is well conditioned."""

    def draw(rng: np.random.Generator) -> list[Args]:
        return [_take(_steady_run(rng, edges, size), names) for edges in _graphs(rng)]

    return draw


def _steady_run(rng: np.random.Generator, edges: Sequence[Edge], size: int | None) -> Args:
    return _until(_is_steady, lambda: _run(rng, edges, size))


def _take(run: Args, names: Sequence[str]) -> Args:
    return {name: run[name] for name in names}


def _until(good: Callable[[Any], bool], draw: Callable[[], Any]) -> Any:
    while not good(drawn := draw()):
        pass
    return drawn


def _is_steady(run: Args) -> bool:
    """Whether float32 gives each number of a run to six digits, and nothing is saturated."""
    order, w, x, y = (_in_float32(run[name]) for name in ("order", "w", "x", "y"))
    a = _right_forward(order, w, x)[1]
    pairs = [(a, run["a"]), (_deltas()(order, w, a, y), run["delta"])]
    return all(
        np.all(abs(rough[j] - exact[j]) < 2e-6 * abs(exact[j])) and np.all(abs(exact[j]) > 0.01)
        for rough, exact in pairs
        for j in exact
    ) and all(np.all(abs(a_j) < 0.97) for j, a_j in a.items() if j not in x)


def _in_float32(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _in_float32(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_in_float32(part) for part in value]
    return np.float32(value) if isinstance(value, float | np.ndarray) else value


# ------------------------------------------------------------------------------ what is handed in


def _by_key(task: str, symbol: str) -> Callable[[Any, Mapping], Parts | Fault]:
    """Takes apart a dictionary, in the order in which its entries are worked out."""

    def split(answer: Any, expected: Any) -> Parts | Fault:
        if not isinstance(answer, dict):
            kind = type(answer).__name__
            return Fault("wrong shape", f"{task} returns {kind} data, expected a dictionary")
        return _entries(symbol, answer, expected) or {
            f"{symbol}[{key!r}]": (answer[key], value) for key, value in expected.items()
        }

    return split


def _entries(symbol: str, answer: Mapping, expected: Mapping) -> Fault | None:
    """The fault of a dictionary that lacks an entry."""
    for key in expected:
        if key not in answer:
            keys = ", ".join(repr(k) for k in sorted(expected))
            return Fault("wrong shape", f"{symbol} has no entry {symbol}[{key!r}], expected {keys}")
    return None


def _sorted_values(answer: Mapping) -> list[Any]:
    return [answer[key] for key in sorted(answer)]


# ------------------------------------------------------------------ the warm-up, by hand: G-2, G-3


def _bent_slope(into: float) -> float:
    return 2.0 if into > 0 else 0.5


def _bent(into: float) -> float:
    return _bent_slope(into) * into


def draw_seven(rng: np.random.Generator) -> Args:
    """Small numbers on the seven neurons, drawn as in the notebook: no two slips look alike."""
    while True:
        w = dict(zip(SEVEN, rng.choice([-2, -1, 1, 2], 8).tolist()))
        a: ByNeuron = dict(zip((1, 2), rng.integers(1, 4, 2).tolist()))
        into: ByNeuron = {}
        for j in (3, 4, 5, 6, 7):
            into[j] = sum(w[i, k] * a[i] for i, k in w if k == j)
            a[j] = _bent(into[j])
        small = abs(into[3]) > 1 and into[5] > 0 > into[6] and -9 < into[7] < -1
        if small and abs(w[3, 5] * w[5, 7]) >= abs(w[3, 6] * w[6, 7]):
            break
    y = int(a[7] // 1) + int(rng.choice([-2, 2]))
    return {"w": w, "into": into, "a": a, "y": y, "deltas": _seven_deltas(w, into, a, y)}


def _seven_deltas(w: Mapping[Edge, int], into: ByNeuron, a: ByNeuron, y: int) -> ByNeuron:
    delta: ByNeuron = {7: -2 * (y - a[7]) * _bent_slope(into[7])}
    for j in (6, 5):
        delta[j] = _bent_slope(into[j]) * w[j, 7] * delta[7]
    return delta


def _draw_delta_7(rng: np.random.Generator) -> list[Args]:
    return [_take(draw_seven(rng), ("into", "a", "y")) for _ in range(4)]


def _draw_deltas_5_6(rng: np.random.Generator) -> list[Args]:
    runs = [draw_seven(rng) for _ in range(4)]
    return [{**_take(run, ("w", "into", "a")), "delta_7": run["deltas"][7]} for run in runs]


def _draw_delta_3(rng: np.random.Generator) -> list[Args]:
    runs = [draw_seven(rng) for _ in range(4)]
    return [
        {**_take(run, ("w", "into", "a")), "deltas_5_6": (run["deltas"][5], run["deltas"][6])}
        for run in runs
    ]


GRAPH_DELTA_7 = Task(
    name="graph_delta_7",
    equation="G-2",
    returns="Delta_7",
    convention="one number, dJ/d in_7",
    hint="Two factors: how J changes with a_7, and how a_7 changes with in_7.",
    right=lambda into, a, y: -2 * (y - a[7]) * _bent_slope(into[7]),
    slips=(
        Slip("M01", "G-2", lambda into, a, y: -2 * (y - a[7])),
        Slip("M02", "G-2", lambda into, a, y: 2 * (y - a[7]) * _bent_slope(into[7])),
        Slip("M03", "G-2", lambda into, a, y: (a[7] - y) * _bent_slope(into[7])),
        Slip("M10", "G-2", lambda into, a, y: -2 * (y - a[7]) * a[7]),
    ),
    draw=_draw_delta_7,
)


def _fifth_and_sixth(factor: Callable[[ByNeuron, ByNeuron, int], float]) -> Callable[..., Any]:
    """(Delta_5, Delta_6) with this factor in the place of g'(in_j)."""
    return lambda w, into, a, delta_7: tuple(factor(into, a, j) * w[j, 7] * delta_7 for j in (5, 6))


GRAPH_DELTAS_5_6 = Task(
    name="graph_deltas_5_6",
    equation="G-3",
    returns="(Delta_5, Delta_6)",
    convention="two numbers, dJ/d in_5 and dJ/d in_6",
    hint="One edge leads on from each of them. What is the slope of g at in_5, and at in_6?",
    right=_fifth_and_sixth(lambda into, a, j: _bent_slope(into[j])),
    slips=(
        Slip("M07", "G-3", _fifth_and_sixth(lambda into, a, j: 1)),
        Slip("M10", "G-3", _fifth_and_sixth(lambda into, a, j: a[j])),
        Slip("M24", "G-3", _fifth_and_sixth(lambda into, a, j: _bent_slope(into[7]))),
        Slip(
            "M21",
            "G-3",
            _fifth_and_sixth(lambda into, a, j: _bent_slope(into[j]) * _bent_slope(into[7])),
        ),
    ),
    draw=_draw_deltas_5_6,
    split=pair("graph_deltas_5_6 must be", "Delta_5", "Delta_6"),
    leaves=list,
)


def _third(
    own: Callable[[ByNeuron, ByNeuron], float] = lambda into, a: _bent_slope(into[3]),
    ways: Sequence[int] = (5, 6),
    upper: Callable[[float], float] = lambda into: 1.0,
) -> Callable[..., float]:
    """Delta_3 with these ways on, this factor of its own, and this one at the other end."""

    def delta_3(w, into, a, deltas_5_6):
        delta = dict(zip((5, 6), deltas_5_6))
        return own(into, a) * sum(w[3, k] * upper(into[k]) * delta[k] for k in ways)

    return delta_3


GRAPH_DELTA_3 = Task(
    name="graph_delta_3",
    equation="G-3",
    returns="Delta_3",
    convention="one number, dJ/d in_3",
    hint="Draw neuron 3 and all edges that leave it; write weight times Delta on each.",
    right=_third(),
    slips=(
        Slip("M27", "G-3", _third(ways=(6,))),
        Slip("M27", "G-3", _third(ways=(5,))),
        Slip("M07", "G-3", _third(own=lambda into, a: 1)),
        Slip("M10", "G-3", _third(own=lambda into, a: a[3])),
        Slip("M24", "G-3", _third(own=lambda into, a: 1, upper=_bent_slope)),
        Slip("M21", "G-3", _third(upper=_bent_slope)),
    ),
    draw=_draw_delta_3,
)

# ----------------------------------------------------------------------------- the order of a walk


def _levels(edges: Sequence[Edge], of: Callable[..., int] = max) -> dict[int, int]:
    """For each neuron 1 + the largest of the levels before it, 0 where nothing leads in."""
    level: dict[int, int] = {}
    for j in _order(edges):
        level[j] = of((level[i] + 1 for i, k in edges if k == j), default=0)
    return level


def _levels_in_one_pass(edges: Sequence[Edge]) -> dict[int, int]:
    level: dict[int, int] = {}
    for i, j in edges:
        level[j] = max(level.get(j, 0), level.setdefault(i, 0) + 1)
    return level


def _draw_edges(rng: np.random.Generator) -> list[Args]:
    def tells_slips_apart(edges):
        answers = [NEURON_LEVELS.right, *(slip.wrong for slip in NEURON_LEVELS.slips)]
        levels = [_sorted_values(answer(edges)) for answer in answers]
        return all(x != y for n, x in enumerate(levels) for y in levels[:n])

    mixed = _until(tells_slips_apart, lambda: _mixed_graph(rng, 2, 4, 2))
    seven = [SEVEN[n] for n in rng.permutation(len(SEVEN))]
    return [{"edges": mixed}, {"edges": seven}, {"edges": _mixed_graph(rng, 3, 3, 1)}]


NEURON_LEVELS = Task(
    name="neuron_levels",
    equation="order",
    returns="level",
    convention="a dictionary, for every neuron a whole number, 0 where no edge leads in",
    hint="A neuron waits for all that feed it: which of them is ready last?",
    right=_levels,
    slips=(
        Slip("M90", "order", lambda edges: _levels(edges, min)),
        Slip("M91", "order", lambda edges: _levels([(j, i) for i, j in edges])),
        Slip("M92", "order", _levels_in_one_pass),
    ),
    draw=_draw_edges,
    split=_by_key("neuron_levels", "level"),
    leaves=_sorted_values,
)

# ------------------------------------------------------------------------------------ forward: G-1


def _forward(
    total: Callable[[list], Any] = sum,
    g: Callable[[Any], Any] = np.tanh,
    g_of_input: Callable[[Any], Any] = lambda x: x,
) -> Callable[..., tuple[ByNeuron, ByNeuron]]:
    def forward(order, w, x):
        into: ByNeuron = {}
        a: ByNeuron = {}
        for j in order:
            if j in x:
                a[j] = g_of_input(x[j])
            else:
                into[j] = total([w_ij * a[i] for (i, k), w_ij in w.items() if k == j])
                a[j] = g(into[j])
        return into, a

    return forward


_right_forward = _forward()


def _into_and_a(answer: Any, expected: tuple[ByNeuron, ByNeuron]) -> Parts | Fault:
    """in_j and a_j of one neuron after the other, in the order in which they are worked out."""
    told = pair("graph_forward must return", "into", "a")(answer, expected)
    if isinstance(told, Fault):
        return told
    for symbol, theirs, ours in zip(told, answer, expected):
        if not isinstance(theirs, dict):
            kind = type(theirs).__name__
            return Fault("wrong shape", f"{symbol} is {kind} data, expected a dictionary")
        if fault := _entries(symbol, theirs, ours):
            return fault
    into, a = expected
    parts: dict[str, tuple[Any, Any]] = {}
    for j in a:
        if j in into:
            parts[f"into[{j}]"] = answer[0][j], into[j]
        parts[f"a[{j}]"] = answer[1][j], a[j]
    return parts


GRAPH_FORWARD = Task(
    name="graph_forward",
    equation="G-1",
    returns="into and a",
    convention="two dictionaries: into[j] for all neurons but the inputs, a[j] for all",
    hint="Work the case in the text by hand, and print in_j and a_j of each neuron in turn.",
    right=_right_forward,
    slips=(
        Slip("M94", "G-1", _forward(total=lambda terms: terms[-1])),
        Slip("M93", "G-1", _forward(g=lambda into: into)),
        Slip("M93", "G-1", _forward(g_of_input=np.tanh)),
    ),
    draw=_draw("order", "w", "x"),
    split=_into_and_a,
    leaves=lambda answer: [*_sorted_values(answer[0]), *_sorted_values(answer[1])],
)

# --------------------------------------------------------------------------- backward: G-2 and G-3


def _slope(a: Any) -> Any:
    """g' = 1 - tanh^2, from a."""
    return 1 - a**2


def _deltas(
    grad: Callable[[Any, Any], Any] = lambda a, y: -2 * (y - a),
    at_output: Callable[[Any], Any] = _slope,
    own: Callable[[Any], Any] = _slope,
    upper: Callable[[Any], Any] = lambda a: 1.0,
    total: Callable[[list], Any] = sum,
) -> Callable[..., ByNeuron]:
    """BACKPROPAGATE with some of its factors exchanged; ``upper`` is one more, at the other end."""

    def deltas(order, w, a, y):
        delta: ByNeuron = {}
        fed = {j for _, j in w}
        for j in reversed(order):
            if j in y:
                delta[j] = at_output(a[j]) * grad(a[j], y[j])
            elif j in fed:
                ways = [w_jk * upper(a[k]) * delta[k] for (i, k), w_jk in w.items() if i == j]
                delta[j] = own(a[j]) * total(ways)
        return delta

    return deltas


def _one(a: Any) -> Any:
    return 1.0


GRAPH_DELTAS = Task(
    name="graph_deltas",
    equation="G-2, G-3",
    returns="Delta",
    convention="a dictionary, Delta[j] = dJ/d in_j for all neurons but the inputs",
    hint="Work the case in the text by hand. Which edges lead on from the neuron in question?",
    right=_deltas(),
    slips=(
        Slip("M01", "G-2", _deltas(at_output=_one)),
        Slip("M02", "G-2", _deltas(grad=lambda a, y: 2 * (y - a))),
        Slip("M03", "G-2", _deltas(grad=lambda a, y: a - y)),
        Slip("M10", "G-2", _deltas(at_output=lambda a: a, own=lambda a: a)),
        Slip("M10", "G-3", _deltas(own=lambda a: a)),
        Slip(
            "M04",
            "G-2",
            _deltas(at_output=lambda a: _slope(np.tanh(a)), own=lambda a: _slope(np.tanh(a))),
        ),
        Slip("M04", "G-3", _deltas(own=lambda a: _slope(np.tanh(a)))),
        Slip("M07", "G-3", _deltas(own=_one)),
        Slip("M24", "G-3", _deltas(own=_one, upper=_slope)),
        Slip("M21", "G-3", _deltas(upper=_slope)),
        Slip("M27", "G-3", _deltas(total=lambda ways: ways[-1])),
        Slip("M27", "G-3", _deltas(total=lambda ways: ways[0])),
    ),
    draw=_draw("order", "w", "a", "y"),
    split=_by_key("graph_deltas", "Delta"),
    leaves=_sorted_values,
)

# ------------------------------------------------------------------------ weights, shared ones: G-4


def _gradients(
    product: Callable[[Any, Any], Any], total: Callable[[list], Any] = sum, start: bool = True
) -> Callable[..., dict[str, Any]]:
    """By name, the total over all edges of that name of a product of a and Delta at its ends."""

    def gradients(names, a, delta):
        terms: dict[str, list] = {}
        for (i, j), name in names.items():
            terms.setdefault(name, []).append(product(a[i if start else j], delta[j]))
        return {name: total(its_terms) for name, its_terms in terms.items()}

    return gradients


def _last(terms: list) -> Any:
    return terms[-1]


def _mean(terms: list) -> Any:
    return sum(terms) / len(terms)


def _multiply(a: Any, delta: Any) -> Any:
    return delta * a


def _mean_of_products(a: Array, delta: Array) -> Any:
    return (delta * a).mean()


def _draw_names(size: int | None = None) -> Callable[[np.random.Generator], list[Args]]:
    """Instances in which some names stand on several edges and some on one; none cancels."""

    def draw(rng: np.random.Generator) -> list[Args]:
        return [_until(_does_not_cancel, partial(named, rng, edges)) for edges in _graphs(rng)]

    def named(rng: np.random.Generator, edges: Sequence[Edge]) -> Args:
        run = _steady_run(rng, edges, size)
        names = ["u", "u", "u", "v", "v", "w", *rng.choice(["u", "v", "p", "q"], len(edges) - 6)]
        shuffled = [str(name) for name in rng.permutation(names)]
        return {"names": dict(zip(edges, shuffled)), **_take(run, ("a", "delta"))}

    return draw


def _does_not_cancel(args: Args) -> bool:
    """Whether the sums over edges and examples are large beside their terms."""
    together = _gradients(_multiply)(**args)
    sizes = _gradients(lambda a, delta: abs(delta * a))(**args)
    return all(abs(np.sum(together[u])) > 0.05 * np.sum(sizes[u]) for u in together)


PARAMETER_GRADIENTS = Task(
    name="parameter_gradients",
    equation="G-4",
    returns="gradient",
    convention="a dictionary, one number for each name",
    hint="Work the case in the text by hand: which edges bear the name in question?",
    right=_gradients(_multiply),
    slips=(
        Slip("M27", "G-4", _gradients(_multiply, _last)),
        Slip("M27", "G-4", _gradients(_multiply, lambda terms: terms[0])),
        Slip("M95", "G-4", _gradients(_multiply, _mean)),
        Slip("M26", "G-4", _gradients(_multiply, start=False)),
    ),
    draw=_draw_names(),
    split=_by_key("parameter_gradients", "gradient"),
    leaves=_sorted_values,
)

BATCH_GRADIENTS = Task(
    name="batch_gradients",
    equation="G-4",
    returns="gradient",
    convention="a dictionary, one number for each name, the mean over the examples",
    hint="Work the case in the text by hand: what is the gradient of each example alone?",
    right=_gradients(_mean_of_products),
    slips=(
        Slip("M13", "G-4", _gradients(lambda a, delta: (delta * a).sum())),
        Slip("M96", "G-4", _gradients(lambda a, delta: delta.mean() * a.mean())),
        Slip("M27", "G-4", _gradients(_mean_of_products, _last)),
        Slip("M95", "G-4", _gradients(_mean_of_products, _mean)),
        Slip("M22", "G-4", _gradients(lambda a, delta: (delta * a).mean() / len(a))),
    ),
    draw=_draw_names(size=5),
    earlier={"parameter_gradients": PARAMETER_GRADIENTS.right},
    split=_by_key("batch_gradients", "gradient"),
    leaves=_sorted_values,
)

PS6_BY_HAND = (GRAPH_DELTA_7, GRAPH_DELTAS_5_6, GRAPH_DELTA_3)

PS6 = (
    *PS6_BY_HAND,
    NEURON_LEVELS,
    GRAPH_FORWARD,
    GRAPH_DELTAS,
    PARAMETER_GRADIENTS,
    BATCH_GRADIENTS,
    *TAPES,
)

# ------------------------------------------------------------------------- what test cells call

Function = Callable[..., Any]


def _judge_step(task: Task, answer: Any, numbers: Args, upstream: str, theirs: Any) -> None:
    """Judge a step by hand that starts from the right number, or from the student's own.

    A slip in the step before is paid for there; what cannot be started from is passed over.
    """
    try:
        by_hand(task, answer, numbers)
    except CheckFailed:
        start = numbers_in(theirs)
        if answer is None or isinstance(start, str) or not _fits(start, numbers[upstream]):
            raise
        by_hand(task, answer, {**numbers, upstream: start[()]})


def _fits(start: Array, right: Any) -> bool:
    """Whether one can go on from these numbers: as many as there should be, none of them 0."""
    return start.shape == np.shape(right) and bool(np.isfinite(start).all() and start.all())


def graph_delta_7(answer: Any, into: ByNeuron, a: ByNeuron, y: int) -> None:
    """Delta_7 by hand, from in_7, a_7 and y; g has slope 2 above 0 and 1/2 below."""
    by_hand(GRAPH_DELTA_7, answer, {"into": into, "a": a, "y": y})


def graph_deltas_5_6(
    answer: Any, w: dict[Edge, int], into: ByNeuron, a: ByNeuron, y: int, delta_7: Any
) -> None:
    """(Delta_5, Delta_6) by hand; ``delta_7`` is the student's, wrong or not."""
    right = GRAPH_DELTA_7.right(into, a, y)
    numbers = {"w": w, "into": into, "a": a, "delta_7": right}
    _judge_step(GRAPH_DELTAS_5_6, answer, numbers, "delta_7", delta_7)


def graph_delta_3(
    answer: Any, w: dict[Edge, int], into: ByNeuron, a: ByNeuron, y: int, deltas_5_6: Any
) -> None:
    """Delta_3 by hand; ``deltas_5_6`` are the student's, wrong or not."""
    right = _seven_deltas(w, into, a, y)
    numbers = {"w": w, "into": into, "a": a, "deltas_5_6": (right[5], right[6])}
    _judge_step(GRAPH_DELTA_3, answer, numbers, "deltas_5_6", deltas_5_6)


def neuron_levels(function: Function, *, rounds: int = 1) -> None:
    """The longest way to each neuron: ``function(edges)``, a list of (i, j) -> {neuron: level}."""
    check(NEURON_LEVELS, function, rounds)


def graph_forward(function: Function, *, rounds: int = 1) -> None:
    """G-1: ``function(order, w, x)``, w[i, j] and x[i] -> into, a, both by neuron."""
    check(GRAPH_FORWARD, function, rounds)


def graph_deltas(function: Function, *, rounds: int = 1) -> None:
    """G-2 and G-3: ``function(order, w, a, y)``, y[j] of each output -> {neuron: Delta}."""
    check(GRAPH_DELTAS, function, rounds)


def parameter_gradients(function: Function, *, rounds: int = 1) -> None:
    """G-4 with shared parameters: ``function(names, a, delta)``, names[i, j] -> {name: dJ}."""
    check(PARAMETER_GRADIENTS, function, rounds)


def batch_gradients(function: Function, *, rounds: int = 1) -> None:
    """G-4 for a batch: the same with a[j] and delta[j] of shape (B,), and the mean over B."""
    check(BATCH_GRADIENTS, function, rounds)
