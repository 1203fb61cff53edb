"""An epoch of stochastic gradient descent: 784-30-10, 1000 examples in batches of 10."""

import numpy as np
import pytest

from bpkit import SGD, Network, train
from bpkit.training import descend, minibatches
from tests.benchmarks import peers

RATE, BATCH = 0.1, 10


def with_bpkit(net, X, Y):
    """One step for each batch, as the peers: none of them looks at the cost after the epoch."""
    optimizer, rng = SGD(RATE), np.random.default_rng(0)
    sample = minibatches(len(X), BATCH)

    def epoch():
        state = optimizer.start(net.theta)
        for batch in sample(rng):
            state = descend(net, X[batch], Y[batch], optimizer, state)

    return epoch


def with_train(net, X, Y):
    """All that ``train`` does: the cost of all examples, before and after."""
    return lambda: train(net, X, Y, optimizer=SGD(RATE), epochs=1, batch_size=BATCH, rng=0)


def with_pytorch(net, X, Y):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    layers = [torch.nn.Linear(784, 30), torch.nn.Tanh(), torch.nn.Linear(30, 10)]
    model = torch.nn.Sequential(*layers).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    x, y = torch.tensor(X), torch.tensor(Y.argmax(axis=1))

    def epoch():
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()

    return epoch


def with_scikit_learn(net, X, Y):
    pytest.importorskip("sklearn")
    model, labels = peers.scikit_learn_model(net, X, Y, RATE, BATCH), Y.argmax(axis=1)
    return lambda: model.partial_fit(X, labels)


def per_example(net, X, Y):
    def epoch():
        order = np.random.default_rng(0).permutation(len(X))
        for i in range(0, len(X), BATCH):
            batch = order[i : i + BATCH]
            gradients = peers.per_example(net, X[batch], Y[batch])()
            for array, gradient in zip(
                [p for wb in zip(net.w[2:], net.b[2:]) for p in wb], gradients
            ):
                array -= RATE * gradient

    return epoch


WAYS = {
    "bpkit": with_bpkit,
    "bpkit, train": with_train,
    "PyTorch eager": with_pytorch,
    "scikit-learn": with_scikit_learn,
    "per example": per_example,
}


@pytest.mark.parametrize("who", WAYS)
def test_epoch(benchmark, who):
    benchmark.group = "epoch of 784-30-10, batch 10"
    rng = np.random.default_rng(0)
    net = Network([784, 30, 10], "tanh", "softmax", "cross_entropy", rng=0)
    X, Y = rng.random((1000, 784)), np.eye(10)[rng.integers(0, 10, 1000)]
    benchmark(WAYS[who](net, X, Y))
