"""The further tasks of problem set 3, against complex steps of costs in each notation."""

import numpy as np
import pytest

from bpkit.checks.notations import (
    INPUT_GRADIENT,
    LAYER_WISE_STEP,
    NEURON_BY_HAND,
    SLIDE_OUTPUT_DELTA,
    THETA_STEP,
)
from bpkit.gradcheck import numerical_gradient

SEEDS = range(10)


def by_complex_step(f, x):
    return numerical_gradient(f, x, "complex-step")


def sigma(z):
    return 1 / (1 + np.exp(-z))


def neuron_by_hand(w_3, b_3, a_2, y):
    z = [sum(w_3[j, k] * a_2[k] for k in range(4)) + b_3[j] for j in range(4)]
    slopes = by_complex_step(lambda z: ((sigma(z) - y) ** 2).sum() / 2, np.array(z))
    return [w_3[2 - 1, 4 - 1], z[1], sigma(z[1]), slopes[1]]


def layer_wise_step(W, z, delta):
    """E is any cost whose slope at a^(l) is delta; a^(l-1) moves z^(l) through W."""
    E_at = lambda z_moved: (delta * sigma(z_moved)).sum()
    below = by_complex_step(
        lambda a: E_at(z + np.einsum("ij,in->jn", W, a)), np.zeros((len(W), z.shape[1]))
    )
    return below, by_complex_step(E_at, z).T


def theta_step(theta, a, delta_next):
    """J is any cost whose slope at z^{l+1} is delta_next; z = theta [1; a], a = sigma(z^l)."""

    def J(theta, z):
        bent = np.vstack([np.ones(len(z)), sigma(z).T])
        return (delta_next.T * (theta @ bent)).sum()

    z = np.log(a / (1 - a))
    dtheta = by_complex_step(lambda theta_moved: J(theta_moved, z), theta) / len(a)
    return by_complex_step(lambda z_moved: J(theta, z_moved), z), dtheta


def slide_output_delta(z, y):
    return by_complex_step(lambda z: ((sigma(z) - y) ** 2).sum(), z)


def input_gradient(w, b, X, Y):
    def cost(X):
        a = X
        for w_l, b_l in zip(w[2:], b[2:]):
            a = sigma(np.einsum("jk,nk->nj", w_l, a) + b_l)
        return ((a - Y) ** 2).sum() / 2

    return by_complex_step(cost, X)


@pytest.mark.parametrize(
    ("task", "oracle"),
    [
        (NEURON_BY_HAND, neuron_by_hand),
        (LAYER_WISE_STEP, layer_wise_step),
        (THETA_STEP, theta_step),
        (SLIDE_OUTPUT_DELTA, slide_output_delta),
        (INPUT_GRADIENT, input_gradient),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_the_right_formula_is_the_numerical_gradient_of_the_cost(task, oracle):
    for args in task.draw(np.random.default_rng(5)):
        expected, right = oracle(*args.values()), task.right(*args.values())
        for theirs, ours in zip(task.leaves(expected), task.leaves(right), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def test_no_neuron_by_hand_is_undecided_or_reads_the_same_both_ways():
    for seed in SEEDS:
        for args in NEURON_BY_HAND.draw(np.random.default_rng(seed)):
            weight, z, _, delta = NEURON_BY_HAND.right(*args.values())
            assert weight != args["w_3"][3, 1] and abs(z - round(z)) > 0.05 and delta != 0


def test_layers_are_rectangular_and_square():
    for seed in SEEDS:
        W = [args["W"].shape for args in LAYER_WISE_STEP.draw(np.random.default_rng(seed))]
        theta = [args["theta"].shape for args in THETA_STEP.draw(np.random.default_rng(seed))]
        for shapes in W, theta:
            assert any(m == n for m, n in shapes) and any(m != n for m, n in shapes)
        assert any(m == n - 1 for m, n in theta), "w without its biases is never square"
