"""Figures that are printed with less done twice are, to the byte, those of IPython."""

import datetime

import matplotlib
import numpy as np
import pytest
from IPython.core.pylabtools import print_figure
from matplotlib import pyplot as plt
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle

from bpkit.grading.drawing import known_markers, printed_once

RNG = np.random.default_rng(0)
CURVE, CLOUD = RNG.normal(size=50).cumsum(), RNG.normal(size=(2, 99))
IMAGE = RNG.normal(size=(9, 9))


def four_panels():
    figure, axes = plt.subplots(2, 2)
    for ax in axes.flat:
        ax.plot(CURVE)
        ax.set(title="a curve", xlabel="step", ylabel="cost")
    figure.suptitle("four of them")


def colour_bar():
    figure, ax = plt.subplots()
    figure.colorbar(ax.imshow(IMAGE), label="value")


def two_axes_and_a_legend_outside():
    _, ax = plt.subplots()
    ax.plot([1, 2], [1e6, 1e7])
    ax.twinx().set_ylabel("another scale")
    ax.legend(["curve"], loc="upper left", bbox_to_anchor=(1.15, 1))


def equal_aspect_and_a_note_far_away():
    _, ax = plt.subplots()
    ax.set_aspect("equal")
    ax.contourf(IMAGE)
    ax.annotate("here", (3, 3), (25, 12), arrowprops={})


def turned_labels():
    _, ax = plt.subplots()
    ax.bar(["linear", "sigmoid", "tanh"], [1, 2, 3])
    ax.tick_params(axis="x", rotation=70)


def logarithms_with_all_grid_lines():
    _, ax = plt.subplots()
    ax.loglog(10.0 ** -np.arange(9), 10.0 ** -np.arange(9), label=r"$\delta^L$")
    ax.grid(True, which="both")
    ax.legend()


def no_axes_but_a_cloud():
    _, ax = plt.subplots()
    points = ax.scatter(*CLOUD, c=CLOUD[0])
    ax.legend(*points.legend_elements(), title="class")
    ax.axis("off")


def everything_at_the_top_and_an_inset():
    _, ax = plt.subplots()
    ax.plot(CURVE)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set(xlabel="above", title="higher still")
    ax.inset_axes((0.5, 0.5, 0.4, 0.4)).plot(CURVE)


def offsets_at_the_axes():
    figure, ax = plt.subplots()
    ax.plot([1e-9, 2e-9], [1e8 + 1, 1e8 + 2])
    ax.set_title("on the left", loc="left")
    figure.text(0.5, -0.2, "below the figure")


def dates():
    figure, ax = plt.subplots()
    ax.plot([datetime.datetime(2025, 1, day) for day in (1, 2, 9)], [1, 2, 3])
    figure.autofmt_xdate()


def polar():
    plt.subplot(projection="polar").plot(CURVE)


def three_dimensions():
    plt.subplot(projection="3d").plot(*CLOUD, CLOUD[0])


def constrained():
    _, axes = plt.subplots(1, 3, layout="constrained")
    for ax in axes:
        ax.hist(CURVE)
        ax.set_ylabel("count")


def tight():
    figure, axes = plt.subplots(1, 3, figsize=(9, 2), sharey=True)
    axes[0].plot(CURVE)
    figure.tight_layout()


def axes_through_zero():
    _, axes = plt.subplots(2, 1, sharex=True)
    for ax in axes:
        ax.plot(*CLOUD, ".")
        ax.spines[["left", "bottom"]].set_position("zero")
        ax.spines[["right", "top"]].set_visible(False)


def marks_of_all_kinds():
    _, ax = plt.subplots()
    for place, marker in enumerate(MarkerStyle.markers):
        (line,) = ax.plot([place], [0], marker=marker, fillstyle="left")
        ax.plot([place], [1], marker=MarkerStyle(marker, fillstyle="top").rotated(deg=20))
        if marker != ",":  # a pixel cannot be scattered
            ax.scatter([place], [2], marker=MarkerStyle(marker, joinstyle="bevel"))
        copy = Line2D([place], [3])
        copy.update_from(line)
        copy.set_fillstyle("right")
        ax.add_line(copy)
    ax.plot(CURVE, marker="$\\delta$")
    ax.plot(CURVE, marker=[(-1, -1), (1, -1), (0, 2)])
    ax.plot(CURVE, marker=(5, 1, 30))


def only_text():
    plt.figure().text(0.5, 0.5, "no axes")


def nothing():
    plt.figure()


FIGURES = (
    four_panels,
    colour_bar,
    two_axes_and_a_legend_outside,
    equal_aspect_and_a_note_far_away,
    turned_labels,
    logarithms_with_all_grid_lines,
    no_axes_but_a_cloud,
    everything_at_the_top_and_an_inset,
    offsets_at_the_axes,
    dates,
    polar,
    three_dimensions,
    axes_through_zero,
    marks_of_all_kinds,
    constrained,
    tight,
    only_text,
    nothing,
)
HOW = ({}, {"pad_inches": 0}, {"bbox_inches": None}, {"fmt": "retina"}, {"base64": True})


def printed(draw, print_one, how):
    with plt.style.context("default"):
        draw()
        try:
            return print_one(plt.gcf(), **how)
        finally:
            plt.close("all")


@pytest.mark.parametrize("draw", FIGURES)
def test_the_picture_is_that_of_ipython(draw, monkeypatch):
    theirs = printed(draw, print_figure, {})
    monkeypatch.setattr(MarkerStyle, "_set_marker", known_markers(MarkerStyle._set_marker))
    assert printed(draw, printed_once(print_figure), {}) == theirs
    assert printed(draw, printed_once(print_figure), {}) == theirs


def test_a_mark_that_is_turned_is_no_other_mark_s(monkeypatch):
    monkeypatch.setattr(MarkerStyle, "_set_marker", known_markers(MarkerStyle._set_marker))
    first = MarkerStyle("s")
    turned = first.rotated(deg=45)
    twice = turned.rotated(deg=45)
    angles = [m.get_transform().to_values()[1] for m in (first, MarkerStyle("s"), turned, twice)]
    np.testing.assert_allclose(angles, np.sin(np.deg2rad([0, 0, 45, 90])), atol=1e-12)


@pytest.mark.parametrize("how", HOW, ids=str)
def test_and_so_it_is_when_a_notebook_asks_for_another_form(how):
    ours = printed(logarithms_with_all_grid_lines, printed_once(print_figure), how)
    assert ours == printed(logarithms_with_all_grid_lines, print_figure, how)


def test_a_figure_that_cannot_be_drawn_fails_as_it_does_in_ipython():
    def broken():
        _, ax = plt.subplots()
        ax.set_title("$\\nonsense{$")

    with pytest.raises(ValueError, match="nonsense"):
        printed(broken, printed_once(print_figure), {})


def test_matplotlib_is_afterwards_as_it_was():
    before = Axis._update_ticks, Axis._get_ticklabel_bboxes, dict(matplotlib.rcParams)
    printed(logarithms_with_all_grid_lines, printed_once(print_figure), {})
    after = Axis._update_ticks, Axis._get_ticklabel_bboxes, dict(matplotlib.rcParams)
    assert after == before
