"""The pictures say what the network says: read back from the figure, not from pixels."""

import io

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from PIL import Image

import bpkit
from bpkit import plots


@pytest.fixture
def net():
    net = bpkit.Network([2, 3, 1], rng=0)
    net.b[2][:] = [0.5, -1, 0.25]
    return net


@pytest.fixture
def pass_and_gradient(net):
    trace = net.forward([[1, 0.5], [0, 0]])
    return trace, net.backward(trace, [[1], [0]])


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


def test_without_a_trace_neurons_are_numbered_and_every_weight_is_an_arrow(net):
    fig = plots.network_graph(net)
    assert sorted(w for w in words(fig) if w.isdigit()) == ["1", "1", "1", "2", "2", "3"]
    assert len([p for p in fig.axes[0].patches if isinstance(p, Circle)]) == 6
    assert len(arrows(fig)) == 2 * 3 + 3 * 1
    assert {"layer 1 (input)", "layer 2", "layer 3 (output)"} <= set(words(fig))


def test_a_highlighted_weight_leads_from_k_to_j():
    fig = plots.network_graph(bpkit.Network([3, 4, 2], rng=0), highlight=[(3, 2, 4)])
    assert "$w^3_{24}$" in words(fig)
    bold = [arrow for arrow in annotations(fig) if arrow.arrow_patch.get_linewidth() > 2]
    assert len(bold) == 1
    neurons = {}
    for text, (x, y) in texts(fig):
        if text.isdigit():
            neurons[round(x, 1), text] = y
    layer_2, layer_3 = sorted({x for x, _ in neurons})[1:]
    assert bold[0].xyann[1] == pytest.approx(neurons[layer_2, "4"])
    assert bold[0].xy[1] == pytest.approx(neurons[layer_3, "2"])


@pytest.mark.parametrize("edge", [(1, 1, 1), (2, 4, 1), (2, 1, 3), (4, 1, 1), (2, 0, 1)])
def test_a_weight_that_does_not_exist_is_named(net, edge):
    with pytest.raises(ValueError, match=r"no weight w\^\d_\d\d in a network of sizes \(2, 3, 1\)"):
        plots.network_graph(net, highlight=[edge])


def test_the_forward_picture_shows_the_first_example(net, pass_and_gradient):
    trace, _ = pass_and_gradient
    drawn = words(plots.network_graph(net, trace, labels=[1]))
    assert {"a = 1.00", "a = 0.500", "b = 0.5", "b = −1", "b = 0.25", "y = 1"} <= set(drawn)
    for l in (2, 3):
        assert {f"z = {minus(v)}" for v in trace.z[l][0]} <= set(drawn)
        assert {f"a = {minus(v)}" for v in trace.a[l][0]} <= set(drawn)
    assert not [word for word in drawn if "δ" in word]


def test_every_weight_is_written_on_its_own_edge(net, pass_and_gradient):
    net.w[2][:] = [[11, 12], [21, 22], [31, 32]]  # to, from: the number says which edge it is
    fig = plots.network_graph(net, pass_and_gradient[0])
    ends = {(round(x0, 3), round(y0, 3), round(y1, 3)) for x0, y0, _, y1, _ in arrows(fig)}
    left = min(x for x, _, _ in ends)
    sources = sorted({y0 for x, y0, _ in ends if x == left}, reverse=True)
    targets = sorted({y1 for x, _, y1 in ends if x == left}, reverse=True)
    where = dict(texts(fig))
    for k, source in enumerate(sources, start=1):
        labels = [where[f"{j}{k}"] for j in (1, 2, 3)]
        fractions = [
            (label[1] - source) / (target - source)
            for label, target in zip(labels, targets)
            if target != source
        ]
        assert np.allclose(fractions, fractions[0], atol=0.01)
        assert 0 < fractions[0] < 0.5


def test_deltas_flow_backward(net, pass_and_gradient):
    trace, grads = pass_and_gradient
    fig = plots.network_graph(net, trace, grads)
    assert {f"δ = {minus(v)}" for l in (2, 3) for v in grads.deltas[l][0]} <= set(words(fig))
    into_the_output = [(x0, x1, dashed) for x0, _, x1, _, dashed in arrows(fig) if max(x0, x1) > 5]
    assert [(x1 < x0, dashed) for x0, x1, dashed in into_the_output] == [(True, True)] * 3
    from_the_input = [(x0, x1, dashed) for x0, _, x1, _, dashed in arrows(fig) if max(x0, x1) < 5]
    assert [(x0 < x1, dashed) for x0, x1, dashed in from_the_input] == [(True, False)] * 6


def test_the_output_error_can_be_drawn_alone(net, pass_and_gradient):
    trace, grads = pass_and_gradient
    fig = plots.network_graph(net, trace, grads, deltas_down_to=3)
    drawn = [word for word in words(fig) if "δ" in word]
    assert drawn == [f"δ = {minus(grads.deltas[3][0, 0])}"]
    assert not any(dashed for *_, dashed in arrows(fig))


def test_a_highlighted_weight_shows_its_gradient(net, pass_and_gradient):
    trace, grads = pass_and_gradient
    drawn = words(plots.network_graph(net, trace, grads, highlight=[(2, 3, 1)]))
    assert "$\\partial C/\\partial w^2_{31}$\n= " + minus(grads.dw[2][2, 0]) in drawn


def test_tangents_touch_their_curves():
    moves = np.linspace(-1, 1, 21)
    fig = plots.tangents(moves, [np.sin(moves), moves**2 + 3], [1, 0], ["sine", "bowl"], "move")
    assert [ax.get_title() for ax in fig.axes] == ["sine", "bowl"]
    for ax, slope, here in zip(fig.axes, [1, 0], [0, 3]):
        _, line, point = ax.lines
        assert np.polyfit(*line.get_data(), 1) == pytest.approx([slope, here])
        assert point.get_data() == (pytest.approx([0]), pytest.approx([here]))
        assert ax.get_xlabel() == "move"
    assert fig.axes[0].get_ylabel() == "cost C"


def test_shapes_are_drawn_cell_by_cell():
    fig = plots.shapes(("Z", 5, 3), "=", ("A", 5, 2), "·", ("w", 2, 3))
    cells = [patch for patch in fig.axes[0].patches if isinstance(patch, Rectangle)]
    assert len(cells) == 15 + 10 + 6
    assert {"Z", "A", "w", "=", "·", "5 × 3", "5 × 2", "2 × 3"} == set(words(fig))
    lefts = [cell.get_x() for cell in cells]
    assert min(lefts) > 0 and max(lefts) < plots.WIDTH


def test_show_stores_the_alternative_text_and_a_white_crisp_png(monkeypatch, net):
    shown = {}
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **kwargs: shown.update(data, **kwargs)
    )
    plots.show(plots.network_graph(net), alt="A network of 2, 3 and 1 neurons.")
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

    for color in (plots.BLACK, plots.GREY, plots.FORWARD, plots.BACKWARD):
        assert 1.05 / (luminance(color) + 0.05) > 3  # the contrast ratio that WCAG asks of graphics
    assert abs(luminance(plots.FORWARD) - luminance(plots.BACKWARD)) > 0.05
