"""Training: the steps that were taken, the order of the data, stopping, decay, XOR."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpkit import SGD, Network, cross_validate, datasets, train
from bpkit.training import minibatches, priority_batches
from tests.strategies import random_problem


def problem(seed=0, examples=12):
    return random_problem(seed, [3, 4, 2], "tanh", "sigmoid", "quadratic", examples)


@given(st.integers(1, 30), st.data())
def test_an_epoch_sees_every_example_once_in_a_fresh_order(examples, data):
    size = data.draw(st.integers(1, examples))
    sampler, rng = minibatches(examples, size), np.random.default_rng(0)
    orders = [list(np.concatenate(list(sampler(rng)))) for _ in range(3)]
    for order in orders:
        assert sorted(order) == list(range(examples))
    if examples > 10:
        assert orders[0] != orders[1] != orders[2]
    assert max(len(batch) for batch in sampler(rng)) == size


def test_batch_training_is_gradient_descent_written_out():
    net, X, Y = problem()
    theta = net.theta.copy()
    history = train(net, X, Y, optimizer=SGD(0.3), epochs=5)
    other = net.astype(np.float64)
    other.theta = theta
    costs = [other.cost(X, Y)]
    for _ in range(5):
        other.theta -= 0.3 * other.backward(other.forward(X), Y).theta
        costs.append(other.cost(X, Y))
    np.testing.assert_allclose(net.theta, other.theta, atol=1e-14)
    np.testing.assert_allclose(history.costs, costs, atol=1e-14)
    assert (history.epochs, history.iterations, history.stopped) == (5, 5, "epoch limit")


def test_counters_of_minibatches():
    net, X, Y = problem(examples=10)
    history = train(net, X, Y, optimizer=SGD(0.1), epochs=3, batch_size=4, rng=0)
    assert (history.epochs, history.iterations) == (3, 9)


def test_one_seed_one_training():
    runs = []
    for _ in range(2):
        net, X, Y = problem()
        train(net, X, Y, optimizer=SGD(0.1, 0.9), epochs=3, batch_size=5, rng=4)
        runs.append(net.theta)
    np.testing.assert_array_equal(*runs)


def test_weight_decay_is_the_gradient_of_its_penalty_and_spares_the_biases():
    net, X, Y = problem()
    before, l2, rate = net.astype(np.float64), 0.7, 1e-3
    gradient = net.backward(net.forward(X), Y)
    train(net, X, Y, optimizer=SGD(rate), epochs=1, l2=l2)
    for l in 2, 3:
        h = 1e-6
        penalty = [l2 * ((before.w[l] + s) ** 2) for s in (h, -h)]
        slope = (penalty[0] - penalty[1]) / (2 * h)
        np.testing.assert_allclose(
            net.w[l], before.w[l] - rate * (gradient.dw[l] + slope), atol=1e-10
        )
        np.testing.assert_allclose(net.b[l], before.b[l] - rate * gradient.db[l], atol=1e-14)


def test_stops_at_the_target_cost():
    net, X, Y = problem()
    target = net.cost(X, Y) * 0.9
    history = train(net, X, Y, optimizer=SGD(0.5), epochs=1000, target_cost=target)
    assert history.stopped == "target cost"
    assert history.costs[-1] <= target < history.costs[-2]


def test_stops_when_little_changes():
    net, X, Y = problem()
    history = train(net, X, Y, optimizer=SGD(0.5), epochs=100_000, min_change=1e-4)
    changes = -np.diff(history.costs)
    assert history.stopped == "little change"
    assert abs(changes[-1]) < 1e-4 <= abs(changes[:-1]).min()


def test_validation_costs_are_those_of_the_held_out_data():
    net, X, Y = problem()
    history = train(net, X[:8], Y[:8], optimizer=SGD(0.1), epochs=2, validation=(X[8:], Y[8:]))
    assert len(history.validation_costs) == 3
    assert history.validation_costs[-1] == net.cost(X[8:], Y[8:])


def test_priority_batches_keep_their_share():
    high = np.arange(40) < 5
    batches = list(priority_batches(high, 10, 0.7)(np.random.default_rng(0)))
    assert len(batches) == 4
    assert all(high[batch].sum() == 7 and len(batch) == 10 for batch in batches)
    net, X, Y = problem(examples=40)
    history = train(
        net, X, Y, optimizer=SGD(0.1), epochs=2, sampler=priority_batches(high, 10, 0.7)
    )
    assert history.iterations == 8


@pytest.mark.parametrize("batch_size, rate", [(1, 0.1), (4, 0.5)])
def test_xor_is_learned_online_and_in_batch(batch_size, rate):
    X, classes = datasets.xor()
    net = Network([2, 4, 1], "tanh", "sigmoid", "cross_entropy", rng=1)
    optimizer = SGD(rate, momentum=0.5)
    train(net, X, classes[:, None], optimizer=optimizer, epochs=500, batch_size=batch_size, rng=0)
    np.testing.assert_array_equal(net.predict(X)[:, 0] > 0.5, classes == 1)


def test_xor_with_weights_set_by_hand():
    """(p or q) and not (p and q), each neuron a ReLU: exact, without training."""
    X, classes = datasets.xor()
    net = Network([2, 2, 1], "relu", "linear")
    net.w[2][:], net.b[2][:] = [[1, 1], [1, 1]], [0, -1]
    net.w[3][:] = [[1, -2]]
    np.testing.assert_array_equal(net.predict(X)[:, 0], classes)


def test_a_rate_that_is_too_high_is_named():
    X = np.array([[1.0], [2.0]])
    net = Network([1, 1], output="linear", rng=0)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(ValueError, match=r"became (inf|nan) in epoch \d+: lower the learning rate"),
    ):
        train(net, X, X, optimizer=SGD(1e3), epochs=1000)


def test_cross_validation_finds_that_noise_wants_decay():
    """Many weights, few noisy examples: some decay beats none, and too much beats nothing."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 20))
    Y = 2 * X[:, :1] + rng.normal(size=(30, 1))
    result = cross_validate(
        lambda: Network([20, 1], output="linear", rng=0),
        X,
        Y,
        [0.0, 0.1, 10.0],
        optimizer=SGD(0.04),
        epochs=1000,
        rng=0,
    )
    assert result.costs.shape == (3, 5)
    assert result.best == 0.1
    np.testing.assert_allclose(result.means, result.costs.mean(axis=1))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 13}, "batch_size must be between 1 and 12, not 13"),
        ({"batch_size": 3, "sampler": minibatches(12, 3)}, "not both"),
    ],
)
def test_refusals(options, message):
    net, X, Y = problem()
    with pytest.raises(ValueError, match=message):
        train(net, X, Y, optimizer=SGD(0.1), epochs=1, **options)


def test_refusals_of_samplers_and_folds():
    with pytest.raises(ValueError, match="cannot draw"):
        priority_batches(np.zeros(5, bool), 2, 0.5)
    net, X, Y = problem()
    with pytest.raises(ValueError, match="folds must be between 2 and 12"):
        cross_validate(lambda: net, X, Y, [0.0], optimizer=SGD(0.1), epochs=1, folds=1)
