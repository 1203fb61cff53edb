"""The tape against differences, against the layers, and on graphs ten thousand nodes deep."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpkit.autodiff import Tape
from bpkit.costs import Quadratic
from bpkit.gradcheck import numerical_gradient
from bpkit.graph import SEVEN_NEURONS
from tests.strategies import random_problem, seeds

OPERATIONS = {
    "add": lambda x, y: (x + y).sum(),
    "subtract": lambda x, y: (x - y * y).sum(),
    "multiply": lambda x, y: (x * y).sum(),
    "divide": lambda x, y: (x / (y * y + 1.0)).sum(),
    "power": lambda x, y: ((x * x + 1.0) ** 1.5 * y).sum(),
    "constants on the left": lambda x, y: (2.0 - x + 3.0 * y + 1.0 / (x * x + 2.0)).sum(),
    "negative": lambda x, y: (-x * y).mean(),
    "exp and log": lambda x, y: ((x.exp() + y.exp()).log()).sum(),
    "tanh": lambda x, y: (x * y).apply("tanh").sum(),
    "sigmoid": lambda x, y: (x + y).apply("sigmoid").mean(),
    "sum over an axis": lambda x, y: ((x + y).sum(axis=0) ** 2).sum(),
    "used twice": lambda x, y: (x * x * x + x).sum() + y.sum(),
}
SHAPES = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (1, 4)), ((2, 3, 4), (3, 1)), ((3, 4), ())]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_each_operation_with_broadcasting(operation, shapes):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=shape) for shape in shapes]
    f = OPERATIONS[operation]

    def evaluate(*arrays):
        tape = Tape()
        nodes = [tape.variable(array) for array in arrays]
        return tape, nodes, f(*nodes)

    tape, nodes, output = evaluate(*values)
    for i, gradient in enumerate(tape.gradients(output, nodes)):

        def at(moved, i=i):
            arrays = list(values)
            arrays[i] = moved
            return float(evaluate(*arrays)[2].value)

        assert gradient.shape == values[i].shape
        np.testing.assert_allclose(gradient, numerical_gradient(at, values[i]), atol=1e-7)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: (x @ np.arange(6.0).reshape(3, 2)).apply("tanh").sum(),
        lambda x: (np.arange(4.0).reshape(2, 2) @ x * 0.1).exp().sum(),
        lambda x: (x.T @ x).reshape(9).apply("sigmoid").sum(),
        lambda x: (x[[0, 0, 1]] ** 2).sum() + x[1, 2] * x[:, 1].sum(),
        lambda x: (np.ones((2, 3)) * x).log().sum(),
    ],
)
def test_matrices_and_indices(f):
    value = np.random.default_rng(0).random((2, 3)) + 0.5
    tape = Tape()
    x = tape.variable(value)
    (gradient,) = tape.gradients(f(x), [x])
    expected = numerical_gradient(lambda v: float(f(Tape().variable(v)).value), value)
    np.testing.assert_allclose(gradient, expected, atol=1e-7)


@given(seeds, st.sampled_from(["tanh", "sigmoid", "relu"]))
@settings(max_examples=30)
def test_the_tape_and_the_layers_agree(seed, activation):
    net, X, Y = random_problem(seed, [3, 4, 4, 2], activation, "sigmoid", "quadratic", 5)
    tape = Tape()
    w = [tape.variable(w) for w in net.w[2:]]
    b = [tape.variable(b) for b in net.b[2:]]
    a = tape.variable(X)
    for l, (w_l, b_l) in enumerate(zip(w, b), start=2):
        a = (a @ w_l.T + b_l).apply("sigmoid" if l == net.L else activation)
    cost = ((a - Y) ** 2).sum(axis=1).mean() * 0.5
    grads = net.backward(net.forward(X), Y)
    for ours, theirs in zip(tape.gradients(cost, w + b), grads.dw[2:] + grads.db[2:]):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_tape_and_the_graph_agree():
    weights = {name: 0.1 * i - 0.4 for i, name in enumerate(SEVEN_NEURONS.edges.values())}
    tape = Tape()
    w = {name: tape.variable(value) for name, value in weights.items()}
    a = {1: tape.variable(0.5), 2: tape.variable(-1.0)}
    for j in SEVEN_NEURONS.order:
        if sources := SEVEN_NEURONS.sources[j]:
            z = sum(w[f"w{i}{j}"] * a[i] for i in sources)
            a[j] = z.apply("linear" if j == 7 else "tanh")
    gradients = tape.gradients((a[7] - 1.0) ** 2 * 0.5, list(w.values()))
    trace = SEVEN_NEURONS.forward(weights, [[0.5, -1.0]])
    graph = SEVEN_NEURONS.backward(weights, trace, [[1.0]], Quadratic())
    assert dict(zip(w, map(float, gradients))) == pytest.approx(graph.dw)


def test_asking_twice_gives_the_same():
    tape = Tape()
    x = tape.variable([1.0, 2.0])
    y = (x * x).sum()
    first, second = tape.gradients(y, [x]), tape.gradients(y, [x])
    np.testing.assert_array_equal(first, second)
    first[0][:] = 0
    np.testing.assert_array_equal(tape.gradients(y, [x])[0], [2, 4])


def test_ten_thousand_nodes_deep():
    tape = Tape()
    x = y = tape.variable(1.0)
    for _ in range(10_000):
        y = y * 1.0001
    (gradient,) = tape.gradients(y, [x])
    assert gradient == pytest.approx(1.0001**10_000)


def test_what_the_output_does_not_depend_on_has_gradient_zero():
    tape = Tape()
    x, y = tape.variable([1.0, 2.0]), tape.variable(3.0)
    np.testing.assert_array_equal(tape.gradients(y * y, [x])[0], [0, 0])


def test_float32_stays_float32_and_integers_become_floats():
    tape = Tape()
    x = tape.variable(np.float32([1, 2]))
    y = (2.0 * x + 1 - x / 3).apply("tanh").sum()
    assert y.value.dtype == tape.gradients(y, [x])[0].dtype == np.float32
    assert tape.variable([1, 2]).value.dtype == np.float64


def test_refusals():
    tape, other = Tape(), Tape()
    x, y = tape.variable([1.0, 2.0]), other.variable(1.0)
    with pytest.raises(ValueError, match=r"must be a scalar, it has shape \(2,\)"):
        tape.gradients(x, [x])
    with pytest.raises(ValueError, match="on two tapes"):
        x + y
    with pytest.raises(ValueError, match="on this tape"):
        tape.gradients(x.sum(), [y])
    with pytest.raises(ValueError, match="@ is for matrices"):
        x @ x
