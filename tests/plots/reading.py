"""Reading a figure back: what is written where, and what leads from where to where."""

import numpy as np


def texts(fig):
    """Every text that is drawn, with where it is."""
    return [(t.get_text(), np.array(t.get_position())) for t in fig.axes[0].texts if t.get_text()]


def words(fig):
    return [text for text, _ in texts(fig)]


def annotations(fig):
    return [t for t in fig.axes[0].texts if getattr(t, "arrow_patch", None)]


def arrows(fig):
    """(x, y) of every arrow's tail, (x, y) of its head, and whether it is dashed."""
    return [(*t.xyann, *t.xy, t.arrow_patch.get_linestyle() == "--") for t in annotations(fig)]


def minus(number):
    return f"{number:#.3g}".replace("-", "−")


def curves(ax):
    """The data of every labelled line, by its label, and of nothing else."""
    return {line.get_label(): line.get_data() for line in named_lines(ax) if len(line.get_xdata())}


def named_lines(ax):
    return [line for line in ax.lines if not line.get_label().startswith("_")]


def legend(fig):
    """The texts of the legend above the panels."""
    return [text.get_text() for text in fig.legends[0].get_texts()]


def rings(ax):
    """Where hollow circles are drawn, as rows (x, y)."""
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "none"]
    return np.concatenate([line.get_xydata() for line in hollow] or [np.empty((0, 2))])


def everything_is_inside(fig):
    """Whether all axes, titles, labels and legends lie within the picture."""
    fig.draw_without_rendering()
    width, height = fig.get_size_inches() * fig.dpi
    boxes = [ax.get_tightbbox() for ax in fig.axes if ax.get_visible()]
    boxes += [legend.get_window_extent() for legend in fig.legends]
    return all(
        box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2 for box in boxes
    )
