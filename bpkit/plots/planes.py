"""Pictures of the plane: where a classifier draws its boundary, how an optimizer walks a valley."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bpkit.activations import Array
from bpkit.plots.lines import draw
from bpkit.plots.sketch import number
from bpkit.plots.style import BLACK, GREY, WIDTH, legend_above, nth_style, panels

OnRows = Callable[[Array], Array]
"""A function of the plane: takes points in rows, (M, 2), and returns a number for each, (M,)."""

Range = tuple[float, float]

FINE = 161
"""Grid points along each side of a picture."""

_REGIONS = ("#D6E6F2", "#FBE3D3")
_LEVELS = 12


def decision_boundary(predict: OnRows | Mapping[str, OnRows], X: Array, classes: Array) -> Figure:
    """What a classifier of two classes says everywhere in the plane, and the examples it learned.

    Parameters
    ----------
    predict : takes points (M, 2) and returns scores (M,), positive for the larger class and
        negative for the smaller: ``lambda X: X @ w + b`` for a perceptron or a nearest mean
        (its sign alone will do, but the line is less smooth),
        ``lambda X: net.predict(X)[:, 0] - 0.5`` for a sigmoid output. Several of them by title get
        a panel each.
    X : (N, 2), one example in each row. Those that are classified wrongly are ringed, and a score
        of 0 is wrong for both classes.
    classes : (N,), two different numbers, such as 0 and 1 or -1 and +1.

    Raises
    ------
    ValueError : if the shapes do not fit or there are not two classes.
    """
    X, classes = np.asarray(X, dtype=float), np.asarray(classes)
    if X.ndim != 2 or X.shape[1] != 2 or classes.shape != (len(X),):
        raise ValueError(f"expected X (N, 2) and classes (N,), got {X.shape} and {classes.shape}")
    if len(np.unique(classes)) != 2:
        raise ValueError(f"expected two classes, got {np.unique(classes).tolist()}")
    titled = predict if isinstance(predict, Mapping) else {"": predict}
    xlim, ylim = _limits(X, least_ratio=0.45)
    width = WIDTH / (min(len(titled), 3) or 1) - 0.4
    height = min(width * (ylim[1] - ylim[0]) / (xlim[1] - xlim[0]), 4.5)
    fig, axes = panels(len(titled), height + 0.9, layout="compressed", share=True)
    for ax, (title, score) in zip(axes, titled.items()):
        _draw_examples(ax, X, classes, _scores(score, X))
        _draw_regions(ax, *_on_grid(score, xlim, ylim))
        ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$", xlim=xlim, ylim=ylim, aspect="equal")
        ax.label_outer()
    legend_above(fig)
    return fig


def valley(path_by_name: Mapping[str, Array], cost: OnRows) -> Figure:
    """The paths of optimizers over the contours of a cost of two parameters.

    Parameters
    ----------
    path_by_name : for each optimizer the parameters after every step, (T, 2); row 0 is the start.
    cost : takes points (M, 2) and returns the cost of each, (M,).

    Raises
    ------
    ValueError : if a path has another shape or leaves the finite numbers.
    """
    paths = {name: np.asarray(path, dtype=float) for name, path in path_by_name.items()}
    for name, path in paths.items():
        if path.ndim != 2 or path.shape[1] != 2 or not np.isfinite(path).all():
            raise ValueError(
                f"the path {name!r} must be (T, 2) finite numbers, not an array {path.shape} with "
                f"{np.isfinite(path).sum()} of them: if it diverges, draw fewer steps"
            )
    xlim, ylim = _limits(np.concatenate(list(paths.values())), least_ratio=0.3)
    fig, (ax,) = panels(1, 4.6)
    x, y, costs = _on_grid(cost, xlim, ylim)
    levels = costs.min() + np.ptp(costs) * np.linspace(0, 1, _LEVELS) ** 2
    lines = ax.contour(x, y, costs, levels=levels[1:], colors=GREY, linewidths=0.6, alpha=0.7)
    ax.clabel(lines, levels[1::2], fontsize=8, fmt=lambda level: f"{float(f'{level:.2g}'):g}")
    ax.plot([], [], color=GREY, linewidth=0.6, label="equal cost")
    series = {name: (path[:, 0], path[:, 1]) for name, path in paths.items()}
    draw(ax, series, r"$\theta_1$", r"$\theta_2$", marks=max(map(len, paths.values())))
    for i, (line, path) in enumerate(zip(ax.lines[1:], paths.values())):
        line.set_markersize(4)
        ax.plot(*path[-1], "*", color=nth_style(i)["color"], markersize=15, mec="white", zorder=3)
    for start in {tuple(path[0]) for path in paths.values()}:
        ax.annotate("start", start, xytext=(0, 8), textcoords="offset points", ha="center")
    ax.plot([], [], "*", color=GREY, markersize=12, label="last step")
    ax.set(xlim=xlim, ylim=ylim)
    legend_above(fig)
    return fig


def _limits(points: Array, least_ratio: float) -> tuple[Range, Range]:
    """The x and y limits around points (M, 2), neither range much longer than the other."""
    low, high = points.min(axis=0), points.max(axis=0)
    longest = max((high - low).max(), 1e-9)
    half = np.maximum(high - low, least_ratio * longest) / 2 + 0.12 * longest
    middle = (low + high) / 2
    (x0, y0), (x1, y1) = middle - half, middle + half
    return (x0, x1), (y0, y1)


def _on_grid(f: OnRows, xlim: Range, ylim: Range) -> tuple[Array, Array, Array]:
    """x and y (FINE,) and the values of f there, (FINE, FINE)."""
    x, y = np.linspace(*xlim, FINE), np.linspace(*ylim, FINE)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return x, y, _scores(f, points).reshape(FINE, FINE)


def _scores(f: OnRows, points: Array) -> Array:
    values = np.asarray(f(points))
    if values.shape != (len(points),):
        raise ValueError(
            f"for {len(points)} points the function returned an array of shape {values.shape}, "
            f"expected ({len(points)},): of a network's outputs take one column"
        )
    return values


def _draw_regions(ax: Axes, x: Array, y: Array, scores: Array) -> None:
    """Pale colours where the score is negative and positive, and a line between them."""
    low, high = min(scores.min(), 0), max(scores.max(), 0)
    if low == high:
        return
    ax.contourf(x, y, scores, levels=[low - 1, 0, high + 1], colors=_REGIONS)
    if low < 0 < high:
        ax.contour(x, y, scores, levels=[0], colors=BLACK, linewidths=1.6)
        ax.plot([], [], color=BLACK, linewidth=1.6, label="boundary")


def _draw_examples(ax: Axes, X: Array, classes: Array, scores: Array) -> None:
    """Each class with its own marker, and rings around the mistakes."""
    low, high = np.unique(classes)
    for i, name in enumerate([low, high]):
        style = nth_style(i) | {"linestyle": "", "mec": "white", "mew": 0.6, "zorder": 3}
        ax.plot(*X[classes == name].T, label=f"class {number(name)}", **style)
    wrong = X[np.where(classes == high, scores, -scores) <= 0]
    if len(wrong):
        ax.plot(*wrong.T, "o", ms=11, mfc="none", mec=BLACK, zorder=4, label="mistake")
