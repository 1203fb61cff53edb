"""The pictures say what the network says: read back from the figure, not from pixels."""

import numpy as np
import pytest
from matplotlib.patches import Circle

import bpkit
from bpkit import plots
from bpkit.costs import SquaredError
from bpkit.graph import SEVEN_NEURONS, SEVEN_NEURONS_SHARED, Graph
from tests.plots.reading import annotations, arrows, minus, texts, words


@pytest.fixture
def net():
    net = bpkit.Network([2, 3, 1], rng=0)
    net.b[2][:] = [0.5, -1, 0.25]
    return net


@pytest.fixture
def pass_and_gradient(net):
    trace = net.forward([[1, 0.5], [0, 0]])
    return trace, net.backward(trace, [[1], [0]])


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


WEIGHTS = {
    "w13": 0.5,
    "w23": -1.25,
    "w24": 0.8,
    "w35": 1.5,
    "w36": -0.4,
    "w46": 0.7,
    "w57": 1.1,
    "w67": -0.9,
}


@pytest.fixture
def seven():
    trace = SEVEN_NEURONS.forward(WEIGHTS, np.array([[1, 0.5], [0, 0]]))
    return trace, SEVEN_NEURONS.backward(WEIGHTS, trace, np.array([[1.0], [0.0]]), SquaredError())


def circles(fig):
    """The centre of every circle, by the name that stands in it."""
    centres = [np.array(p.center) for p in fig.axes[0].patches if isinstance(p, Circle)]
    return {
        text: centre
        for text, at in texts(fig)
        for centre in centres
        if np.allclose(centre, at, atol=1e-9)
    }


def drawn_edges(fig, at):
    """(source, target, dashed) of every straight arrow, by the neurons its ends are next to."""

    def nearest(x, y):
        return min(at, key=lambda j: np.hypot(*(at[j] - (x, y))))

    return {(nearest(x0, y0), nearest(x1, y1), dashed) for x0, y0, x1, y1, dashed in arrows(fig)}


def test_a_graph_is_laid_out_by_the_longest_path_and_every_edge_is_drawn():
    fig = plots.computation_graph(SEVEN_NEURONS)
    at = circles(fig)
    columns = [["1", "2"], ["3", "4"], ["5", "6"], ["7"]]
    xs = [{round(at[j][0], 6) for j in column} for column in columns]
    assert all(len(x) == 1 for x in xs)
    assert [min(x) for x in xs] == sorted(min(x) for x in xs)
    assert all(at[upper][1] > at[lower][1] for upper, lower in ["12", "34", "56"])
    expected = {(str(i), str(j), False) for i, j in SEVEN_NEURONS.edges}
    assert drawn_edges(fig, at) == expected


def test_shared_weights_carry_one_name():
    drawn = words(plots.computation_graph(SEVEN_NEURONS_SHARED))
    assert (drawn.count("u"), drawn.count("v")) == (4, 4)


def test_the_name_of_a_weight_stands_on_its_own_edge():
    fig = plots.computation_graph(SEVEN_NEURONS)
    at, where = circles(fig), dict(texts(fig))
    for (i, j), name in SEVEN_NEURONS.edges.items():
        way = at[str(j)] - at[str(i)]
        off = where[name] - at[str(i)]
        distance = abs(way[0] * off[1] - way[1] * off[0]) / np.hypot(*way)
        assert distance < 0.1 and 0 < off @ way < way @ way


def test_labels_of_crossing_edges_keep_apart():
    graph = Graph({(i, j): f"w{i}{j}" for i in "abc" for j in "xyz"})
    at = [np.array(where) for text, where in texts(plots.computation_graph(graph)) if "w" in text]
    assert len(at) == 9
    gaps = [abs(p - q) for i, p in enumerate(at) for q in at[:i]]
    assert all(gap[0] > 0.3 or gap[1] > 0.15 for gap in gaps)


def test_the_forward_pass_through_a_graph_is_that_of_the_first_example(seven):
    trace, _ = seven
    drawn = words(plots.computation_graph(SEVEN_NEURONS, WEIGHTS, trace, labels=[1]))
    assert {f"$a_{{{j}}}$ = {minus(trace.a[j][0])}" for j in range(1, 8)} <= set(drawn)
    assert {f"$in_{{{j}}}$ = {minus(trace.into[j][0])}" for j in range(3, 8)} <= set(drawn)
    assert {"w13\n0.5", "w23\n−1.25", "w67\n−0.9", "y = 1"} <= set(drawn)
    assert not any("Delta" in word for word in drawn)


