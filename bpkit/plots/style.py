"""What all pictures share: colours, marks, sizes, panels, and how a notebook shows one."""

import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

BLACK = "#000000"
GREY = "#595959"
PALE = "#BDBDBD"
FORWARD = "#0072B2"
"""Blue: what flows forward, such as an activation."""
BACKWARD = "#D55E00"
"""Vermillion: what flows backward, such as a delta."""

LIT = "#FBF6C8"
"""Pale yellow, behind what is being computed, which has a bold outline too."""

WIDTH = 8.0
DPI = 110
"""Every picture is 8 inches, 880 pixels, wide where it is shown; it is stored at twice that."""

COLOURS = 64
"""A picture of lines and text needs no more, and its file shrinks to a third."""

_COLOURS = (FORWARD, BACKWARD, "#009E73", "#CC79A7", BLACK)
_DASHES = ("-", "--", ":", "-.")
_MARKERS = "os^Dv"


def nth_style(i: int) -> dict[str, Any]:
    """Colour, dashes and marker of the i-th of several things: all differ between neighbours."""
    return {"color": _COLOURS[i % 5], "linestyle": _DASHES[i % 4], "marker": _MARKERS[i % 5]}


def panels(
    number: int, panel_height: float, *, layout: Any = "constrained", share: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure with this many axes, at most three in a row, and room for a legend above them."""
    if not number:
        raise ValueError("nothing to draw: give at least one thing to show")
    columns = number if number <= 3 else 2 if number == 4 else 3
    rows = -(-number // columns)
    fig = Figure((WIDTH, panel_height * rows + 0.3), layout=layout, facecolor="white")
    axes = list(fig.subplots(rows, columns, squeeze=False, sharex=share, sharey=share).flat)
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[number:]:
        ax.set_visible(False)
    return fig, axes[:number]


def legend_above(fig: Figure) -> None:
    """What every label of the figure means, once, above its panels."""
    named: dict[str, Any] = {}
    for ax in fig.axes:
        for handle, label in zip(*ax.get_legend_handles_labels()):
            named.setdefault(label, handle)
    if named:
        fit = max(1, 100 // (8 + max(map(len, named))))
        rows = -(-len(named) // fit)
        columns = -(-len(named) // rows)
        fig.legend(
            list(named.values()),
            list(named),
            loc="outside upper center",
            ncols=columns,
            frameon=False,
        )


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

    bundle = {"image/png": encode(fig), "text/plain": alt}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": width(fig)}})


def encode(fig: Figure) -> bytes:
    """The figure as a PNG, twice as fine as it is shown."""
    rendered, png = io.BytesIO(), io.BytesIO()
    fig.savefig(rendered, format="rgba", dpi=2 * DPI)
    columns = 2 * width(fig)
    size = columns, len(rendered.getvalue()) // (4 * columns)
    picture = Image.frombytes("RGBA", size, rendered.getvalue()).convert("RGB")
    picture.quantize(COLOURS).save(png, format="png", optimize=True)
    return png.getvalue()


def width(fig: Figure) -> int:
    """How wide the figure is shown, in pixels."""
    return round(fig.get_figwidth() * DPI)
