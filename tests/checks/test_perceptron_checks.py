"""The tasks of problem set 1: their right formulas against oracles, and their instances."""

from fractions import Fraction

import numpy as np
import pytest

from bpkit.checks.perceptron import (
    B_OF_DIFFERENCE,
    CLASS_MEANS,
    CRITERION_GRADIENT,
    FIRST_PASS,
    HINGE_LOSS,
    NEAREST_MEAN,
    NEAREST_MEAN_LINE,
    NOVIKOFF_BOUND,
    PERCEPTRON_ALGORITHM,
    PERCEPTRON_UPDATE,
    PREDICT,
)

SEEDS = range(30)


def instances(task):
    for seed in SEEDS:
        for args in task.draw(np.random.default_rng(seed)):
            yield args, task.right(*args.values())


def exact(values):
    """Fractions in nested lists: what is drawn from whole numbers and halves loses nothing."""
    return [exact(v) for v in values] if np.ndim(values) else Fraction(float(values))


def z_of(x, w, b):
    return sum((x_i * w_i for x_i, w_i in zip(x, w, strict=True)), start=b)


def walk(X, t, eta, passes):
    """Rosenblatt's rule in exact fractions: w, b and whether it was a mistake, after each step."""
    w, b = [Fraction(0)] * len(X[0]), Fraction(0)
    for _ in range(passes):
        for x, label in zip(X, t):
            mistake = label * z_of(x, w, b) <= 0
            if mistake:
                w = [w_i + eta * label * x_i for w_i, x_i in zip(w, x)]
                b += eta * label
            yield w, b, mistake


# ----------------------------------------------------------------------- the rule and the algorithm


def test_the_first_pass_is_that_of_exact_arithmetic():
    for args, rows in instances(FIRST_PASS):
        steps = list(walk(exact(args["X"]), exact(args["t"]), 1, 1))
        assert rows.tolist() == [[*w, b] for w, b, _ in steps]
        assert [mistake for *_, mistake in steps] == [True, False, True]
        assert rows[2].any() and len({tuple(x) for x in args["X"].tolist()}) == 3


def test_predictions_are_the_signs_of_exact_sums():
    for args, y in instances(PREDICT):
        z = [z_of(x, exact(args["w"]), Fraction(args["b"])) for x in exact(args["X"])]
        assert y.tolist() == [(z_n > 0) - (z_n < 0) for z_n in z]
        assert {-1, 0, 1} == set(y)


def test_an_update_raises_z_t_of_a_mistake_by_just_as_much_as_p_6_says():
    kinds = set()
    for args, (w, b) in instances(PERCEPTRON_UPDATE):
        x, t, eta = args["x"], args["t"], args["eta"]
        before, after = (args["w"] @ x + args["b"]) * t, (w @ x + b) * t
        assert after - before == (eta * (x @ x + 1) if before <= 0 else 0)
        moved = np.append(w, b) - np.append(args["w"], args["b"])
        along = np.append(x, 1)
        assert np.linalg.matrix_rank(np.stack([moved, along])) == 1  # along (x, 1) and nowhere else
        kinds.add((np.sign(before), t))
    assert kinds == {(sign, t) for sign in (-1, 0, 1) for t in (-1, 1)}


def test_the_algorithm_is_that_of_exact_arithmetic():
    for args, (w, b, passes) in instances(PERCEPTRON_ALGORITHM):
        X, t, eta = exact(args["X"]), exact(args["t"]), Fraction(args["eta"])
        steps = list(walk(X, t, eta, passes))
        assert [*w, b] == [*steps[-1][0], steps[-1][1]]
        clean = [
            not any(m for *_, m in steps[i : i + len(X)]) for i in range(0, len(steps), len(X))
        ]
        assert not any(clean[:-1]) and len(clean) == passes
        assert clean[-1] or passes == args["max_passes"]


def test_some_data_can_be_separated_and_some_cannot():
    for seed in SEEDS:
        *separable, contradictory = PERCEPTRON_ALGORITHM.draw(np.random.default_rng(seed))
        for args in separable:
            w, b, passes = PERCEPTRON_ALGORITHM.right(*args.values())
            assert ((args["X"] @ w + b) * args["t"] > 0).all()
            assert 3 <= passes < args["max_passes"] and b
        w, b, passes = PERCEPTRON_ALGORITHM.right(*contradictory.values())
        assert passes == contradictory["max_passes"] and w.any() and b
        assert (contradictory["X"][0] == contradictory["X"][-1]).all()


# --------------------------------------------------------------------------------------- the hinges


def slope(cost, theta, h=2.0**-20):
    """By two-sided differences: exact on a straight piece, up to rounding."""
    return np.array(
        [(cost(theta + step) - cost(theta - step)) / (2 * h) for step in h * np.eye(len(theta))]
    )


