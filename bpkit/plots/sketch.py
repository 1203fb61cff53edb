"""Drawing by hand: boxes, arrows and labels at places given in inches; and shapes of matrices."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from bpkit.activations import Array
from bpkit.plots.style import BLACK, GREY, LIT, WIDTH

SMALL: dict[str, Any] = {"ha": "center", "fontsize": 9, "color": GREY}


def shapes(*terms: str | tuple[str, int, int]) -> Figure:
    """A product of matrices drawn to scale: ("A", 5, 2) is a matrix of 5 rows and 2 columns.

    A string is an operator between the matrices, such as "=" or "@".
    """
    gap, cell = 0.5, 0.3
    columns = [0 if isinstance(term, str) else term[2] for term in terms]
    rows = max(term[1] for term in terms if not isinstance(term, str))
    fig, ax = canvas(height=cell * rows + 1.0)
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
            ax.text(x, middle - cell * n / 2 - 0.08, f"{n} × {m}", va="top", **SMALL)
            x += cell * m / 2
        x += gap
    return fig


def canvas(height: float) -> tuple[Figure, Axes]:
    """A figure whose data coordinates are inches, without axes around it."""
    fig = Figure(figsize=(WIDTH, height), facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, WIDTH), ylim=(0, height))
    ax.axis("off")
    return fig, ax


def number(value: float, form: str = ".3g") -> str:
    """Three significant digits, with a real minus sign."""
    return format(value, form).replace("-", "−")


def arrow(ax: Axes, start: Array, end: Array, zorder: float = 1, **style: Any) -> None:
    """A straight arrow; style may set color, linestyle and linewidth."""
    style = {"arrowstyle": "-|>", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1, **style}
    ax.annotate("", xy=tuple(end), xytext=tuple(start), arrowprops=style, zorder=zorder)


def label(ax: Axes, at: Array, text: str, fontsize: float) -> None:
    """Text on white, centred at a point."""
    back = {"boxstyle": "round,pad=0.12", "facecolor": "white", "edgecolor": "none"}
    x, y = at
    ax.text(x, y, text, ha="center", va="center", bbox=back, fontsize=fontsize, zorder=2.5)


def box(
    ax: Axes,
    x: float,
    y: float,
    half_width: float,
    lines: Sequence[tuple[str, str]],
    bold: bool = False,
) -> float:
    """A rounded box with lines of (text, color) in it; returns the height of its lower edge."""
    pad, pitch = 0.1, 0.23
    half_height = (pitch * len(lines) + pad) / 2
    ax.add_patch(
        FancyBboxPatch(
            (x - half_width + pad, y - half_height + pad),
            2 * (half_width - pad),
            2 * (half_height - pad),
            boxstyle=f"round,pad={pad}",
            facecolor=LIT if bold else "white",
            edgecolor=BLACK,
            linewidth=3 if bold else 1,
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
    for i, j in np.ndindex(n, m):
        corner = (left + cell * j, top - cell * (i + 1))
        ax.add_patch(Rectangle(corner, cell, cell, facecolor="white", edgecolor=GREY))
