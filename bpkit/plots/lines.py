"""Curves: ``draw`` is the one way in which a curve gets into a picture."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bpkit.activations import ACTIVATIONS, Array
from bpkit.gradcheck import numerical_gradient
from bpkit.network import Gradients, Network
from bpkit.plots.graphs import check_edge
from bpkit.plots.sketch import number
from bpkit.plots.style import BLACK, GREY, WIDTH, legend_above, nth_style, panels

Series = Mapping[str, tuple[Array, Array]]
"""The x and y of every curve, each (M,), by its label."""

HEIGHT = 3.6


def curves(series: Series, xlabel: str, ylabel: str, *, log: str = "") -> Figure:
    """Curves in one picture: rates and costs against anything.

    Parameters
    ----------
    series : x and y of each curve, both (M,), by its label.
    xlabel, ylabel : what is drawn against what.
    log : the axes that are logarithmic: "", "x", "y" or "xy". A y of exactly 0, which has no
        logarithm, is drawn as a 0 on the lower edge.

    Raises
    ------
    ValueError : if there is no curve, x and y do not fit, or a logarithmic axis cannot show them.
    """
    fig, (ax,) = panels(1, HEIGHT)
    draw(ax, series, xlabel, ylabel, log)
    legend_above(fig)
    return fig


def training_curves(costs: Mapping[str, Sequence[float]], *, log: bool = False) -> Figure:
    """The cost after every epoch, from epoch 0, the initial weights.

    Parameters
    ----------
    costs : the costs of each curve by its label; an empty one is left out.
    log : whether the axis of the cost is logarithmic.

    Raises
    ------
    ValueError : if all are empty.
    """
    series = {name: (np.arange(len(c)), np.asarray(c)) for name, c in costs.items() if len(c)}
    fig = curves(series, "epoch", "cost C", log="y" if log else "")
    fig.axes[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    return fig


def norms_by_layer(grads: Gradients) -> list[float]:
    """|delta^l| for l = 2 ... L: the root of the mean of |delta^l_n|^2 over the examples n."""
    return [float(np.sqrt((delta**2).sum(axis=1).mean())) for delta in grads.deltas[2:]]


def delta_norms(norms_by_name: Mapping[str, Sequence[float]]) -> Figure:
    """How large the deltas of every layer are, on a logarithmic scale: do gradients vanish?

    Parameters
    ----------
    norms_by_name : for each network the norms of layers 2 ... L, as ``norms_by_layer`` gives them.
    """
    series = {
        name: (np.arange(2, 2 + len(norms)), np.asarray(norms))
        for name, norms in norms_by_name.items()
    }
    xlabel = r"layer $l$   (backpropagation goes from right to left)"
    fig = curves(series, xlabel, r"$|\delta^{\,l}|$", log="y")
    fig.axes[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    return fig


def activation_and_derivative(names: Sequence[str]) -> Figure:
    """Each activation and its derivative in a panel; at a kink, which value the derivative takes.

    Parameters
    ----------
    names : of activations that act on one number: "linear", "sigmoid", "tanh", "relu".

    Raises
    ------
    ValueError : for any other name.
    """
    for name in names:
        if name not in ACTIVATIONS or name == "softmax":
            raise ValueError(f"cannot draw {name!r}: not an activation of one number")
    fig, axes = panels(len(names), 2.6, share=True)
    z, eps = np.linspace(-4, 4, 401), 1e-9
    for ax, name in zip(axes, names):
        sigma = ACTIVATIONS[name]
        left, here, right = sigma.prime(np.array([-eps, 0, eps]))
        slope = sigma.prime(z)
        if abs(right - left) > 0.5:
            slope[z == 0] = np.nan
            ax.plot(0, left + right - here, "o", color=nth_style(1)["color"], mfc="white", zorder=3)
            ax.plot(0, here, "o", color=nth_style(1)["color"], zorder=3)
            ax.annotate(
                f"σ′(0) = {here:g},\nby convention",
                (0, here),
                xytext=(0.3, -0.85),
                color=BLACK,
                arrowprops={"arrowstyle": "->", "color": GREY},
            )
        draw(ax, {"σ(z)": (z, sigma(z)), "σ′(z)": (z, slope)}, "z", "", marks=0)
        ax.set(title=name, ylim=(-1.25, 2.25))
        ax.axhline(0, color=GREY, linewidth=0.6, zorder=0)
        ax.axvline(0, color=GREY, linewidth=0.6, zorder=0)
        ax.label_outer()
    legend_above(fig)
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
        _draw_with_tangent(ax, moves, curve, 0, slope, xlabel)
        ax.set(title=name, ylabel="")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("cost C")
    axes[0].legend(frameon=False)
    return fig


def error_against_weight(
    net: Network, X: Array, Y: Array, l: int, j: int, k: int, reach: float = 4.0
) -> Figure:
    """The cost as w^l_jk alone moves, its slope where the weight is now, and the way downhill.

    Parameters
    ----------
    net : is not changed.
    X, Y : (N, d_1) and (N, d_L).
    l, j, k : the weight to neuron j of layer l from neuron k of layer l - 1, counted from 1.
    reach : how far the weight is moved to either side.

    Raises
    ------
    ValueError : if there is no such weight.
    """
    check_edge(net, (l, j, k))
    now = float(net.w[l][j - 1, k - 1])
    slope = float(net.backward(net.forward(X), Y).dw[l][j - 1, k - 1])
    values = np.linspace(now - reach, now + reach, 201)
    copy = net.astype(np.float64)
    costs = np.empty(len(values))
    for i, value in enumerate(values):
        copy.w[l][j - 1, k - 1] = value
        costs[i] = copy.cost(X, Y)
    name = f"w^{l}_{{{j}{k}}}"
    fig, (ax,) = panels(1, HEIGHT)
    _draw_with_tangent(ax, values, costs, now, slope, f"${name}$")
    room = 0.15 * (np.ptp(costs) or 1)
    ax.set_ylim(costs.min() - room, costs.max() + room)
    text = rf"slope $\partial C/\partial {name}$ = {number(slope)}"
    if slope:
        ahead = -np.sign(slope) * min(reach / 4, 0.8 * room / abs(slope))
        here = np.interp(now, values, costs)
        style = {"arrowstyle": "-|>", "linewidth": 2, "color": BLACK, "shrinkA": 6}
        ax.annotate("", (now + ahead, here + slope * ahead), (now, here), arrowprops=style)
        way = "smaller" if slope > 0 else "larger"
        text += f": downhill is a {way} weight"
    ax.set_title(text, fontsize=11)
    legend_above(fig)
    return fig


def gradient_errors(
    f: Callable[[Array], float],
    theta: Array,
    gradient: Array,
    steps: Array,
    method: str = "two-sided",
    dtype: type = np.float64,
) -> tuple[Array, Array]:
    """The relative error of a numerical gradient for each step h, for ``gradient_check_curves``.

    Parameters
    ----------
    f : takes an array like theta and computes in its precision; returns a number.
    theta, gradient : where the gradient is taken, and the right one: two arrays of one shape.
    steps : (M,), the values of h.
    method : as in ``bpkit.gradcheck.numerical_gradient``.
    dtype : what f is made to compute in, such as ``np.float32``.

    Returns
    -------
    steps, and |numerical - gradient| / |gradient| for each of them, both (M,).
    """

    def rounded(moved: Array) -> float:
        is_complex = np.iscomplexobj(moved)
        return f(moved.astype(np.result_type(dtype, np.complex64) if is_complex else dtype))

    errors = [numerical_gradient(rounded, theta, method, h) - gradient for h in steps]
    return steps, np.array([np.linalg.norm(e) for e in errors]) / np.linalg.norm(gradient)


def gradient_check_curves(errors: Series) -> Figure:
    """The relative error of numerical derivatives against the step h, the best h ringed.

    A best h is marked only where smaller ones are more than ten times worse: a complex step has
    none, because there no h is too small. Errors up to the eps of float64 count as none.

    Parameters
    ----------
    errors : the steps and the errors, both (M,), of each curve, as ``gradient_errors`` gives them.
    """
    labelled, rings = {}, []
    for i, (name, (h, error)) in enumerate(errors.items()):
        best = np.argmin(error)
        if error[np.argmin(h)] > 10 * max(error[best], np.finfo(np.float64).eps):
            text = np.format_float_scientific(h[best], precision=0, trim="-", exp_digits=1)
            label = f"{name}: best h is {text.replace('-', '−')}"
            rings.append((h[best], error[best], nth_style(i)["color"]))
        else:
            label = f"{name}: no h is too small"
        labelled[label] = (h, error)
    fig = curves(labelled, "step h", "relative error", log="xy")
    for h_best, error_best, color in rings:
        fig.axes[0].plot(h_best, error_best, "o", ms=13, mfc="none", mew=1.8, color=color)
    return fig


def draw(
    ax: Axes, series: Series, xlabel: str, ylabel: str, log: str = "", *, marks: int = 12
) -> None:
    """Draw curves, each with colour, dashes and at most so many marks of its own."""
    if log not in ("", "x", "y", "xy"):
        raise ValueError(f'log must be "", "x", "y" or "xy", not {log!r}')
    if not series:
        raise ValueError("no curves to draw: there is no data in any of them")
    for i, (label, (x, y)) in enumerate(series.items()):
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if x.shape != y.shape or x.ndim != 1 or not len(x):
            raise ValueError(
                f"the curve {label!r} has x of shape {x.shape} and y of shape {y.shape}, "
                "expected one y for each x"
            )
        if ("x" in log and (x <= 0).any()) or ("y" in log and (y < 0).any()):
            raise ValueError(
                f"the curve {label!r} has values that a logarithmic axis cannot show: "
                "a negative number, or an x of 0"
            )
        style = nth_style(i)
        if marks:
            apart = -(-len(x) // marks)
            style["markevery"] = (i * apart // len(series), apart)
        else:
            style["marker"] = ""
        zero = (y == 0) if "y" in log else np.zeros(len(y), dtype=bool)
        ax.plot(x, np.where(zero, np.nan, y), label=label, **style)
        if zero.any():
            on_edge: dict[str, Any] = {
                "transform": ax.get_xaxis_transform(),
                "clip_on": False,
                "linestyle": "",
            }
            ax.plot(x[zero], 0 * x[zero] + 0.05, marker="$0$", ms=9, c=style["color"], **on_edge)
            ax.margins(y=0.15)
    if "x" in log:
        ax.set_xscale("log")
    if "y" in log:
        ax.set_yscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)


def _draw_with_tangent(ax, x, costs, at, slope, xlabel):
    """The curve, the straight line that touches it at this x, and the point where it does."""
    here = np.interp(at, x, costs)
    series = {"cost": (x, costs), "slope": (x, here + slope * (x - at))}
    draw(ax, series, xlabel, "cost C", marks=0)
    ax.plot(at, here, "o", color=BLACK)
