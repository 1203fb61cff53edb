"""Four notations: each convention's own algorithm, run as written, gives what is converted."""

import numpy as np
import pytest
from hypothesis import given

from bpkit import notation
from tests.strategies import random_problem, seeds


def setup(seed):
    net, X, Y = random_problem(seed, [3, 4, 2, 2], "tanh", "sigmoid", "quadratic", 5)
    trace = net.forward(X)
    return net, X, Y, trace, net.backward(trace, Y)


@given(seeds)
def test_layer_wise_run_as_written(seed):
    """delta^{l-1} = W (g'(z^l) * delta^l), dW = a^{l-1} (g'(z^l) * delta^l)^T, by example."""
    net, _, Y, trace, grads = setup(seed)
    converted = notation.to_layer_wise(net, trace, grads, Y)
    total = {l: 0 for l in (2, 3, 4)}
    for n in range(len(Y)):
        delta = trace.a[4][n] - Y[n]
        for l in (4, 3, 2):
            a = trace.a[l][n]
            g_prime = a * (1 - a) if l == 4 else 1 - a**2
            np.testing.assert_allclose(converted.deltas[l][n], delta, atol=1e-12)
            total[l] = total[l] + np.outer(trace.a[l - 1][n], g_prime * delta)
            delta = converted.w[l] @ (g_prime * delta)
    for l in total:
        np.testing.assert_allclose(converted.dw[l], total[l] / len(Y), atol=1e-12)


@given(seeds)
def test_graph_run_as_written(seed):
    """Delta = -2 (y - a) g'(in), then g'(in_j) sum_j' w_jj' Delta_j'; dJ/dw_ij = Delta_j a_i."""
    net, _, Y, trace, grads = setup(seed)
    converted = notation.to_graph(net, grads)
    a = trace.a[4]
    Delta = -2 * (Y - a) * a * (1 - a)
    for l in (4, 3, 2):
        np.testing.assert_allclose(converted.deltas[l], Delta, atol=1e-12)
        dw = np.mean([np.outer(a_n, D_n) for a_n, D_n in zip(trace.a[l - 1], Delta)], axis=0)
        np.testing.assert_allclose(converted.dw[l], dw, atol=1e-12)
        Delta = (1 - trace.a[l - 1] ** 2) * (Delta @ converted.w[l].T)


@given(seeds)
def test_bias_as_weight_run_as_written(seed):
    """z = theta [1; a], delta = (theta^T delta)[1:] * g'(z), dtheta = delta [1; a]^T."""
    net, X, Y, trace, grads = setup(seed)
    converted = notation.to_bias_as_weight(net, grads)
    with_one = [None] + [np.column_stack([np.ones(len(X)), a]) for a in trace.a[1:]]
    a = trace.a[4]
    delta = (a - Y) * a * (1 - a)
    for l in (3, 2, 1):
        np.testing.assert_allclose(with_one[l] @ converted.theta[l].T, trace.z[l + 1], atol=1e-12)
        np.testing.assert_allclose(converted.dtheta[l], delta.T @ with_one[l] / len(X), atol=1e-12)
        delta = (delta @ converted.theta[l])[:, 1:] * (1 - trace.a[l] ** 2)
        if l > 1:
            np.testing.assert_allclose(converted.deltas[l], delta, atol=1e-12)


@pytest.mark.parametrize("output, cost", [("sigmoid", "quadratic"), ("softmax", "cross_entropy")])
def test_there_and_back(output, cost):
    net, X, Y = random_problem(3, [3, 4, 2, 2], "tanh", output, cost, 5)
    trace = net.forward(X)
    grads = net.backward(trace, Y)
    layer_wise = notation.to_layer_wise(net, trace, grads, Y)
    for back in (
        notation.from_layer_wise(net, trace, layer_wise),
        notation.from_graph(notation.to_graph(net, grads)),
        notation.from_bias_as_weight(notation.to_bias_as_weight(net, grads)),
    ):
        np.testing.assert_allclose(back.theta, grads.theta, atol=1e-12)
        for l in (2, 3, 4):
            np.testing.assert_allclose(back.deltas[l], grads.deltas[l], atol=1e-12)