def test_the_criterions_gradient_is_its_slope_away_from_the_kinks():
    for args, (dw, db) in instances(CRITERION_GRADIENT):
        X, t, w, b = args.values()
        smooth = (X @ w + b) * t != 0

        def cost(theta, X=X[smooth], t=t[smooth]):
            return sum(max(0.0, -(x @ theta[:-1] + theta[-1]) * s) for x, s in zip(X, t))

        expected = slope(cost, np.append(w, b)) / len(t)  # on the kink the course takes 0
        np.testing.assert_allclose(np.append(dw, db), expected, rtol=1e-8, atol=1e-9)
        assert dw.any() and db


def test_examples_of_all_kinds_meet_in_the_criterion():
    for seed in SEEDS:
        *several, alone = CRITERION_GRADIENT.draw(np.random.default_rng(seed))
        for X, t, w, b in (args.values() for args in several):
            zt = (X @ w + b) * t
            assert (zt == 0).any() and ((zt > 0) & (zt < 1)).any() and (zt > 1).any()
            assert set(t[zt < 0]) == {-1, 1} and (zt < 0).sum() < len(t)
        assert len(alone["t"]) == 1


def test_the_brackets_of_the_slide_differ_for_one_bias_only():
    for args, b in instances(B_OF_DIFFERENCE):
        w, x, t = args.values()
        differing = []
        for candidate in np.arange(-120, 121) / 2:
            z = w @ x + candidate
            if (-z * t > 0) != (np.sign(z) != t):
                differing.append(candidate)
        assert differing == [b] and b != 0


def test_the_margin_hinge_is_the_largest_of_its_two_lines():
    for args, H in instances(HINGE_LOSS):
        z, t = args.values()
        assert [max(0.0, 1.0 - s * z_n) for z_n, s in zip(z.tolist(), t.tolist())] == H.tolist()
        zt = z * t
        assert (zt < 0).any() and (zt == 0).any() and (zt > 1).any()
        assert ((zt > 0) & (zt < 1)).any() and set(t) == {-1, 1}


# --------------------------------------------------------------------------------- the nearest mean


def test_a_mean_is_where_the_squared_distances_balance():
    for args, means in instances(CLASS_MEANS):
        X, t = args.values()
        assert len(X[t > 0]) != len(X[t < 0]) and X.shape[1] not in (len(X[t > 0]), len(X[t < 0]))
        for mu, label in zip(means, (1, -1)):
            spread = slope(lambda m, own=X[t == label]: ((own - m) ** 2).sum(), mu, h=0.5)
            np.testing.assert_allclose(spread, 0, atol=1e-11)


def test_the_nearer_mean_in_exact_arithmetic():
    for args, y in instances(NEAREST_MEAN):
        X, mu_1, mu_2 = (exact(value) for value in args.values())
        for x, y_n in zip(X, y):
            from_1, from_2 = (
                sum((a - c) ** 2 for a, c in zip(x, mu, strict=True)) for mu in (mu_1, mu_2)
            )
            assert y_n == (from_1 < from_2) - (from_2 < from_1)
        assert set(y) == {-1, 0, 1}


def test_the_line_is_the_difference_of_the_squares_at_every_point():
    for args, (w, b) in instances(NEAREST_MEAN_LINE):
        mu_1, mu_2 = args.values()
        for x in np.random.default_rng(0).normal(size=(5, len(mu_1))):
            from_1, from_2 = (np.hypot.reduce(x - mu) ** 2 for mu in (mu_1, mu_2))
            np.testing.assert_allclose(x @ w + b, from_2 - from_1, rtol=1e-9, atol=1e-9)


# ----------------------------------------------------------------------------------------- Novikoff


def test_novikoffs_bound_is_never_passed_and_does_not_mind_the_scale():
    for args, bound in instances(NOVIKOFF_BOUND):
        X, t, w, b = args.values()
        theta = np.append(w, b)
        distances = [abs(np.append(x, 1) @ theta) / np.hypot.reduce(theta) for x in X]
        longest = max(np.hypot.reduce(np.append(x, 1)) for x in X)
        assert bound == pytest.approx((longest / min(distances)) ** 2)
        assert NOVIKOFF_BOUND.right(X, t, 7 * w, 7 * b) == pytest.approx(bound)
        updates = sum(mistake for *_, mistake in walk(X.tolist(), t.tolist(), 1, 500))
        assert 0 < updates <= bound
        assert set(t) == {-1, 1}


# ---------------------------------------------------------------------------- what can go wrong


@pytest.mark.parametrize(
    "answer", [7.0, None, [1, 2, 3, 4], "w, b", iter([]), (n for n in iter(int, 1))]
)
def test_an_answer_that_is_no_pair_is_told_without_an_end(answer):
    """The last of these never ends."""
    fault = PERCEPTRON_UPDATE.split(answer, (np.ones(2), 1.0))
    assert fault.kind == "wrong shape" and "return w, b?" in fault.look
