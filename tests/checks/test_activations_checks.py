"""The tasks of problem set 4: right formulas against oracles, and what the instances hold."""

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from bpkit.checks.activations import (
    ALIVE_SHARE,
    COLLAPSE,
    COST_FOR_TANH,
    CROSS_ENTROPY_FROM_Z,
    DELTA_NORMS,
    JACOBIAN_BY_HAND,
    PS4,
    PS4_BY_HAND,
    RELU_PRIME,
    SOFTMAX,
    SOFTMAX_BY_HAND,
)
from bpkit.gradcheck import numerical_gradient
from tests.exercises.harness import SETS, named

[PS] = [ps for ps in SETS if ps.name == "ps4"]
SEEDS = range(30)


def drawn(task, seeds=SEEDS):
    return [args for seed in seeds for args in task.draw(np.random.default_rng(seed))]


# ------------------------------------------------------- oracles, which share no code with bpkit


def by_complex_step(f, x):
    return numerical_gradient(f, x, "complex-step")


def sigma(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def exactly(formula, *arrays):
    """One number a row, in 60 digits: the formula of Decimals, summed over the entries."""
    with localcontext() as context:
        context.prec = 60
        return np.array(
            [
                float(sum(formula(*(Decimal(float(x)) for x in entry)) for entry in zip(*rows)))
                for rows in zip(*arrays)
            ]
        )


def exact_softmax(z):
    with localcontext() as context:
        context.prec = 60
        rows = [[Decimal(float(x)).exp() for x in row] for row in z]
        return np.array([[float(e / sum(row)) for e in row] for row in rows])


def network(w, b, x):
    for w_l, b_l in zip(w[2:], b[2:]):
        x = [sum(w_jk * x_k for w_jk, x_k in zip(row, x)) + b_j for row, b_j in zip(w_l, b_l)]
    return np.array(x)


def folded(w, b):
    """Where the corners of the unit cube go."""
    d = w[2].shape[1]
    bias = network(w, b, np.zeros(d))
    return np.stack([network(w, b, corner) - bias for corner in np.eye(d)], axis=1), bias


def jacobian(p):
    z = np.log(p)
    return np.stack([by_complex_step(lambda z, i=i: softmax(z)[i], z) for i in range(len(p))])


def cross_entropy_term(z, y):
    a, not_a = 1 / (1 + (-z).exp()), 1 / (1 + z.exp())
    return -(y * a.ln() + (1 - y) * not_a.ln())


def tanh_cost_term(z, y):
    return ((z.exp() + (-z).exp()) / 2).ln() - y * z


def share_of_slopes(sigma, z):
    """The slopes of the hat and the ramp are 0 or 1 in size, and nothing between."""
    rises = [float(sigma(np.array([x + 1e-3]))[0] - sigma(np.array([x]))[0]) / 1e-3 for x in z]
    assert all(min(abs(abs(rise) - 1), abs(rise)) < 1e-9 for rise in rises)
    return sum(abs(rise) > 0.5 for rise in rises) / len(rises)


def lengths(w, slopes, delta_L):
    """Of the gradients of sum(delta^L z^L) by z^l, the activations replaced by their slopes."""
    L = len(w) - 1

    def top(z, l):
        for m in range(l + 1, L + 1):
            z = np.einsum("jk,nk->nj", w[m], slopes[m - 1] * z)
        return (delta_L * z).sum()

    norms = [None, None]
    for l in range(2, L + 1):
        delta = by_complex_step(lambda z, l=l: top(z, l), np.ones_like(slopes[l]))
        norms.append(np.mean([row @ row for row in delta]) ** 0.5)
    return norms


ORACLES = {
    "softmax_by_hand": lambda z: np.array(
        [float(Fraction(n, sum(numbers))) for numbers in [e_to(z)] for n in numbers]
    ),
    "jacobian_by_hand": jacobian,
    "tanh_prime": lambda z: by_complex_step(
        lambda z: ((np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))).sum(), z
    ),
    # the slope from the left, which is 0 at 0
    "relu_prime": lambda z: (z * (z > 0) - (z - 1e-3) * (z - 1e-3 > 0)) / 1e-3,
    "collapse": folded,
    "softmax": exact_softmax,
    "softmax_backward": lambda p, g: by_complex_step(lambda z: (g * softmax(z)).sum(), np.log(p)),
    "delta_softmax_quadratic": lambda z, y: by_complex_step(
        lambda z: ((softmax(z) - y) ** 2).sum() / 2, z
    ),
    "delta_softmax_cross_entropy": lambda z, y: by_complex_step(
        lambda z: -(y * np.log(softmax(z))).sum(), z
    ),
    "mse_delta": lambda z, y: by_complex_step(
        lambda z: ((sigma(z) - y) ** 2).mean(axis=1).sum(), z
    ),
    "cross_entropy_as_meant": lambda a, y: (
        -np.log(np.prod(a**y * (1 - a) ** (1 - y), axis=1)) / a.shape[1]
    ),
    "cross_entropy_from_z": lambda z, y: exactly(cross_entropy_term, z, y),
    "alive_share": share_of_slopes,
    "delta_norms": lengths,
    "cost_for_tanh": lambda z, y: exactly(tanh_cost_term, z, y),
}


