"""The tasks of problem set 3: their right formulas, and the instances that they are tried on."""

import numpy as np
import pytest

from bpkit.checks.backprop import BACKWARD, EQUATIONS
from bpkit.gradcheck import numerical_gradient

# ------------------------------------------------- the right formulas, against numerical gradients


def sigma(z):
    return 1 / (1 + np.exp(-z))


def forward(w, b, X):
    a = X
    for w_l, b_l in zip(w[2:], b[2:]):
        a = sigma(np.einsum("jk,nk->nj", w_l, a) + b_l)
    return a


def quadratic(a, y):
    return ((a - y) ** 2).sum() / 2


def cross_entropy(a, y):
    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum()


def by_complex_step(f, x):
    return numerical_gradient(f, x, "complex-step")


def layers_of(f, arrays):
    """The gradient of f with respect to each array of a list, the others held."""
    return [
        None
        if array is None
        else by_complex_step(lambda x, l=l: f([*arrays[:l], x, *arrays[l + 1 :]]), array)
        for l, array in enumerate(arrays)
    ]


ORACLES = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "sigmoid_prime": lambda z: by_complex_step(lambda x: sigma(x).sum(), z),
    "output_delta_quadratic": lambda z, y: by_complex_step(lambda x: quadratic(sigma(x), y), z),
    "output_delta_cross_entropy": lambda z, y: by_complex_step(
        lambda x: cross_entropy(sigma(x), y), z
    ),
    # a cost whose slope at z^{l+1} is delta^{l+1}: sum_n delta^{l+1}_n . z^{l+1}_n
    "hidden_delta": lambda w_next, delta_next, z: by_complex_step(
        lambda x: (delta_next * np.einsum("jk,nk->nj", w_next, sigma(x))).sum(), z
    ),
    "bias_gradient": lambda delta: by_complex_step(
        lambda b: (delta * b).sum() / len(delta), np.ones(delta.shape[1])
    ),
    "weight_gradient": lambda a_prev, delta: by_complex_step(
        lambda w: (delta * np.einsum("jk,nk->nj", w, a_prev)).sum() / len(delta),
        np.ones((delta.shape[1], a_prev.shape[1])),
    ),
    "backward": lambda w, b, X, Y: (
        layers_of(lambda w_moved: quadratic(forward(w_moved, b, X), Y) / len(X), w),
        layers_of(lambda b_moved: quadratic(forward(w, b_moved, X), Y) / len(X), b),
    ),
}


@pytest.mark.parametrize("task", EQUATIONS, ids=lambda task: task.name)
def test_the_right_formula_is_the_numerical_gradient_of_the_cost(task):
    for args in task.draw(np.random.default_rng(5)):
        expected, right = ORACLES[task.name](*args.values()), task.right(*args.values())
        for theirs, ours in zip(task.leaves(expected), task.leaves(right), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


# --------------------------------------------------------------------------------- the instances


def numbers(value):
    if isinstance(value, list):
        return np.concatenate([numbers(entry) for entry in value if entry is not None])
    return value.ravel()


@pytest.mark.parametrize("task", EQUATIONS, ids=lambda task: task.name)
def test_instances_have_what_it_takes(task):
    for seed in range(20):
        instances = task.draw(np.random.default_rng(seed))
        examples = {len(args.get("X", next(iter(args.values())))) for args in instances}
        if task.name == "hidden_delta":
            examples = {len(args["z"]) for args in instances}
            shapes = [args["w_next"].shape for args in instances]
            assert any(m != n for m, n in shapes) and any(m == n for m, n in shapes)
        assert {1, 5} <= examples
        for args in instances:
            values = np.concatenate([numbers(value) for value in args.values()])
            assert not np.isin(values, [0.0, 1.0]).any() and np.isfinite(values).all()
            assert np.unique(values).size == values.size


def test_networks_are_deep_and_shallow_rectangular_and_square():
    instances = BACKWARD.draw(np.random.default_rng(0))
    assert {len(args["w"]) - 1 for args in instances} == {2, 3, 4}
    assert any(
        len({len(b) for b in args["b"][2:]}) == 1 for args in instances if len(args["b"]) > 3
    )
    assert any(len({len(b) for b in args["b"][2:]}) == 3 for args in instances)
