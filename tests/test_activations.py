"""Activations against SymPy, against a complex step, and in their limits."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from bpkit.activations import ACTIVATIONS

Z = sp.Symbol("z", real=True)
FORMULAS = {
    "linear": Z,
    "sigmoid": 1 / (1 + sp.exp(-Z)),
    "tanh": (sp.exp(Z) - sp.exp(-Z)) / (sp.exp(Z) + sp.exp(-Z)),
    "relu": sp.Max(0, Z),
}
POINTS = np.array([[-3.0, -0.5, 0.25], [1.0, 2.0, 4.0]])


@pytest.mark.parametrize("name", FORMULAS)
def test_value_and_derivative_are_those_of_the_formula(name):
    formula, sigma = FORMULAS[name], ACTIVATIONS[name]
    derivative = sp.diff(formula, Z)
    expected = [[float(formula.subs(Z, z)) for z in row] for row in POINTS]
    expected_prime = [[float(derivative.subs(Z, z)) for z in row] for row in POINTS]
    np.testing.assert_allclose(sigma(POINTS), expected, rtol=1e-14)
    np.testing.assert_allclose(sigma.prime(POINTS), expected_prime, rtol=1e-13)
    np.testing.assert_allclose(sigma.prime_from_a(sigma(POINTS)), expected_prime, rtol=1e-13)


def test_softmax_jacobian_is_sympys():
    z = sp.symbols("z:3", real=True)
    total = sum(sp.exp(s) for s in z)
    softmax = sp.Matrix([sp.exp(s) / total for s in z])
    values = dict(zip(z, POINTS[1]))
    expected = np.array(softmax.jacobian(z).subs(values).evalf(), dtype=float)
    sigma = ACTIVATIONS["softmax"]
    np.testing.assert_allclose(sigma.prime(POINTS)[1], expected, rtol=1e-13)
    np.testing.assert_allclose(sigma(POINTS).sum(axis=1), 1, rtol=1e-15)
    stacked = np.stack([POINTS, POINTS**2, POINTS + 1, -POINTS])  # leading axes are allowed
    np.testing.assert_array_equal(sigma(stacked)[1], sigma(POINTS**2))
    np.testing.assert_array_equal(sigma.prime(stacked)[2], sigma.prime(POINTS + 1))


@given(st.sampled_from(["linear", "sigmoid", "tanh"]), st.floats(-30, 30))
def test_a_complex_step_passes_through(name, z):
    sigma, z = ACTIVATIONS[name], np.array([[z]])
    slope = sigma(z + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slope, sigma.prime(z), rtol=1e-12, atol=1e-15)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5), st.floats(-1e4, 1e4))
def test_softmax_does_not_see_a_shift(z, shift):
    sigma, z = ACTIVATIONS["softmax"], np.array([z])
    np.testing.assert_allclose(sigma(z + shift), sigma(z), atol=1e-9)
    assert np.isfinite(sigma(z)).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_exact_and_silent_in_its_tails(dtype):
    a = ACTIVATIONS["sigmoid"](np.array([[-1e5, -40, 0, 40, 1e5]], dtype))
    assert a.dtype == dtype
    np.testing.assert_allclose(a, [[0, np.exp(-40), 0.5, 1, 1]], rtol=1e-6, atol=1e-37)


def test_relu_says_zero_at_its_kink():
    relu = ACTIVATIONS["relu"]
    z = np.array([[-1.0, -0.0, 0.0, 1e-300]])
    np.testing.assert_array_equal(relu.prime(z), [[0, 0, 0, 1]])
    np.testing.assert_array_equal(relu.prime_from_a(relu(z)), [[0, 0, 0, 1]])


@given(st.floats(-5, 5), st.floats(-1e-3, 1e-3))
def test_relus_piece_is_relu_until_the_kink(z, dz):
    relu, z = ACTIVATIONS["relu"], np.array([[z]])
    piece = relu.piece(z)
    assert piece(z) == relu(z)
    if (z > 0) == (z + dz > 0):
        assert piece(z + dz) == relu(z + dz)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_float32_stays_float32(name):
    sigma, z = ACTIVATIONS[name], POINTS.astype(np.float32)
    assert sigma(z).dtype == sigma.prime(z).dtype == sigma.piece(z)(z).dtype == np.float32