def e_to(z):
    return [round(float(x)) for x in np.exp(z)]


@pytest.mark.parametrize("task", PS4, ids=lambda task: task.name)
def test_the_right_formula_is_what_the_oracle_says(task):
    for args in drawn(task, range(5)):
        expected, right = ORACLES[task.name](*args.values()), task.right(*args.values())
        for theirs, ours in zip(task.leaves(expected), task.leaves(right), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-13)


def test_the_cost_for_tanh_is_0_at_0_and_has_the_delta_a_minus_y():
    y = np.array([[0.3, -0.7, 0.0]])
    assert COST_FOR_TANH.right(np.zeros((1, 3)), y) == pytest.approx(0, abs=1e-15)
    z = np.array([[-2.0, 0.1, 1.5]])
    slope = numerical_gradient(lambda z: COST_FOR_TANH.right(z, y).sum(), z)
    np.testing.assert_allclose(slope, np.tanh(z) - y, rtol=1e-8)


# --------------------------------------------------------------------------------- the instances


@pytest.mark.parametrize(
    "task",
    [t for t in PS4 if t not in (*PS4_BY_HAND, COLLAPSE, ALIVE_SHARE)],
    ids=lambda task: task.name,
)
def test_batches_are_long_square_and_of_one_example(task):
    arrays = [args.get("delta_L", next(iter(args.values()))) for args in drawn(task)]
    shapes = {array.shape for array in arrays}
    assert any(d < N for N, d in shapes) and any(N == 1 for N, d in shapes)
    assert task is DELTA_NORMS or any(d == N for N, d in shapes)


@pytest.mark.parametrize("task", [COLLAPSE, DELTA_NORMS], ids=lambda task: task.name)
def test_layers_are_all_different_all_alike_deep_and_shallow(task):
    for seed in SEEDS:
        sizes = [
            [w.shape[1] for w in args["w"][2:]] + [len(args["w"][-1])]
            for args in task.draw(np.random.default_rng(seed))
        ]
        assert [len(s) for s in sizes] == [4, 4, 3]
        assert [len(set(s)) for s in sizes] == [4, 1, 3]


def test_labels_are_neither_0_nor_1_and_shares_add_up_to_1():
    for task in PS4:
        for args in drawn(task):
            if "y" in args:
                assert not np.isin(args["y"], [-1, 0, 1]).any()
            if "softmax" in task.name and "y" in args:
                np.testing.assert_allclose(args["y"].sum(axis=1), 1)


