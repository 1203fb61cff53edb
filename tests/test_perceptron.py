"""The perceptron: separates what can be separated, within Novikoff's bound, as descent on P-1."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bpkit import datasets
from bpkit.gradcheck import numerical_gradient
from bpkit.perceptron import (
    class_means,
    hinge,
    hinge_subgradient,
    nearest_mean,
    nearest_mean_as_linear,
    novikoff_bound,
    perceptron,
    predict,
)
from tests.strategies import seeds


def separable(seed, n=30, d=3, gap=0.2):
    """Points at least gap away from a random plane, which is returned too."""
    rng = np.random.default_rng(seed)
    w, b = rng.normal(size=d), rng.normal()
    X = rng.normal(size=(n, d))
    z = X @ w + b
    X += np.outer(np.sign(z) * gap, w / np.linalg.norm(w))
    return X, np.sign(z), w, b


@given(seeds, st.integers(1, 5), st.floats(0.01, 10))
def test_separates_within_novikoffs_bound(seed, d, eta):
    X, t, w, b = separable(seed, d=d)
    fit = perceptron(X, t, eta, max_epochs=100_000)
    assert fit.converged
    np.testing.assert_array_equal(predict(X, fit.w, fit.b), t)
    assert len(fit.updates) <= novikoff_bound(X, t, w, b) + 1e-6


def test_by_hand():
    """Both points lie on the boundary w = b = 0, so the first is a mistake; then all is right."""
    fit = perceptron([[1.0, 0.0], [-1.0, 0.0]], [1, -1])
    (first, second) = fit.updates
    assert (first.k, first.w.tolist(), first.b) == (0, [1, 0], 1)
    assert (second.k, second.w.tolist(), second.b) == (1, [2, 0], 0)
    assert (fit.epochs, fit.converged) == (2, True)


def test_gives_up_on_xor_and_says_so():
    X, classes = datasets.xor()
    fit = perceptron(X, datasets.as_signs(classes), max_epochs=50)
    assert (fit.epochs, fit.converged) == (50, False)


@given(seeds, st.sampled_from([0.0, 1.0]))
def test_every_update_is_a_step_of_gradient_descent(seed, margin):
    """The subgradient is the numerical gradient wherever no example is on its kink."""
    rng = np.random.default_rng(seed)
    X, t = rng.normal(size=(5, 2)), rng.choice([-1.0, 1.0], 5)
    theta = rng.normal(size=3)
    assume(abs(margin - (X @ theta[:2] + theta[2]) * t).min() > 1e-3)
    dw, db = hinge_subgradient(theta[:2], theta[2], X, t, margin)
    expected = numerical_gradient(lambda p: hinge(X @ p[:2] + p[2], t, margin).mean(), theta)
    np.testing.assert_allclose([*dw, db], expected, atol=1e-8)


def test_one_update_is_the_subgradient_of_one_example():
    X, t, *_ = separable(3)
    fit = perceptron(X, t, 0.5)
    before = (np.zeros(3), 0.0)
    for update in fit.updates:
        w, b = before
        z = X[update.k] @ w + b
        if z != 0:  # at z = 0 the algorithm updates although our subgradient is 0
            dw, db = hinge_subgradient(w, b, X[[update.k]], t[[update.k]])
            np.testing.assert_allclose(update.w, w - 0.5 * dw, atol=1e-12)
            np.testing.assert_allclose(update.b, b - 0.5 * db, atol=1e-12)
        before = update.w, update.b


def test_batch_descent_cannot_leave_zero_but_the_algorithm_does():
    X, t, *_ = separable(0)
    dw, db = hinge_subgradient(np.zeros(3), 0.0, X, t)
    assert not dw.any() and db == 0
    assert perceptron(X, t).updates


@given(seeds)
def test_nearest_mean_in_both_forms(seed):
    rng = np.random.default_rng(seed)
    X, t = rng.normal(size=(20, 3)), np.resize([1.0, -1.0], 20)
    mu_1, mu_2 = class_means(X, t)
    w, b = nearest_mean_as_linear(mu_1, mu_2)
    np.testing.assert_array_equal(nearest_mean(X, mu_1, mu_2), predict(X, w, b))
    distances = [[np.linalg.norm(x - mu) for mu in (mu_1, mu_2)] for x in X]
    expected = [1 if d1 < d2 else -1 for d1, d2 in distances]
    np.testing.assert_array_equal(nearest_mean(X, mu_1, mu_2), expected)


def test_elongated_classes_are_separable_but_not_by_their_means():
    X, classes = datasets.elongated(rng=0)
    t = datasets.as_signs(classes)
    assert perceptron(X, t).converged
    assert (nearest_mean(X, *class_means(X, t)) != t).any()


@pytest.mark.parametrize(
    "X, t, message",
    [
        ([[1, 2]], [0], "labels must be -1 or \\+1, not 0"),
        ([[1, 2]], [1, 1], r"got \(1, 2\) and \(2,\)"),
        ([1, 2], [1, 1], r"got \(2,\) and \(2,\)"),
        ([[1, np.nan]], [1], "NaN"),
    ],
)
def test_refusals(X, t, message):
    with pytest.raises(ValueError, match=message):
        perceptron(X, t)


def test_refusals_of_the_others():
    with pytest.raises(ValueError, match="both classes"):
        class_means([[1, 2]], [1])
    with pytest.raises(ValueError, match="do not"):
        novikoff_bound([[1.0, 0.0]], [-1], np.array([1.0, 0.0]), 0.0)
