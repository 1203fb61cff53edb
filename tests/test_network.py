"""Networks: shapes, views, gradients by independent oracles, and clear refusals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from bpkit import Network
from bpkit.initializers import equal
from tests.strategies import OUTPUTS_AND_COSTS, problems, random_problem


@given(problems())
def test_shapes(problem):
    net, X, Y = problem
    trace = net.forward(X)
    grads = net.backward(trace, Y)
    assert trace.z[1] is None and grads.deltas[1] is None
    for l in range(2, net.L + 1):
        assert trace.z[l].shape == trace.a[l].shape == grads.deltas[l].shape
        assert trace.z[l].shape == (len(X), net.sizes[l - 1])
        assert grads.dw[l].shape == net.w[l].shape == (net.sizes[l - 1], net.sizes[l - 2])
        assert grads.db[l].shape == net.b[l].shape
    assert grads.theta.shape == net.theta.shape


@given(problems())
def test_forward_is_the_sum_written_out(problem):
    """z^l_j = sum_k w^l_jk a^{l-1}_k + b^l_j, one index at a time."""
    net, X, _ = problem
    trace = net.forward(X)
    for l in range(2, net.L + 1):
        for n, j in np.ndindex(trace.z[l].shape):
            z = sum(w_jk * a_k for w_jk, a_k in zip(net.w[l][j], trace.a[l - 1][n])) + net.b[l][j]
            np.testing.assert_allclose(trace.z[l][n, j], z, rtol=1e-10, atol=1e-12)


@given(problems(activations=["linear", "sigmoid", "tanh"], outputs_and_costs=OUTPUTS_AND_COSTS[:8]))
@settings(max_examples=60)
def test_gradient_is_that_of_a_two_sided_difference(problem):
    """The plain textbook loop over theta, sharing no code with ``bpkit.gradcheck``."""
    net, X, Y = problem
    if net.output.name == "relu" and (abs(net.forward(X).z[net.L]) < 1e-3).any():
        return
    gradient, theta, h = net.backward(net.forward(X), Y).theta, net.theta.copy(), 1e-5
    for i in range(theta.size):
        costs = []
        for step in h, -h:
            net.theta = theta
            net.theta[i] += step
            costs.append(net.cost(X, Y))
        difference = (costs[0] - costs[1]) / (2 * h)
        assert gradient[i] == pytest.approx(difference, rel=1e-4, abs=1e-7)


@given(problems())
def test_a_batch_is_the_mean_of_its_examples(problem):
    net, X, Y = problem
    whole = net.backward(net.forward(X), Y)
    each = [net.backward(net.forward(X[[n]]), Y[[n]]) for n in range(len(X))]
    np.testing.assert_allclose(whole.theta, np.mean([g.theta for g in each], axis=0), atol=1e-12)
    for l in range(2, net.L + 1):  # the deltas carry no 1/N
        stacked = np.concatenate([g.deltas[l] for g in each])
        np.testing.assert_allclose(whole.deltas[l], stacked, atol=1e-12)


@given(problems())
def test_calling_twice_gives_the_same_and_changes_nothing(problem):
    net, X, Y = problem
    before = net.theta.copy(), X.copy(), Y.copy()
    trace = net.forward(X)
    first, second = net.backward(trace, Y).theta, net.backward(trace, Y).theta
    np.testing.assert_array_equal(first, second)
    for kept, now in zip(before, (net.theta, X, Y)):
        np.testing.assert_array_equal(kept, now)


@pytest.mark.parametrize("output, cost", OUTPUTS_AND_COSTS)
@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh", "relu"])
def test_pytorch_agrees(activation, output, cost):
    torch = pytest.importorskip("torch")
    net, X, Y = random_problem(5, [4, 5, 3, 2], activation, output, cost, 6)
    functions = {
        "linear": lambda z: z,
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "softmax": lambda z: torch.softmax(z, dim=1),
    }
    w = [torch.tensor(w, requires_grad=True) for w in net.w[2:]]
    b = [torch.tensor(b, requires_grad=True) for b in net.b[2:]]
    a, y = torch.tensor(X), torch.tensor(Y)
    for l, (w_l, b_l) in enumerate(zip(w, b), start=2):
        z = torch.nn.functional.linear(a, w_l, b_l)
        a = functions[output if l == net.L else activation](z)
    if cost == "cross_entropy":
        binary = -(y * a.log() + (1 - y) * (1 - a).log())
        per_output = -y * a.log() if output == "softmax" else binary
    else:
        margin = {"hinge": 0.0, "margin_hinge": 1.0}
        half = 1 if cost == "squared_error" else 1 / 2
        per_output = torch.relu(margin[cost] - a * y) if "hinge" in cost else half * (a - y) ** 2
    per_output.sum(dim=1).mean().backward()
    grads = net.backward(net.forward(X), Y)
    for ours, theirs in zip(grads.dw[2:] + grads.db[2:], w + b):
        np.testing.assert_allclose(ours, theirs.grad.numpy(), rtol=1e-10, atol=1e-13)


def test_results_cannot_be_rebound():
    net, X, Y = random_problem(1, [3, 2], "tanh", "sigmoid", "quadratic", 5)
    trace = net.forward(X)
    with pytest.raises(AttributeError):
        trace.a = None
    with pytest.raises(AttributeError):
        net.backward(trace, Y).dw = None


def test_a_checked_batch_has_the_networks_dtype():
    net = Network([3, 2], dtype=np.float32)
    X, Y = net.checked_batch([[1, 2, 3]], [[0, 1]])
    assert X.dtype == Y.dtype == np.float32
    with pytest.raises(ValueError, match=r"X has shape \(1, 2\), expected \(N, 3\)"):
        net.checked_batch([[1, 2]], [[0, 1]])


def test_theta_and_the_layers_are_one_memory():
    net = Network([3, 4, 2], rng=0)
    net.w[2][1, 2] = 7.0
    assert 7.0 in net.theta
    net.theta = np.arange(net.theta.size)
    assert net.w[2][0, 1] == 1 and net.b[3][-1] == net.theta.size - 1
    with pytest.raises(TypeError):
        net.w[2] = np.zeros((4, 3))  # would part the layer from theta


def test_gradients_lie_in_the_order_of_theta():
    net, X, Y = random_problem(1, [3, 4, 2], "tanh", "sigmoid", "quadratic", 5)
    grads = net.backward(net.forward(X), Y)
    w, b = net.roll(grads.theta)
    for l in 2, 3:
        np.testing.assert_array_equal(w[l], grads.dw[l])
        np.testing.assert_array_equal(b[l], grads.db[l])
    put_together = replace(grads, deltas=[])  # whose theta has to be made of dw and db
    np.testing.assert_array_equal(put_together.theta, grads.theta)


def test_a_prediction_is_the_last_layers_activation():
    net, X, _ = random_problem(2, [3, 4, 5, 2], "tanh", "linear", "quadratic", 6)
    np.testing.assert_array_equal(net.predict(X), net.forward(X).z[4])


@given(problems(dtype=np.float32))
def test_float32_in_float32_out(problem):
    net, X, Y = problem
    trace = net.forward(X)
    grads = net.backward(trace, Y)
    arrays = [*trace.z[2:], *trace.a[1:], *grads.deltas[2:], *grads.dw[2:], *grads.db[2:]]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_equal_weights_stay_equal():
    """Symmetry: neurons that start equal have equal gradients, whatever the data."""
    net = Network([3, 4, 2], "tanh", initializer=equal(0.5))
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(5, 3)), rng.random((5, 2))
    for _ in range(10):
        net.theta -= 0.5 * net.backward(net.forward(X), Y).theta
    np.testing.assert_allclose(net.w[2], np.tile(net.w[2][0], (4, 1)), rtol=1e-12)
    assert not np.allclose(net.w[2], 0.5)


def test_sizes_may_be_an_array():
    assert Network(np.array([3, 4, 2])).sizes == (3, 4, 2)


def test_one_seed_one_network():
    np.testing.assert_array_equal(Network([3, 2], rng=4).theta, Network([3, 2], rng=4).theta)
    assert (Network([3, 2], rng=4).theta != Network([3, 2], rng=5).theta).any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ([[3]], "two or more positive integers"),
        ([[3, 0, 1]], "two or more positive integers"),
        ([[3, 2.5]], "two or more positive integers"),
        ([[3, 1], "swish"], "unknown activation 'swish'; known are linear, sigmoid"),
        ([[3, 1], "softmax"], "softmax belongs in the output layer"),
        (
            [[3, 1], "tanh", "tanh", "cross_entropy"],
            "sigmoid or softmax output, not 'tanh'",
        ),
        ([[3, 1], "tanh", "sigmoid", "hinge"], "needs a linear output, not 'sigmoid'"),
        ([[3, 1], "tanh", "sigmoid", "mse"], "unknown cost 'mse'; known are quadratic"),
    ],
)
def test_refuses_networks_that_make_no_sense(arguments, message):
    with pytest.raises(ValueError, match=message):
        Network(*arguments)


@pytest.mark.parametrize(
    "X, message",
    [
        (np.zeros(3), r"X has shape \(3,\), expected \(N, 3\)"),
        (np.zeros((3, 5)), r"X has shape \(3, 5\), expected \(N, 3\)"),
        (np.zeros((0, 3)), r"X has shape \(0, 3\)"),
        (np.zeros((2, 3, 1)), r"X has shape \(2, 3, 1\)"),
        ([[0, np.nan, 0]], r"X\[0, 1\] is nan, not a finite number"),
        ([["a", "b", "c"]], "X must be an array of numbers"),
        ([[1, 2], [3]], "X must be an array of numbers"),
    ],
)
def test_refuses_inputs_that_do_not_fit(X, message):
    with pytest.raises(ValueError, match=message):
        Network([3, 1]).forward(X)


def test_takes_numbers_whose_squares_are_no_longer_finite():
    assert np.isfinite(Network([1, 1], "tanh", "tanh").predict([[1e200], [-1e200]])).all()


@pytest.mark.parametrize(
    "output, cost, Y, message",
    [
        ("sigmoid", "quadratic", [0, 1], r"Y has shape \(2,\), expected \(N, 2\)"),
        ("sigmoid", "quadratic", [[0, 1]] * 3, "Y has 3 examples, X has 2"),
        ("sigmoid", "quadratic", [[0, 1]], "Y has 1 examples, X has 2"),
        ("sigmoid", "quadratic", [[0, np.inf]] * 2, r"Y\[0, 1\] is inf"),
        ("sigmoid", "cross_entropy", [[-1, 1]] * 2, r"labels in \[0, 1\], Y reaches -1.0 to 1.0"),
        ("softmax", "cross_entropy", [[1, 1]] * 2, "that sum to 1 in each row"),
        ("softmax", "cross_entropy", [[0.5, 0.51]] * 2, "that sum to 1 in each row"),
        ("softmax", "cross_entropy", [[-1, 2]] * 2, "labels in \\[0, 1\\]"),
        ("linear", "hinge", [[0, 1]] * 2, r"needs labels -1 and \+1"),
        ("linear", "hinge", [[-1, 2]] * 2, r"needs labels -1 and \+1"),
    ],
)
def test_refuses_labels_that_do_not_fit(output, cost, Y, message):
    net = Network([3, 2], "tanh", output, cost)
    X = np.zeros((2, 3))
    with pytest.raises(ValueError, match=message):
        net.backward(net.forward(X), Y)
    with pytest.raises(ValueError, match=message):
        net.cost(X, Y)


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_takes_labels_of_0_and_1_for_the_cross_entropy(output):
    net = Network([3, 2], "tanh", output, "cross_entropy", initializer=equal(0.0))
    X, Y = np.ones((2, 3)), np.eye(2)
    outputs_that_cost = {"sigmoid": 2, "softmax": 1}[output]
    assert net.cost(X, Y) == pytest.approx(outputs_that_cost * np.log(2))
    np.testing.assert_allclose(net.backward(net.forward(X), Y).deltas[2], 0.5 - Y)
