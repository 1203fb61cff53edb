"""The four equations: by hand on numbers, by SymPy on a 2-2-1 network, and as linear maps."""

import numpy as np
import pytest
import sympy as sp

from bpkit import Network
from bpkit.backprop import bp1, bp2, bp3, bp4


def test_by_hand():
    """Two examples, small whole numbers: can be redone on paper."""
    delta = np.array([[1.0, -2.0], [3.0, 0.0]])
    w = np.array([[2.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    sigma_prime = np.array([[0.5, 1.0, 2.0], [1.0, 0.0, 0.5]])
    a = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]])
    np.testing.assert_array_equal(bp1(delta, 2 * delta), [[2, 8], [18, 0]])
    np.testing.assert_array_equal(bp2(w, delta, sigma_prime), [[0, 2, 2], [6, 0, 1.5]])
    np.testing.assert_array_equal(bp3(delta), [2, -1])
    np.testing.assert_array_equal(bp4(a, delta), [[0.5, 2.5, -1.5], [-1, -2, 0]])


def test_bp1_with_a_jacobian_takes_the_transpose():
    """delta_j = sum_i grad_i da_i/dz_j: with a Jacobian that is not symmetric the order shows."""
    jacobian = np.array([[[1.0, 2.0], [0.0, 3.0]]])
    np.testing.assert_array_equal(bp1(np.array([[1.0, 10.0]]), jacobian), [[1, 32]])


@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
def test_sympy_differentiates_a_2_2_1_network_to_the_same_gradient(cost):
    net = Network([2, 2, 1], "tanh", "sigmoid", cost, rng=3)
    net.b[2][:], net.b[3][:] = [0.3, -0.2], [0.1]
    x, y = [0.5, -1.5], 0.25

    p = sp.symbols("p:9", real=True)  # in the order of net.theta: w2 (2x2), b2 (2), w3 (1x2), b3
    hidden = [sp.tanh(p[2 * j] * x[0] + p[2 * j + 1] * x[1] + p[4 + j]) for j in range(2)]
    a = 1 / (1 + sp.exp(-(p[6] * hidden[0] + p[7] * hidden[1] + p[8])))
    quadratic, entropy = (a - y) ** 2 / 2, -(y * sp.log(a) + (1 - y) * sp.log(1 - a))
    C = quadratic if cost == "quadratic" else entropy
    at = dict(zip(p, net.theta))
    expected = [float(sp.diff(C, q).subs(at)) for q in p]

    grads = net.backward(net.forward([x]), [[y]])
    np.testing.assert_allclose(grads.theta, expected, rtol=1e-12)
    assert net.cost([x], [[y]]) == pytest.approx(float(C.subs(at)), rel=1e-13)
