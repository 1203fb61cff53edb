"""Optimizers against their published rules, on quadratics whose trajectories are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpkit.optimizers import SGD, AdaGrad, exponential, fixed_then_decreasing, inverse_time

CURVATURE = np.array([1.0, 10.0])
START = np.array([2.0, -1.0])


def descend(optimizer, steps, gradient_at=lambda theta: CURVATURE * theta):
    theta, path = START.copy(), [START.copy()]
    state = optimizer.start(theta)
    for epoch in range(1, steps + 1):
        step, state = optimizer.step(gradient_at(theta), state, epoch)
        theta = theta + step
        path.append(theta)
    return np.array(path)


@given(st.floats(0.001, 0.19))
def test_plain_descent_shrinks_each_coordinate_geometrically(rate):
    """theta_t = (1 - gamma c)^t theta_0 for curvature c."""
    expected = [(1 - rate * CURVATURE) ** t * START for t in range(21)]
    np.testing.assert_allclose(descend(SGD(rate), 20), expected, atol=1e-12)


@given(st.floats(0.001, 0.1), st.floats(0, 0.99))
def test_momentum_is_the_heavy_ball(rate, alpha):
    """theta_{t+1} = theta_t - gamma g_t + alpha (theta_t - theta_{t-1}), Polyak's form."""
    path = [START, START - rate * CURVATURE * START]
    for _ in range(19):
        path.append(path[-1] - rate * CURVATURE * path[-1] + alpha * (path[-1] - path[-2]))
    np.testing.assert_allclose(descend(SGD(rate, alpha), 20), path, atol=1e-9)


@given(st.floats(0.001, 0.1), st.floats(0.01, 0.95))
def test_nesterov_equals_the_look_ahead_form(rate, alpha):
    """v_t = alpha v_{t-1} - gamma g(phi + alpha v_{t-1}), phi += v_t; ours tracks phi + alpha v."""
    phi, v, path = START.copy(), np.zeros(2), [START]
    for _ in range(20):
        v = alpha * v - rate * CURVATURE * (phi + alpha * v)
        phi = phi + v
        path.append(phi + alpha * v)
    np.testing.assert_allclose(descend(SGD(rate, alpha, nesterov=True), 20), path, atol=1e-9)


def test_adagrad_by_hand():
    """g = 3 then 4: the steps are 3/3 and 4/5 of the rate."""
    gradients = iter([np.array([3.0, 0.0]), np.array([4.0, 0.0])])
    path = descend(AdaGrad(0.5, epsilon=1e-12), 2, lambda theta: next(gradients))
    np.testing.assert_allclose(np.diff(path, axis=0), [[-0.5, 0], [-0.4, 0]], atol=1e-10)


def test_pytorch_takes_the_same_steps():
    torch = pytest.importorskip("torch")
    pairs = [
        (SGD(0.02, 0.9), lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9)),
        (SGD(0.02, 0.9, True), lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True)),
        (AdaGrad(0.3), lambda p: torch.optim.Adagrad(p, lr=0.3, eps=1e-8)),
    ]
    for ours, make_theirs in pairs:
        theta = torch.tensor(START, requires_grad=True)
        theirs, path = make_theirs([theta]), [START]
        for _ in range(20):
            theta.grad = torch.tensor(CURVATURE) * theta.detach()
            theirs.step()
            path.append(theta.detach().numpy().copy())
        np.testing.assert_allclose(descend(ours, 20), path, atol=1e-9)


def test_schedules():
    epochs = range(1, 6)
    np.testing.assert_allclose(
        [inverse_time(1, 1)(e) for e in epochs], [1, 1 / 2, 1 / 3, 1 / 4, 0.2]
    )
    np.testing.assert_allclose([exponential(1, 0.5)(e) for e in epochs], 0.5 ** np.arange(5))
    hold = fixed_then_decreasing(1, 3, 1)
    np.testing.assert_allclose([hold(e) for e in epochs], [1, 1, 1, 1 / 2, 1 / 3])


def test_a_schedule_is_asked_for_its_epoch():
    step, _ = SGD(lambda epoch: epoch * 0.1).step(np.ones(2), np.zeros(2), 7)
    np.testing.assert_allclose(step, [-0.7, -0.7])


def test_two_trainings_do_not_meet():
    optimizer = SGD(0.05, 0.9)
    np.testing.assert_array_equal(descend(optimizer, 10), descend(optimizer, 10))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SGD(0), "learning rate must be positive, not 0"),
        (lambda: SGD(float("nan")), "learning rate must be positive"),
        (lambda: SGD(0.1, 1.0), r"momentum must be in \[0, 1\), not 1.0"),
        (lambda: AdaGrad(-1), "learning rate must be positive"),
        (lambda: AdaGrad(1, epsilon=0), "epsilon must be positive"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()
