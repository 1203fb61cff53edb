"""Graphs: by hand, against differences, against layers, and paths against the factored rule."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpkit import Network
from bpkit.costs import Hinge, Quadratic, SquaredError
from bpkit.gradcheck import numerical_gradient
from bpkit.graph import SEVEN_NEURONS, SEVEN_NEURONS_SHARED, Graph, layered
from tests.strategies import seeds


def random_weights(graph, seed):
    rng = np.random.default_rng(seed)
    return {name: rng.normal() for name in dict.fromkeys(graph.edges.values())}


@st.composite
def random_graphs(draw):
    """Up to 7 neurons; each but the first two is fed by some before it; weights may be shared."""
    n = draw(st.integers(3, 7))
    edges = {}
    for j in range(3, n + 1):
        for i in draw(st.sets(st.integers(1, j - 1), min_size=1)):
            edges[i, j] = draw(st.sampled_from([f"w{i}{j}", "u", "v"]))
    return Graph(edges, draw(st.sampled_from(["tanh", "sigmoid"])))


def test_seven_neurons_by_the_equations_written_out():
    w13, w23, w24, w35, w36, w46, w57, w67 = w = np.linspace(0.9, -0.8, 8)
    weights = dict(zip(["w13", "w23", "w24", "w35", "w36", "w46", "w57", "w67"], w))
    x1, x2, t, g = 0.5, -1.0, 1.0, np.tanh
    a3, a4 = g(x1 * w13 + x2 * w23), g(x2 * w24)
    a5, a6 = g(a3 * w35), g(a3 * w36 + a4 * w46)
    z7 = a5 * w57 + a6 * w67
    d7 = -t if -z7 * t > 0 else 0.0
    d5, d6 = (1 - a5**2) * w57 * d7, (1 - a6**2) * w67 * d7
    d3, d4 = (1 - a3**2) * (w35 * d5 + w36 * d6), (1 - a4**2) * w46 * d6
    assert d7, "the instance should violate the criterion"

    trace = SEVEN_NEURONS.forward(weights, [[x1, x2]])
    grads = SEVEN_NEURONS.backward(weights, trace, [[t]], Hinge())
    assert trace.a[7] == pytest.approx(z7)
    deltas = {3: d3, 4: d4, 5: d5, 6: d6, 7: d7}
    assert grads.deltas == {j: pytest.approx(d) for j, d in deltas.items()}
    sources = {"1": x1, "2": x2, "3": a3, "4": a4, "5": a5, "6": a6}
    for name, value in grads.dw.items():
        assert value == pytest.approx(deltas[int(name[2])] * sources[name[1]])


@given(random_graphs(), seeds)
@settings(max_examples=60)
def test_gradients_are_those_of_differences(graph, seed):
    weights, rng = random_weights(graph, seed), np.random.default_rng(seed)
    X = rng.normal(size=(3, len(graph.inputs)))
    Y = rng.normal(size=(3, len(graph.outputs)))
    cost = SquaredError()

    def J(values):
        trace = graph.forward(dict(zip(weights, values)), X)
        a = np.stack([trace.a[j] for j in graph.outputs], axis=1)
        return cost(a, a, Y).mean()

    grads = graph.backward(weights, graph.forward(weights, X), Y, cost)
    expected = numerical_gradient(J, np.array(list(weights.values())))
    np.testing.assert_allclose([grads.dw[name] for name in weights], expected, atol=1e-6, rtol=1e-5)


def test_shared_parameters_sum_over_the_places_where_they_are_used():
    weights = {"u": 0.7, "v": -0.4}
    apart = {f"w{i}{j}": weights[name] for (i, j), name in SEVEN_NEURONS_SHARED.edges.items()}
    X, Y = [[0.5, -1.0]], [[1.0]]
    shared = SEVEN_NEURONS_SHARED.backward(
        weights, SEVEN_NEURONS_SHARED.forward(weights, X), Y, Quadratic()
    )
    single = SEVEN_NEURONS.backward(apart, SEVEN_NEURONS.forward(apart, X), Y, Quadratic())
    for name in "uv":
        places = [f"w{i}{j}" for (i, j), n in SEVEN_NEURONS_SHARED.edges.items() if n == name]
        assert len(places) == 4
        assert shared.dw[name] == pytest.approx(sum(single.dw[place] for place in places))


@given(seeds)
def test_a_layered_graph_is_the_network(seed):
    net = Network([3, 4, 2], "tanh", "sigmoid", rng=seed)
    graph = layered(net.sizes, activation="tanh", output="sigmoid")
    weights = {f"w{l}_{j + 1}{k + 1}": w for l in (2, 3) for (j, k), w in np.ndenumerate(net.w[l])}
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(5, 3)), rng.random((5, 2))
    ours = graph.backward(weights, graph.forward(weights, X), Y, Quadratic())
    theirs = net.backward(net.forward(X), Y)
    for l in 2, 3:
        for (j, k), dw in np.ndenumerate(theirs.dw[l]):
            assert ours.dw[f"w{l}_{j + 1}{k + 1}"] == pytest.approx(dw, rel=1e-9, abs=1e-12)


@given(random_graphs())
def test_paths_are_counted_without_walking_them(graph):
    for start in graph.inputs:
        for end in graph.outputs:
            assert graph.number_of_paths(start, end) == len(list(graph.paths(start, end)))


def test_paths_grow_exponentially_and_edges_linearly():
    paths, edges = [], []
    for depth in range(2, 12):
        graph = layered([1, *[3] * depth, 1])
        paths.append(graph.number_of_paths((1, 1), (depth + 2, 1)))
        edges.append(len(graph.edges))
    assert paths == [3**depth for depth in range(2, 12)]
    assert set(np.diff(edges)) == {9}


def test_the_sum_over_paths_is_the_derivative():
    weights = random_weights(SEVEN_NEURONS, 1)
    trace = SEVEN_NEURONS.forward(weights, [[0.3, 0.9]])
    by_paths = SEVEN_NEURONS.derivative_by_paths(weights, trace, 2, 7)
    h = 1e-6
    ends = [SEVEN_NEURONS.forward(weights, [[0.3, 0.9 + s]]).a[7] for s in (h, -h)]
    assert by_paths == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-8)
    assert math.prod(by_paths.shape) == 1


def test_refusals():
    with pytest.raises(ValueError, match="cycle, found 1 -> 2 -> 1|cycle, found 2 -> 1 -> 2"):
        Graph({(1, 2): "a", (2, 1): "b"})
    with pytest.raises(ValueError, match="unknown activation 'softmax'"):
        Graph({(1, 2): "a"}, output="softmax")
    graph = Graph({(1, 2): "a"})
    with pytest.raises(ValueError, match="no value for the weights a"):
        graph.forward({}, [[1.0]])
    with pytest.raises(ValueError, match=r"X has shape \(1, 2\), expected \(N, 1\)"):
        graph.forward({"a": 1.0}, [[1.0, 2.0]])
