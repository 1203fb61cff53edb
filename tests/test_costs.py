"""Costs against their definitions, against numerical gradients, and in their limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpkit.activations import ACTIVATIONS
from bpkit.costs import COSTS
from bpkit.gradcheck import numerical_gradient
from tests.strategies import OUTPUTS_AND_COSTS, labels, seeds

Z = np.array([[0.5, -1.0, 2.0], [-0.25, 0.75, 1.5]])


def cost_of(name, output):
    return next(cost for cost in COSTS if cost.name == name and output in cost.outputs)


def test_each_definition_on_numbers():
    sigmoid, softmax = 1 / (1 + np.exp(-Z)), np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    Y, T = np.array([[1, 0, 0.25], [0, 1, 0.0]]), np.array([[1, 1, -1], [-1, 1, 1]])
    P = np.array([[0.5, 0.25, 0.25], [0, 1, 0]])
    expected = {
        ("quadratic", "linear"): [((Z - Y) ** 2).sum(axis=1) / 2, Z, Y],
        ("squared_error", "linear"): [((Z - Y) ** 2).sum(axis=1), Z, Y],
        ("cross_entropy", "sigmoid"): [
            -(Y * np.log(sigmoid) + (1 - Y) * np.log(1 - sigmoid)).sum(axis=1),
            sigmoid,
            Y,
        ],
        ("cross_entropy", "softmax"): [-(P * np.log(softmax)).sum(axis=1), softmax, P],
        ("hinge", "linear"): [[1 + 2, 0.25 * 0], Z, T],
        ("margin_hinge", "linear"): [[0.5 + 2 + 3, 0.75 + 0.25], Z, T],
    }
    for (name, output), (value, a, y) in expected.items():
        np.testing.assert_allclose(cost_of(name, output)(Z, a, y), value, rtol=1e-14)


@given(st.sampled_from(OUTPUTS_AND_COSTS), seeds)
def test_grad_a_is_the_gradient(pair, seed):
    output, name = pair
    cost, rng = cost_of(name, output), np.random.default_rng(seed)
    z = rng.normal(size=(1, 3))
    a, y = ACTIVATIONS[output](z), labels(rng, name, output, (1, 3))

    def value_at(a_moved):  # cross-entropy is computed from z: invert the output activation
        z_of_a = {"sigmoid": lambda a: np.log(a / (1 - a)), "softmax": np.log}
        z_moved = z_of_a.get(output, lambda a: a)(a_moved) if name == "cross_entropy" else a_moved
        return float(cost(z_moved, a_moved, y)[0])

    if output == "softmax" and name == "cross_entropy":
        # a leaves the simplex when one entry moves, and z = ln a is renormalised: differs by sum y
        expected = numerical_gradient(value_at, a) - 1
    else:
        expected = numerical_gradient(value_at, a)
    np.testing.assert_allclose(cost.grad_a(a, y), expected, rtol=1e-5, atol=1e-6)


@given(st.sampled_from(OUTPUTS_AND_COSTS), seeds)
def test_a_piece_is_the_cost_until_the_kink(pair, seed):
    output, name = pair
    cost, sigma, rng = cost_of(name, output), ACTIVATIONS[output], np.random.default_rng(seed)
    z = rng.normal(size=(4, 3))
    y = labels(rng, name, output, (4, 3))
    near = z + 1e-9 * rng.normal(size=(2, 4, 3))  # two moved copies: leading axes are allowed
    piece, margin = cost.piece(z, y), getattr(cost, "margin", 0.0)
    if abs(margin - z * y).min() > 1e-6:
        np.testing.assert_array_equal(piece(z, sigma(z), y), cost(z, sigma(z), y))
        expected = [cost(z_near, sigma(z_near), y) for z_near in near]
        np.testing.assert_allclose(piece(near, sigma(near), y), expected, rtol=1e-13)


@pytest.mark.parametrize("name", ["hinge", "margin_hinge"])
def test_a_piece_goes_straight_on_beyond_the_kink(name):
    """Violated by 0.5 and moved beyond the margin by 0.5: the line has become negative."""
    cost, y = cost_of(name, "linear"), np.array([[-1.0]])
    z = -(cost.margin - 0.5) * np.ones((1, 1))
    beyond = z - 1.0
    assert cost(z, z, y) == 0.5
    assert cost(beyond, beyond, y) == 0
    assert cost.piece(z, y)(beyond, beyond, y) == -0.5
    assert cost.piece(beyond, y)(z, z, y) == 0


def test_where_sigma_prime_is_said_to_cancel():
    assert [c.name for c in COSTS if c.sigma_prime_cancels] == ["cross_entropy"] * 2


@given(st.sampled_from(["sigmoid", "softmax"]), seeds)
def test_where_sigma_prime_cancels_a_minus_y_is_left(output, seed):
    cost, sigma, rng = cost_of("cross_entropy", output), ACTIVATIONS[output], None
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(4, 3))
    a, y = sigma(z), labels(rng, "cross_entropy", output, (4, 3))
    prime, grad = sigma.prime(z), cost.grad_a(a, y)
    product = np.einsum("ni,nij->nj", grad, prime) if output == "softmax" else grad * prime
    np.testing.assert_allclose(product, a - y, atol=1e-12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_cross_entropy_stays_finite_where_a_is_0_or_1(output):
    z = np.array([[900.0, -900.0]])
    a = ACTIVATIONS[output](z)
    cost = cost_of("cross_entropy", output)
    wrong, right = cost(z, a, np.array([[0.0, 1.0]])), cost(z, a, np.array([[1.0, 0.0]]))
    assert wrong == 1800
    assert right == 0


def test_the_two_hinges_differ_at_the_boundary():
    """At z = 0 the perceptron criterion costs nothing and the margin hinge costs 1."""
    z, t = np.zeros((1, 1)), np.ones((1, 1))
    assert cost_of("hinge", "linear")(z, z, t) == 0
    assert cost_of("margin_hinge", "linear")(z, z, t) == 1
    assert cost_of("hinge", "linear").grad_a(z, t) == 0
    assert cost_of("margin_hinge", "linear").grad_a(z, t) == -1