def positions_of_boxes(fig):
    """The middle of every neuron's box, by its number."""
    lines = {j: [at for text, at in texts(fig) if f"_{{{j}}}" in text] for j in range(1, 8)}
    return {j: np.mean(where, axis=0) for j, where in lines.items()}


@pytest.mark.parametrize(
    "deltas_for, backward",
    [
        ({7}, set()),
        ({7, 5}, {(7, 5)}),
        ({7, 5, 6}, {(7, 5), (7, 6)}),
        ({7, 5, 6, 3}, {(7, 5), (7, 6), (5, 3), (6, 3)}),
        (None, {(7, 5), (7, 6), (5, 3), (6, 3), (6, 4)}),
    ],
)
def test_deltas_appear_neuron_by_neuron_and_turn_the_arrows_that_carry_them(
    seven, deltas_for, backward
):
    trace, grads = seven
    fig = plots.computation_graph(SEVEN_NEURONS, WEIGHTS, trace, grads, [1], deltas_for=deltas_for)
    shown = {word for word in words(fig) if "Delta" in word}
    expected = deltas_for or grads.deltas
    assert shown == {rf"$\Delta_{{{j}}}$ = {minus(grads.deltas[j][0])}" for j in expected}
    edges = drawn_edges(fig, positions_of_boxes(fig))
    assert {(j, i) for j, i, dashed in edges if dashed} == backward
    forward = {(i, j) for i, j in SEVEN_NEURONS.edges if (j, i) not in backward}
    assert {(i, j) for i, j, dashed in edges if not dashed} == forward


def test_the_pictures_of_a_backward_pass_are_one_drawing(seven):
    trace, grads = seven
    first, last = (
        plots.computation_graph(SEVEN_NEURONS, WEIGHTS, trace, grads, deltas_for=some)
        for some in ({7}, None)
    )
    assert first.get_size_inches().tolist() == last.get_size_inches().tolist()
    assert dict(texts(first))["w46\n0.7"].tolist() == dict(texts(last))["w46\n0.7"].tolist()


@pytest.mark.parametrize("stranger", [1, 8])
def test_a_neuron_without_a_delta_is_named(seven, stranger):
    with pytest.raises(ValueError, match=f"no Delta for {stranger}"):
        plots.computation_graph(SEVEN_NEURONS, WEIGHTS, *seven, deltas_for=[7, stranger])


def test_an_edge_that_skips_a_column_goes_around_the_neurons_there():
    graph = Graph({("x", "o"): "skip", ("x", "h"): "v", ("h", "o"): "w"})
    fig = plots.computation_graph(graph)
    at = circles(fig)
    (path,) = fig.axes[0].lines
    assert np.allclose(path.get_xydata()[0], at["x"] + [0.27, 0])
    assert min(np.hypot(*(path.get_xydata() - at["h"]).T)) > 0.35
    assert path.get_xdata()[-1] < at["o"][0] and len(arrows(fig)) == 3
    x, y = dict(texts(fig))["skip"]
    assert y == pytest.approx(np.interp(x, *path.get_data()), abs=0.01)


def test_neurons_stand_as_high_as_what_feeds_them():
    graph = Graph({(i, j): i for i, j in [("a", "p"), ("b", "p"), ("c", "q"), ("d", "p")]})
    at = circles(plots.computation_graph(graph))
    assert at["a"][1] > at["b"][1] > at["c"][1] > at["d"][1]
    assert at["p"][1] > at["q"][1], "p is fed from places 1, 2 and 4, q from place 3"


def test_every_output_shows_its_own_label():
    graph = Graph({("x", "p"): "u", ("x", "q"): "v"})
    trace = graph.forward({"u": 1, "v": -1}, np.array([[2.0]]))
    fig = plots.computation_graph(graph, None, trace, labels=[5, 6])
    where = dict(texts(fig))
    for label, neuron in [("y = 5", "$a_{p}$ = 2.00"), ("y = 6", "$a_{q}$ = −2.00")]:
        assert abs(where[label] - where[neuron]).max() < 0.3
