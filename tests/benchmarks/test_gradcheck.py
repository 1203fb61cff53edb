"""Checking the gradient of 784-30-10 on 10 examples: 23,860 parameters."""

import numpy as np
import pytest

from bpkit import Network, check_gradients
from bpkit.gradcheck import numerical_gradients
from tests.benchmarks import peers


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    net = Network([784, 30, 10], "tanh", "softmax", "cross_entropy", rng=0)
    return net, rng.random((10, 784)), np.eye(10)[rng.integers(0, 10, 10)]


def pytorch_gradcheck(net, X, Y):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    x, y = torch.tensor(X), torch.tensor(Y)
    arrays = [p for pair in zip(net.w[2:], net.b[2:]) for p in pair]
    parameters = [torch.tensor(p, requires_grad=True) for p in arrays]

    def cost(w2, b2, w3, b3):
        a = torch.tanh(x @ w2.T + b2)
        return torch.nn.functional.cross_entropy(a @ w3.T + b3, y)

    return lambda: torch.autograd.gradcheck(cost, parameters)


def plain_loop(net, X, Y):
    """Move each parameter, run the whole network twice, move it back."""

    def check():
        gradient, h = np.empty_like(net.theta), 3e-5
        for i in range(len(gradient)):
            value = net.theta[i]
            net.theta[i] = value + h
            above = net.cost(X, Y)
            net.theta[i] = value - h
            gradient[i] = (above - net.cost(X, Y)) / (2 * h)
            net.theta[i] = value
        return gradient

    return check


@pytest.mark.parametrize("who", ["bpkit", "PyTorch gradcheck", "plain loop", "complex step"])
def test_every_parameter(benchmark, problem, who):
    benchmark.group = "every parameter of 784-30-10"
    net, X, Y = problem
    ways = {
        "bpkit": lambda: check_gradients(net, X, Y),
        "complex step": lambda: check_gradients(net, X, Y, method="complex-step"),
        "plain loop": plain_loop(net, X, Y),
    }
    check = pytorch_gradcheck(net, X, Y) if who == "PyTorch gradcheck" else ways[who]
    rounds = 3 if who in ("PyTorch gradcheck", "plain loop") else 15
    benchmark.pedantic(check, rounds=rounds, warmup_rounds=1)


@pytest.mark.parametrize("who", ["bpkit", "PyTorch gradcheck", "one gradient"])
def test_every_delta_and_a_direction_of_each_dw(benchmark, problem, who):
    benchmark.group = "every delta of 784-30-10"
    net, X, Y = problem
    if who == "PyTorch gradcheck":
        benchmark.pedantic(pytorch_gradcheck(net, X, Y), rounds=3, warmup_rounds=1)
    elif who == "one gradient":
        benchmark(peers.bpkit(net, X, Y))
    else:
        benchmark(lambda: check_gradients(net, X, Y, quick=True))


@pytest.mark.parametrize(
    "method, bound", [("two-sided", 1e-9), ("richardson", 1e-10), ("complex-step", 1e-15)]
)
def test_accuracy(problem, method, bound):
    """Normwise, over all parameters: what the speed does not cost."""
    net, X, Y = problem
    exact = net.backward(net.forward(X), Y).theta
    error = np.linalg.norm(numerical_gradients(net, X, Y, method).theta - exact)
    assert error < bound * np.linalg.norm(exact)
