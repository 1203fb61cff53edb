"""Pictures of networks, shapes and slopes. The only module that needs matplotlib.

What draws returns a matplotlib ``Figure`` and touches nothing else: no current figure, no global
setting. In a notebook ``show`` displays one, with its alternative text. Colours are those of Okabe
and Ito, which most colour-blind readers can tell apart, and nothing is told by colour alone.
"""

import io
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from PIL import Image

from bpkit.activations import Array
from bpkit.network import Gradients, Network, Trace

BLACK = "#000000"
GREY = "#595959"
PALE = "#BDBDBD"
FORWARD = "#0072B2"
"""Blue: what flows forward, such as an activation."""
BACKWARD = "#D55E00"
"""Vermillion: what flows backward, such as a delta."""

WIDTH = 8.0
DPI = 110
"""Every picture is 8 inches, 880 pixels, wide where it is shown; it is stored at twice that."""

COLOURS = 64
"""A picture of lines and text needs no more, and its file shrinks to a third."""

Edge = tuple[int, int, int]
"""(l, j, k) for the weight w^l_jk, with j and k counted from 1 as in the text."""


def show(fig: Figure, alt: str) -> None:
    """Display a figure in a notebook, as a PNG with its alternative text.

    The text is stored twice: as the image's ``alt`` in the output's metadata, and as the output's
    plain text, which stands in for the picture wherever pictures are not shown.

    Raises
    ------
    ValueError : if ``alt`` is empty.
    """
    if not alt.strip():
        raise ValueError("alt is empty: say in a sentence or two what the figure shows")
    from IPython.display import display

    rendered, png = io.BytesIO(), io.BytesIO()
    fig.savefig(rendered, format="png", dpi=2 * DPI)
    Image.open(rendered).convert("RGB").quantize(COLOURS).save(png, format="png", optimize=True)
    width = round(fig.get_figwidth() * DPI)
    bundle = {"image/png": png.getvalue(), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": width}})


def network_graph(
    net: Network,
    trace: Trace | None = None,
    grads: Gradients | None = None,
    labels: Sequence[float] | None = None,
    *,
    deltas_down_to: int = 2,
    highlight: Collection[Edge] = (),
) -> Figure:
    """A small network as a graph: neurons, weights, and what flows forward and backward.

    Parameters
    ----------
    net : its weights are written on the edges once a trace is given.
    trace : writes z and a of its first example into the neurons; without it they are numbered.
    grads : writes the deltas of the first example too, and turns the arrows that carry them.
    labels : (d_L,), the labels y of that example, written beside the output neurons.
    deltas_down_to : the lowest layer whose deltas are drawn; L draws the output error alone.
    highlight : edges (l, j, k) to draw bold with their name or, given ``grads``, their gradient.

    Raises
    ------
    ValueError : if a highlighted edge is not in the network.
    """
    for l, j, k in highlight:
        if not (2 <= l <= net.L and 1 <= j <= net.sizes[l - 1] and 1 <= k <= net.sizes[l - 2]):
            raise ValueError(f"no weight w^{l}_{j}{k} in a network of sizes {net.sizes}")
    fig, ax = _canvas(height=0.5 + (1.15 if trace else 0.8) * max(net.sizes))
    at = _positions(net, ax)
    side = np.array([0.6 if trace else 0.27, 0])
    for l in range(2, net.L + 1):
        carries_delta = grads is not None and l > deltas_down_to
        color = BACKWARD if carries_delta else PALE if grads else FORWARD
        for j, k in np.ndindex(net.w[l].shape):
            source, target = at[l - 1, k + 1] + side, at[l, j + 1] - side
            if (l, j + 1, k + 1) in highlight:
                _arrow(ax, source, target, color=BLACK, linewidth=2.6, zorder=2)
                _on_edge(ax, source, target, 0.5, _edge_name(l, j, k, grads), fontsize=12)
            elif carries_delta:
                _arrow(ax, target, source, color=color, linestyle="--")
            else:
                _arrow(ax, source, target, color=color)
            if trace:
                _on_edge(ax, source, target, 0.2, _text(net.w[l][j, k]), fontsize=9)
    for (l, j), (x, y) in at.items():
        if trace is None:
            ax.add_patch(Circle((x, y), side[0], facecolor="white", edgecolor=BLACK, zorder=3))
            ax.text(x, y, str(j), ha="center", va="center", fontsize=11, zorder=4)
            continue
        bottom = _box(ax, x, y, side[0], _values(l, j - 1, trace, grads, deltas_down_to))
        if l > 1:
            ax.text(x, bottom - 0.05, f"b = {_text(net.b[l][j - 1])}", va="top", **_small)
        if l == net.L and labels is not None:
            ax.text(x + side[0] + 0.1, y, f"y = {_text(labels[j - 1])}", va="center", fontsize=11)
    return fig


def tangents(
    moves: Array, costs: Array, slopes: Sequence[float], names: Sequence[str], xlabel: str
) -> Figure:
    """How a cost moves with one number at a time, and the straight line a slope predicts.

    Parameters
    ----------
    moves : (M,), the moves; 0 is where the slope is taken.
    costs : (P, M), one curve per panel.
    slopes : (P,), the slope of each curve at move 0.
    names : (P,), the panels' titles.
    xlabel : what is moved.
    """
    fig = Figure(figsize=(WIDTH, 3.0), layout="constrained", facecolor="white")
    axes = fig.subplots(1, len(costs), sharey=True, squeeze=False)[0]
    for ax, curve, slope, name in zip(axes, costs, slopes, names):
        here = np.interp(0, moves, curve)
        ax.plot(moves, curve, color=FORWARD, label="cost")
        ax.plot(moves, here + slope * moves, "--", color=BACKWARD, label="slope")
        ax.plot(0, here, "o", color=BLACK)
        ax.set(title=name, xlabel=xlabel)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("cost C")
    axes[0].legend(frameon=False)
    return fig


def shapes(*terms: str | tuple[str, int, int]) -> Figure:
    """A product of matrices drawn to scale: ("A", 5, 2) is a matrix of 5 rows and 2 columns.

    A string is an operator between the matrices, such as "=" or "@".
    """
    gap, cell = 0.5, 0.3
    columns = [0 if isinstance(term, str) else term[2] for term in terms]
    rows = max(term[1] for term in terms if not isinstance(term, str))
    fig, ax = _canvas(height=cell * rows + 1.0)
    middle = 0.4 + cell * rows / 2
    x = (WIDTH - cell * sum(columns) - gap * (len(terms) - 1)) / 2
    for term in terms:
        if isinstance(term, str):
            ax.text(x, middle, term, ha="center", va="center", fontsize=18)
        else:
            name, n, m = term
            x += cell * m / 2
            _grid(ax, x, middle, n, m, cell)
            ax.text(x, middle + cell * n / 2 + 0.1, name, ha="center", va="bottom", fontsize=12)
            ax.text(x, middle - cell * n / 2 - 0.08, f"{n} × {m}", va="top", **_small)
            x += cell * m / 2
        x += gap
    return fig


_small: dict[str, Any] = {"ha": "center", "fontsize": 9, "color": GREY}


def _canvas(height: float) -> tuple[Figure, Axes]:
    """A figure whose data coordinates are inches, without axes around it."""
    fig = Figure(figsize=(WIDTH, height), facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(0, height))
    ax.axis("off")
    return fig, ax


def _positions(net: Network, ax: Axes) -> dict[tuple[int, int], Array]:
    """Where neuron j of layer l goes, for (l, j) counted from 1; writes the layers' names."""
    top = ax.get_ylim()[1]
    pitch = (top - 0.4) / max(net.sizes)
    at = {}
    for l, d in enumerate(net.sizes, start=1):
        x = 0.9 + (WIDTH - 2.2) * (l - 1) / (net.L - 1)
        kind = {1: " (input)", net.L: " (output)"}.get(l, "")
        ax.text(x, top - 0.12, f"layer {l}{kind}", va="top", ha="center", fontsize=11)
        for j in range(1, d + 1):
            at[l, j] = np.array([x, (top - 0.4) / 2 + 0.05 + pitch * ((d + 1) / 2 - j)])
    return at


def _edge_name(l, j, k, grads):
    """The name of w^l_jk, j and k counted from 0; with gradients, what its gradient is."""
    name = f"w^{l}_{{{j + 1}{k + 1}}}"
    if grads is None:
        return f"${name}$"
    return rf"$\partial C/\partial {name}$" + f"\n= {_text(grads.dw[l][j, k], '#.3g')}"


def _values(l, j, trace, grads, deltas_down_to):
    """The lines of (text, color) in neuron j, counted from 0, of layer l."""
    lines = [("a", trace.a[l], FORWARD)]
    if l > 1:
        lines.insert(0, ("z", trace.z[l], BLACK))
        if grads is not None and l >= deltas_down_to:
            lines.append(("δ", grads.deltas[l], BACKWARD))
    return [(f"{symbol} = {_text(rows[0][j], '#.3g')}", color) for symbol, rows, color in lines]


def _text(value, form=".3g"):
    """Three significant digits, with a real minus sign."""
    return format(value, form).replace("-", "−")


def _arrow(ax, start, end, zorder=1, **style):
    style = {"arrowstyle": "-|>", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1, **style}
    ax.annotate("", xy=end, xytext=start, arrowprops=style, zorder=zorder)


def _on_edge(ax, source, target, t, text, fontsize):
    """Text at the fraction t of the way from source to target, on white."""
    box = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"}
    x, y = source + t * (target - source)
    ax.text(x, y, text, ha="center", va="center", bbox=box, fontsize=fontsize, zorder=2.5)


def _box(ax, x, y, half_width, lines):
    """A neuron with lines of (text, color) in it; returns the height of its lower edge."""
    pad, pitch = 0.1, 0.23
    half_height = (pitch * len(lines) + pad) / 2
    ax.add_patch(
        FancyBboxPatch(
            (x - half_width + pad, y - half_height + pad),
            2 * (half_width - pad),
            2 * (half_height - pad),
            boxstyle=f"round,pad={pad}",
            facecolor="white",
            edgecolor=BLACK,
            zorder=3,
        )
    )
    for i, (text, color) in enumerate(lines):
        height = y + pitch * ((len(lines) - 1) / 2 - i)
        ax.text(x, height, text, ha="center", va="center", fontsize=11, color=color, zorder=4)
    return y - half_height


def _grid(ax, x, y, n, m, cell):
    """A matrix of n rows and m columns, centred at (x, y)."""
    left, top = x - cell * m / 2, y + cell * n / 2
    for i in range(n):
        for j in range(m):
            corner = (left + cell * j, top - cell * (i + 1))
            ax.add_patch(Rectangle(corner, cell, cell, facecolor="white", edgecolor=GREY))