def test_slopes_of_relu_are_asked_for_on_both_sides_and_at_0():
    for args in drawn(RELU_PRIME):
        z = args["z"]
        assert (z == 0).sum() == 1 and (z > 0).any() and (z < 0).any()


def test_the_last_z_of_softmax_break_exp_with_any_shift_but_one_for_each_row():
    for seed in SEEDS:
        z = SOFTMAX.draw(np.random.default_rng(seed))[-1]["z"]
        with np.errstate(all="ignore"):
            assert not np.isfinite(softmax(z)).all()
            assert not np.isfinite(softmax(z - z.max())).all()
            assert not np.isfinite(softmax(z - z.mean())).all()
        assert np.isfinite(SOFTMAX.right(z)).all()


def test_the_last_outputs_of_the_cross_entropy_leave_no_digit_of_1_minus_a():
    for seed in SEEDS:
        z = CROSS_ENTROPY_FROM_Z.draw(np.random.default_rng(seed))[-1]["z"]
        with np.errstate(over="ignore"):
            assert np.isin(sigma(z[z > 0]), [1]).all() and (z > 0).any() and (z < 0).any()


def test_a_hat_has_both_slopes_and_no_share_is_a_half():
    for seed in SEEDS:
        for args in ALIVE_SHARE.draw(np.random.default_rng(seed)):
            share = ALIVE_SHARE.right(**args)
            assert 0.2 < share < 0.8 and share != 0.5
        hat = ALIVE_SHARE.draw(np.random.default_rng(seed))[0]
        rises = np.sign(hat["sigma"](hat["z"] + 1e-6) - hat["sigma"](hat["z"]))
        assert {-1, 0, 1} == set(rises)


def test_no_expected_array_is_zero_or_lost_in_rounding():
    for task in PS4:
        for args in drawn(task):
            for leaf in task.leaves(task.right(*args.values())):
                assert np.linalg.norm(leaf) > 1e-3, task.name


def test_numbers_for_the_pencil_are_friendly_and_many():
    seen = set()
    for seed in range(100):
        [with_z] = SOFTMAX_BY_HAND.draw(np.random.default_rng(seed))
        [with_p] = JACOBIAN_BY_HAND.draw(np.random.default_rng(seed))
        numbers = e_to(with_z["z"])
        assert np.allclose(np.exp(with_z["z"]), numbers) and sum(numbers) in (20, 30, 40)
        tenths = np.round(10 * with_p["p"]).astype(int)
        assert sum(tenths) == 10 and len(set(numbers)) == len(set(tenths)) == 3
        seen.add((*numbers, *tenths))
    assert len(seen) > 80


# ----------------------------------------------------- wrong in ways that are no misconception


@pytest.mark.parametrize(
    "wrong",
    [
        lambda sigma, z: ((sigma(z + 1e-5) - sigma(z - 1e-5)) / 2e-5 > 0.01).mean(),
        lambda sigma, z: (abs(sigma(z + 1e-5) - sigma(z - 1e-5)) / 2e-5 <= 0.01).mean(),
        lambda sigma, z: (abs(sigma(z + 1e-5) - sigma(z - 1e-5)) / 2e-5 > 0.01).sum(),
        lambda sigma, z: abs(sigma(z + 1e-5) - sigma(z - 1e-5)).mean() / 2e-5 + 0.1,
    ],
    ids=["falling is dead", "the dead", "a count", "the mean slope and more"],
)
def test_shares_of_something_else_are_refused(wrong, monkeypatch):
    for seed in SEEDS:
        monkeypatch.setenv("BPKIT_SEED", str(seed))
        assert named(PS, ALIVE_SHARE, wrong) == "wrong value"


def test_a_clipped_logarithm_is_refused():
    def clipped(z, y):
        with np.errstate(over="ignore"):
            a = np.clip(sigma(z), 1e-15, 1 - 1e-15)
        return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum(axis=1)

    assert named(PS, CROSS_ENTROPY_FROM_Z, clipped) == "wrong value"
