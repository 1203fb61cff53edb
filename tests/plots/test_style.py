"""Colours that can be told apart, panels that hold what they show, and the way into a notebook."""

import io
import subprocess
import sys

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

import bpkit
from bpkit import plots
from bpkit.plots.style import legend_above, nth_style, panels


def test_show_stores_the_alternative_text_and_a_white_crisp_png(monkeypatch):
    shown = {}
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **kwargs: shown.update(data, **kwargs)
    )
    plots.show(
        plots.network_graph(bpkit.Network([2, 3, 1], rng=0)), alt="A network of 2, 3 and 1 neurons."
    )
    assert shown["text/plain"] == "A network of 2, 3 and 1 neurons."
    assert shown["raw"] is True
    metadata = shown["metadata"]["image/png"]
    assert metadata["alt"] == "A network of 2, 3 and 1 neurons."
    picture = Image.open(io.BytesIO(shown["image/png"]))
    assert metadata["width"] <= 900
    assert picture.width == 2 * metadata["width"]
    assert picture.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)


def test_show_insists_on_an_alternative_text():
    with pytest.raises(ValueError, match="alt is empty: say"):
        plots.show(Figure(), alt=" ")


def test_colours_can_be_told_apart_in_grey_and_read_on_white():
    def luminance(color):
        channels = np.array(matplotlib.colors.to_rgb(color))
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ [0.2126, 0.7152, 0.0722]

    for color in (plots.GREY, *(nth_style(i)["color"] for i in range(5))):
        assert 1.05 / (luminance(color) + 0.05) > 3  # the contrast ratio that WCAG asks of graphics
    assert abs(luminance(plots.FORWARD) - luminance(plots.BACKWARD)) > 0.05


def test_neighbouring_styles_differ_in_colour_dashes_and_marker():
    styles = [nth_style(i) for i in range(5)]
    assert len({style["color"] for style in styles}) == 5
    assert len({style["marker"] for style in styles}) == 5
    for one, other in zip(styles, styles[1:]):
        assert one["linestyle"] != other["linestyle"]


@pytest.mark.parametrize(
    "number, rows, columns", [(1, 1, 1), (2, 1, 2), (3, 1, 3), (4, 2, 2), (5, 2, 3), (7, 3, 3)]
)
def test_panels_are_at_most_three_in_a_row(number, rows, columns):
    fig, axes = panels(number, 2.0)
    assert len(axes) == number == sum(ax.get_visible() for ax in fig.axes)
    assert axes[0].get_gridspec().get_geometry() == (rows, columns)
    assert fig.get_figwidth() == plots.WIDTH


def test_a_legend_names_each_thing_once_in_rows_that_fit():
    fig, axes = panels(2, 2.0)
    for ax in axes:
        for i in range(3):
            ax.plot([0, 1], [0, 1], label=f"{i}: something with a rather long name")
    legend_above(fig)
    assert len(fig.legends[0].get_texts()) == 3
    fig.draw_without_rendering()
    extent = fig.legends[0].get_window_extent()
    assert extent.x0 > 0 and extent.x1 < fig.get_figwidth() * fig.dpi


def test_a_figure_needs_something_to_show():
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.activation_and_derivative([])


def test_drawing_needs_no_pyplot_and_changes_no_setting():
    code = (
        "import sys, matplotlib\n"
        "def settings(): return {k: v for k, v in matplotlib.rcParams.items() if k != 'backend'}\n"
        "from bpkit import plots\n"
        "plots.curves({'a': ([0, 1], [1, 2])}, 'x', 'y').draw_without_rendering()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "after = settings(); matplotlib.rc_file_defaults(); assert after == settings()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
