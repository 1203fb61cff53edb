"""The checker checked: right gradients pass, wrong ones are caught and their equation named."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpkit import Network, check_gradients
from bpkit.gradcheck import SCHEMES, numerical_gradient, numerical_gradients
from tests.strategies import problems, random_problem

METHODS = list(SCHEMES)


@pytest.mark.parametrize("method", METHODS)
def test_derivatives_known_from_the_textbook(method):
    theta = np.array([[0.3, -1.2], [2.0, 0.7]])
    gradient = numerical_gradient(lambda t: (np.sin(t) * np.exp(t)).sum(), theta, method)
    expected = np.exp(theta) * (np.sin(theta) + np.cos(theta))
    np.testing.assert_allclose(gradient, expected, rtol=SCHEMES[method].tolerance * 10)


def test_orders_of_accuracy():
    """Halving h divides the truncation error by 2, 4 and 16."""
    for method, factor in ("one-sided", 2), ("two-sided", 4), ("richardson", 16):
        error = [
            abs(numerical_gradient(lambda t: np.exp(t[0]), np.array([0.0]), method, h)[0] - 1)
            for h in (0.1, 0.05)
        ]
        assert error[0] / error[1] == pytest.approx(factor, rel=0.1)


def test_the_point_is_not_moved():
    theta = np.array([1, 2, 3])
    numerical_gradient(lambda t: (t**2).sum(), theta)
    np.testing.assert_array_equal(theta, [1, 2, 3])


@given(problems(activations=["sigmoid", "tanh", "linear"]))
@settings(max_examples=50)
def test_the_fast_gradient_is_the_plain_loop(problem):
    """Moving one z and recomputing above it gives what recomputing everything gives."""
    net, X, Y = problem
    if net.output.name == "relu" or net.cost_function.outputs == ("linear",):
        return  # the plain loop would step across kinks
    fast, theta = numerical_gradients(net, X, Y), net.theta.copy()

    def cost_at(values):
        net.theta = values
        return net.cost(X, Y)

    plain = numerical_gradient(cost_at, theta)
    assert np.linalg.norm(fast.theta - plain) <= 1e-5 * np.linalg.norm(plain) + 1e-8


@given(problems(), st.sampled_from(METHODS), st.booleans())
@settings(max_examples=200)
def test_a_right_gradient_is_never_called_wrong(problem, method, quick):
    report = check_gradients(*problem, method=method, quick=quick)
    assert report.first_wrong is None, str(report)


WRONG = {
    "BP-1": ("deltas", -1, lambda delta: -delta),
    "BP-2": ("deltas", 2, lambda delta: 1.01 * delta),
    "BP-3": ("db", -1, lambda db: db * 5),
    "BP-4": ("dw", 2, lambda dw: dw[::-1]),
}


@pytest.mark.parametrize("equation", WRONG)
@given(seed=st.integers(0, 1000), method=st.sampled_from(METHODS), quick=st.booleans())
@settings(max_examples=20)
def test_the_first_wrong_equation_is_named(equation, seed, method, quick):
    net, X, Y = random_problem(seed, [3, 4, 4, 2], "tanh", "softmax", "cross_entropy", 5)
    grads = net.backward(net.forward(X), Y)
    quantity, l, slip = WRONG[equation]
    arrays = list(getattr(grads, quantity))
    arrays[l] = slip(arrays[l])
    wrong = replace(grads, **{quantity: arrays})
    report = check_gradients(net, X, Y, wrong, method=method, quick=quick)
    assert not report.ok
    assert report.first_wrong.equation == equation
    assert f"first wrong: {equation}" in str(report)


def test_one_wrong_entry_among_thousands_is_found():
    net, X, Y = random_problem(0, [40, 30, 3], "tanh", "softmax", "cross_entropy", 4)
    grads = net.backward(net.forward(X), Y)
    grads.dw[2][17, 23] *= 1.5
    wrong = check_gradients(net, X, Y, grads).first_wrong
    assert (wrong.symbol, wrong.worst) == ("dw^2", (17, 23))
    assert check_gradients(net, X, Y, grads, quick=True).first_wrong.symbol == "dw^2"


def test_relu_exactly_on_its_kinks():
    """Eight ReLU layers with zero biases: once a layer is dead, all z above are exactly 0."""
    for seed in range(20):
        net = Network([3, *[3] * 8, 2], "relu", "softmax", "cross_entropy", rng=seed)
        rng = np.random.default_rng(seed)
        X, Y = rng.normal(size=(4, 3)), np.eye(2)[rng.integers(0, 2, 4)]
        trace = net.forward(X)
        report = check_gradients(net, X, Y)
        assert report.ok, str(report)
    assert any((trace.z[l] == 0).any() for l in range(3, 10)), "no instance was on a kink"


def test_a_saturated_layer_is_not_right_by_accident():
    """A gradient far below the rounding of the cost is judged by a complex step, or not at all."""
    net = Network([2, 3, 1], rng=0)
    net.w[3][:], net.b[3][:] = 0.1, -25.0
    X, Y = np.array([[0.5, -0.2]]), np.array([[1.0]])
    grads = net.backward(net.forward(X), Y)
    assert check_gradients(net, X, Y, grads).ok
    assert np.linalg.norm(grads.theta) < 1e-10
    zeros = replace(
        grads,
        deltas=[d if d is None else 0 * d for d in grads.deltas],
        dw=[g if g is None else 0 * g for g in grads.dw],
        db=[g if g is None else 0 * g for g in grads.db],
    )
    assert not check_gradients(net, X, Y, zeros).ok


def test_large_activations_and_steep_layers_are_not_called_wrong():
    """A difference errs by its truncation here; the complex step has the last word."""
    net, X, Y = random_problem(3, [3, 4, 4, 2], "tanh", "sigmoid", "quadratic", 5)
    net.theta *= 30
    for method in METHODS:
        report = check_gradients(net, 100 * X, Y, method=method)
        assert report.first_wrong is None, str(report)


def test_float32_networks_are_checked_in_float64():
    net, X, Y = random_problem(2, [3, 4, 2], "tanh", "sigmoid", "quadratic", 5, np.float32)
    report = check_gradients(net, X, Y)
    assert report.ok, str(report)
    assert report.worst.relative_error > 1e-9, "the gradient itself should be float32"


def test_nan_is_wrong():
    net, X, Y = random_problem(2, [3, 2], "tanh", "sigmoid", "quadratic", 5)
    grads = net.backward(net.forward(X), Y)
    grads.dw[2][0, 1] = np.nan
    report = check_gradients(net, X, Y, grads)
    assert (report.ok, report.first_wrong.symbol, report.first_wrong.worst) == (
        False,
        "dw^2",
        (0, 1),
    )


def test_refusals():
    net, X, Y = random_problem(2, [3, 2], "tanh", "sigmoid", "quadratic", 5)
    grads = net.backward(net.forward(X), Y)
    with pytest.raises(ValueError, match="unknown method 'three-sided'; known are one-sided"):
        check_gradients(net, X, Y, method="three-sided")
    with pytest.raises(ValueError, match=r"dw\^2 has shape \(3, 2\), expected \(2, 3\)"):
        check_gradients(net, X, Y, replace(grads, dw=[None, None, grads.dw[2].T]))
