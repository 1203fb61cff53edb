"""Networks as graphs: neurons, weights, and what flows along them forward and backward."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from bpkit.activations import Array
from bpkit.graph import Graph, GraphGradients, GraphTrace, Neuron
from bpkit.network import Gradients, Network, Trace
from bpkit.plots.sketch import SMALL, arrow, box, canvas, label, number
from bpkit.plots.style import BACKWARD, BLACK, FORWARD, GREY, PALE, WIDTH

Edge = tuple[int, int, int]
"""(l, j, k) for the weight w^l_jk, with j and k counted from 1 as in the text."""


_WHERE = (0.35, 0.25, 0.5, 0.65)
"""The fractions of an edge where its label may go, the best first."""

_ROOM = np.array([0.5, 0.32])
"""What a label of an edge needs, in inches."""


def network_graph(
    net: Network,
    trace: Trace | None = None,
    grads: Gradients | None = None,
    labels: Sequence[float] | None = None,
    *,
    deltas_down_to: int = 2,
    highlight: Collection[Edge] = (),
    current: tuple[int, int] | None = None,
) -> Figure:
    """A small network as a graph: neurons, weights, and what flows forward and backward.

    In the middle of a calculation, a NaN in ``trace`` or ``grads`` is a value that is not known
    yet: nothing is written for it.

    Parameters
    ----------
    net : its weights are written on the edges once a trace is given.
    trace : writes z and a of its first example into the neurons; without it they are numbered.
    grads : writes the deltas of the first example too, and turns the arrows that carry them.
    labels : (d_L,), the labels y of that example, written beside the output neurons.
    deltas_down_to : the lowest layer whose deltas are drawn; L draws the output error alone.
    highlight : edges (l, j, k) to draw bold with their name or, given ``grads``, their gradient.
    current : the neuron (l, j) to outline, counted from 1: the one that is being computed.

    Raises
    ------
    ValueError : if a highlighted edge is not in the network.
    """
    for edge in highlight:
        check_edge(net, edge)
    fig, ax = canvas(height=0.5 + (1.15 if trace else 0.8) * max(net.sizes))
    layers = [[(l, j) for j in range(1, d + 1)] for l, d in enumerate(net.sizes, start=1)]
    at = _positions(ax, layers, margins=(0.9, 1.3), headroom=0.4)
    for l, layer in enumerate(layers, start=1):
        kind = {1: " (input)", net.L: " (output)"}.get(l, "")
        x, top = at[layer[0]][0], ax.get_ylim()[1]
        ax.text(x, top - 0.12, f"layer {l}{kind}", va="top", ha="center", fontsize=11)
    side = _side(trace)
    known = _known_deltas(grads, deltas_down_to)
    for l in range(2, net.L + 1):
        for j, k in np.ndindex(net.w[l].shape):
            ends = at[l - 1, k + 1] + side, at[l, j + 1] - side
            carries_delta = {(l, j + 1), (l - 1, k + 1)} <= known
            if (l, j + 1, k + 1) in highlight:
                gradient = None if grads is None else grads.dw[l][j, k]
                returns = carries_delta and gradient is not None and np.isnan(gradient)
                _edge(ax, ends, returns, faded=False, bold=True)
                text = _edge_name(f"w^{l}_{{{j + 1}{k + 1}}}", gradient)
                label(ax, _on_edge(ends, 0.5), text, fontsize=12 if len(highlight) == 1 else 10)
            else:
                _edge(ax, ends, carries_delta, faded=grads is not None)
            if trace:
                label(ax, _on_edge(ends, 0.2), number(net.w[l][j, k]), fontsize=9)
    for (l, j), (x, y) in at.items():
        if trace is None:
            _circle(ax, x, y, str(j))
            continue
        lines = _values(l, j - 1, trace, grads, deltas_down_to) or _unknown(j)
        bottom = box(ax, x, y, side[0], lines, bold=(l, j) == current)
        if l > 1:
            ax.text(x, bottom - 0.05, f"b = {number(net.b[l][j - 1])}", va="top", **SMALL)
        if l == net.L and labels is not None:
            ax.text(x + side[0] + 0.1, y, f"y = {number(labels[j - 1])}", va="center", fontsize=11)
    return fig


def computation_graph(
    graph: Graph,
    weights: Mapping[str, float] | None = None,
    trace: GraphTrace | None = None,
    grads: GraphGradients | None = None,
    labels: Sequence[float] | None = None,
    *,
    deltas_for: Collection[Neuron] | None = None,
    highlight: Collection[tuple[Neuron, Neuron]] = (),
    current: Neuron | None = None,
    letters: tuple[str, str, str] = ("in", r"\Delta", "J"),
) -> Figure:
    """A small graph of neurons, each as far to the right as its longest path from an input.

    In the middle of a calculation, ``trace`` and ``grads`` may hold some of the neurons and weights
    only: nothing is written for the others.

    Parameters
    ----------
    graph : every edge carries the name of its weight.
    weights : writes the values of the weights below their names.
    trace : writes in_j and a_j of its first example into the neurons; without it they are named.
    grads : writes the Deltas of the first example too, and turns the arrows that carry them.
    labels : (number of outputs,), the labels y of that example, written into the outputs.
    deltas_for : the neurons whose Deltas are drawn, for a step of the backward pass; by default
        all that have one.
    highlight : edges (i, j) to draw bold and, where ``grads`` has it, with their gradient.
    current : the neuron to outline: the one that is being computed.
    letters : for the sum that goes into a neuron, for its Delta, and for the cost.

    Raises
    ------
    ValueError : if a neuron of ``deltas_for`` has no Delta.
    """
    deltas = {} if grads is None else grads.deltas
    if strangers := [j for j in deltas_for or () if j not in deltas]:
        raise ValueError(f"no Delta for {strangers[0]!r}: give grads, and no inputs in deltas_for")
    deltas = {j: d for j, d in deltas.items() if deltas_for is None or j in deltas_for}
    columns, routes = _layout(graph)
    fig, ax = canvas(height=0.2 + (1.2 if trace else 0.8) * max(map(len, columns)))
    at, side = _positions(ax, columns, margins=(0.75, 0.75), headroom=0.1), _side(trace)
    labelled: list[Array] = []
    for (i, j), route in routes.items():
        points = [p for stop in route for p in (at[stop] - side, at[stop] + side)][1:-1]
        name, bold = graph.edges[i, j], (i, j) in highlight
        returns = i in deltas and j in deltas
        text = name if weights is None else f"{name}\n{number(weights[name])}"
        if bold and grads is not None and name in grads.dw:
            returns = False
            text = _edge_name(with_index(name), grads.dw[name], letters[2])
        _edge(ax, points, returns, faded=grads is not None and not bold, bold=bold)
        free = [p for t in _WHERE if _is_free(p := _on_edge(points, t), labelled)]
        labelled.append(free[0] if free else _on_edge(points, _WHERE[0]))
        label(ax, labelled[-1], text, fontsize=9)
    for j in graph.order:
        x, y = at[j]
        if trace is None:
            _circle(ax, x, y, str(j))
            continue
        values = [
            (letters[0], trace.into, BLACK),
            ("a", trace.a, FORWARD),
            (letters[1], deltas, BACKWARD),
        ]
        lines = [
            (f"${symbol}_{{{j}}}$ = {number(of[j][0], '#.3g')}", color)
            for symbol, of, color in values
            if j in of
        ]
        lines = lines or _unknown(j)
        if labels is not None and j in graph.outputs:
            lines.append((f"y = {number(labels[graph.outputs.index(j)])}", BLACK))
        box(ax, x, y, side[0], lines, bold=j == current)
    return fig


def with_index(name: str) -> str:
    """The name of a weight as LaTeX: its number, if it has one, becomes an index."""
    return re.sub(r"^([a-z])(\d+)$", r"\1_{\2}", name)


def check_edge(net: Network, edge: Edge) -> None:
    """Raises ValueError if (l, j, k), counted from 1, is not a weight of the network."""
    l, j, k = edge
    if not (2 <= l <= net.L and 1 <= j <= net.sizes[l - 1] and 1 <= k <= net.sizes[l - 2]):
        raise ValueError(f"no weight w^{l}_{j}{k} in a network of sizes {net.sizes}")


def _layout(graph: Graph) -> tuple[list[list], dict[tuple[Neuron, Neuron], list]]:
    """The columns of neurons, and for each edge the places on its way from neuron to neuron.

    An edge that leads past a column gets a place of its own there, so that it never crosses a
    neuron. Within a column, what hangs on higher places stands higher.
    """
    depth: dict[Neuron, int] = {}
    for j in graph.order:
        depth[j] = 1 + max((depth[i] for i in graph.sources[j]), default=-1)
    columns: list[list] = [[] for _ in range(max(depth.values()) + 1)]
    for j in graph.inputs + [j for j in graph.order if graph.sources[j]]:
        columns[depth[j]].append(j)
    routes = {}
    for i, j in graph.edges:
        between = [((i, j), c) for c in range(depth[i] + 1, depth[j])]
        for place in between:
            columns[place[1]].append(place)
        routes[i, j] = [i, *between, j]
    below: dict[Neuron, list] = {place: [] for column in columns for place in column}
    for route in routes.values():
        for here, there in zip(route, route[1:]):
            below[there].append(here)
    for left, column in zip(columns, columns[1:]):
        height = {place: r - len(left) / 2 for r, place in enumerate(left)}
        column.sort(key=lambda place: np.mean([height[p] for p in below[place]]))
    return columns, routes


def _positions(
    ax: Axes, columns: Sequence[Sequence], margins: tuple[float, float], headroom: float
) -> dict[Any, Array]:
    """Where everything goes: columns from margin to margin, each of them centred."""
    left, right = margins
    height = ax.get_ylim()[1] - headroom
    pitch = height / max(map(len, columns))
    at = {}
    for c, column in enumerate(columns):
        x = left + (WIDTH - left - right) * c / (len(columns) - 1)
        for r, place in enumerate(column):
            at[place] = np.array([x, height / 2 + 0.05 + pitch * ((len(column) - 1) / 2 - r)])
    return at


def _side(trace: object) -> Array:
    """From the middle of a neuron, a box of values or a circle, to its right edge."""
    return np.array([0.6 if trace else 0.27, 0])


def _edge(
    ax: Axes, points: Sequence[Array], carries_delta: bool, faded: bool, bold: bool = False
) -> None:
    """An edge through these points: forward, or backward and dashed where it carries a delta."""
    forward = BLACK if bold else PALE if faded else FORWARD
    style: dict[str, Any] = {"color": BACKWARD if carries_delta else forward}
    style |= {"linewidth": 2.6, "zorder": 2} if bold else {"linewidth": 1.1, "zorder": 1}
    if carries_delta:
        style["linestyle"] = "--"
        points = points[::-1]
    if len(points) > 2:
        x, y = _smooth(points)
        ax.plot(x[:-1], y[:-1], **style)
        points = [np.array([x[i], y[i]]) for i in (-2, -1)]
    arrow(ax, points[0], points[1], **style)


def _smooth(points: Sequence[Array]) -> tuple[Array, Array]:
    """A curve through the points that is level at each of them."""
    t = np.linspace(0, 1, 20)
    x = [x0 + t * (x1 - x0) for (x0, _), (x1, _) in zip(points, points[1:])]
    y = [y0 + _rise(t) * (y1 - y0) for (_, y0), (_, y1) in zip(points, points[1:])]
    return np.concatenate(x), np.concatenate(y)


def _rise(t):
    """From 0 to 1, level at both ends."""
    return 3 * t**2 - 2 * t**3


def _on_edge(points: Sequence[Array], t: float) -> Array:
    """The point at the fraction t of the first stretch of an edge."""
    way = points[1] - points[0]
    return points[0] + way * np.array([t, t if len(points) == 2 else _rise(t)])


def _is_free(point: Array, taken: Sequence[Array]) -> bool:
    """Whether a label has room at this point."""
    return all((abs(point - other) > _ROOM).any() for other in taken)


def _circle(ax, x, y, name):
    """A neuron that shows nothing but its name."""
    ax.add_patch(Circle((x, y), _side(None)[0], facecolor="white", edgecolor=BLACK, zorder=3))
    ax.text(x, y, name, ha="center", va="center", fontsize=11, zorder=4)


def _edge_name(name, gradient, cost="C"):
    """The name of a weight or, once it is known, what its gradient is."""
    if gradient is None or np.isnan(gradient):
        return f"${name}$"
    return rf"$\partial {cost}/\partial {name}$" + f"\n= {number(gradient, '#.3g')}"


def _unknown(j):
    """The line in a neuron of which nothing is known yet."""
    return [(f"neuron {j}", GREY)]


def _known_deltas(grads, deltas_down_to):
    """The neurons (l, j), counted from 1, whose deltas are drawn."""
    if grads is None:
        return set()
    layers = range(deltas_down_to, len(grads.deltas))
    rows = [(l, grads.deltas[l][0]) for l in layers]
    return {(l, j) for l, row in rows for j, d in enumerate(row, start=1) if not np.isnan(d)}


def _values(l, j, trace, grads, deltas_down_to):
    """The lines of (text, color) in neuron j, counted from 0, of layer l."""
    lines = [("a", trace.a[l], FORWARD)]
    if l > 1:
        lines.insert(0, ("z", trace.z[l], BLACK))
        if grads is not None and l >= deltas_down_to:
            lines.append(("δ", grads.deltas[l], BACKWARD))
    known = [(symbol, rows[0][j], color) for symbol, rows, color in lines]
    return [
        (f"{symbol} = {number(value, '#.3g')}", color)
        for symbol, value, color in known
        if not np.isnan(value)
    ]
