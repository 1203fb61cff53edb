"""The tasks of problem set 5: their right formulas against oracles, and their instances."""

import copy
from itertools import product

import numpy as np
import pytest

from bpkit.checks.training import (
    ADAGRAD_STEP,
    BATCH_WEIGHTS,
    BEST_LAMBDA,
    DECAYED_STEP,
    GATES,
    LEARNING_RATE,
    LOOK_AHEAD,
    MOMENTUM_STEP,
    NESTEROV_STEP,
    ONLINE_WEIGHTS,
    PAIRS,
    PS5,
    SGD_TASK,
    XAVIER_WEIGHTS,
    XOR_OUTPUT,
)

SEEDS = range(100)


def instances_of(task, seeds=SEEDS):
    return [args for seed in seeds for args in task.draw(np.random.default_rng(seed))]


def complex_step(f, x):
    """The gradient of f at x, exact but for rounding."""
    x = np.asarray(x, dtype=float)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[i] += 1e-30j
        gradient[i] = f(moved).imag / 1e-30
    return gradient


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


# ----------------------------------------------------------------------------------- with a pencil


@pytest.mark.parametrize("pair", PAIRS)
def test_xor_output_makes_xor_and_its_threshold_lies_in_the_middle(pair):
    h = np.stack([GATES[name] for name in pair], axis=1)
    *w, b = XOR_OUTPUT.right(h)
    assert {abs(w_k) for w_k in w} == {1}

    def makes_xor(b):
        return [w[0] * h_1 + w[1] * h_2 + b > 0 for h_1, h_2 in h] == [False, True, True, False]

    assert makes_xor(b) and makes_xor(b + 0.49) and makes_xor(b - 0.49)
    assert not makes_xor(b + 0.51) and not makes_xor(b - 0.51)


def test_no_other_weights_of_one_would_do_and_the_lectures_answer_never_does():
    for pair in PAIRS:
        h = np.stack([GATES[name] for name in pair], axis=1)
        fit = [
            w
            for w in product((1, -1), repeat=2)
            if min((h @ w)[1], (h @ w)[2]) > max((h @ w)[0], (h @ w)[3])
        ]
        assert fit == [tuple(XOR_OUTPUT.right(h)[:2])]
        assert list(XOR_OUTPUT.right(h)) != [1, -1, -1 / 2]


def test_the_gates_are_what_they_are_called():
    for name, says in {"or": any, "and": all}.items():
        truth = [says(inputs) for inputs in product((0, 1), repeat=2)]
        assert [bool(value) for value in GATES[name]] == truth
        assert [not value for value in GATES["n" + name]] == truth


def test_online_weights_are_a_step_down_the_cost_of_the_network():
    for args in instances_of(ONLINE_WEIGHTS):
        w_2, w_3, a_2, a_3, gamma = args.values()
        x = np.array([1, 0])
        b_2 = np.log(a_2 / (1 - a_2)) - w_2 @ x
        b_3 = np.log(a_3 / (1 - a_3)) - w_3 @ a_2

        def cost(w, x=x, b_2=b_2, w_3=w_3, b_3=b_3):
            hidden = 1 / (1 + np.exp(-(w @ x + b_2)))
            return (1 / (1 + np.exp(-(w_3 @ hidden + b_3))) - 1) ** 2 / 2

        close(ONLINE_WEIGHTS.right(*args.values()), w_2 - gamma * complex_step(cost, w_2))


def test_batch_weights_are_a_step_down_the_mean_cost():
    for args in instances_of(BATCH_WEIGHTS):
        w, a, delta, gamma = args.values()

        # a mean cost whose slope at z_n is delta_n for every example n
        def cost(w, a=a, delta=delta):
            return sum(delta[n] * (a[n] @ w) for n in range(4)) / 4

        close(BATCH_WEIGHTS.right(*args.values()), w - gamma * complex_step(cost, w))


@pytest.mark.parametrize("task", [ONLINE_WEIGHTS, BATCH_WEIGHTS], ids=lambda task: task.name)
def test_results_by_hand_are_exact_with_four_decimals_and_every_input_counts(task):
    for args in instances_of(task):
        right, old = task.right(*args.values()), next(iter(args.values()))
        np.testing.assert_allclose(right, np.round(right, 4), rtol=0, atol=1e-12)
        moved = np.abs(right - old) > 1e-3
        assert (moved == [[True, False]] * 2).all() if task is ONLINE_WEIGHTS else moved.all()


# -------------------------------------------------------------------------- weights and descent


def test_xavier_weights_have_mean_0_and_xaviers_variance():
    for n_in, n_out in (4, 2), (30, 50), (7, 7):
        cells = n_in * n_out
        u = ((np.arange(cells) + 0.5) / cells).reshape(n_out, n_in)  # midpoints of [0, 1]
        w = XAVIER_WEIGHTS.right(n_in, n_out, u)
        assert w.shape == u.shape and abs(w.mean()) < 1e-12
        # midpoints miss the variance of a box by 1 in cells^2
        np.testing.assert_allclose(w.var(), 2 / (n_in + n_out), rtol=1.1 / cells**2)
        assert np.unique(np.diff(w.ravel()).round(9)).size == 1  # uniform stays uniform


def test_sgd_visits_every_example_once_an_epoch_in_a_fresh_order():
    for N, size, epochs in (7, 3, 3), (4, 1, 2), (5, 5, 2), (6, 2, 1):
        drawn, seen = [], []

        def permutation(n, drawn=drawn):
            drawn.append(np.random.default_rng(len(drawn)).permutation(n))
            return drawn[-1]

        def gradient(theta, rows, seen=seen):
            seen.append(list(rows))
            return theta**2 * np.mean(rows)

        class Copied:
            """A function that a copy shares, so that what is drawn from the copy is seen."""

            __call__ = staticmethod(permutation)
            __deepcopy__ = lambda self, memo: self

        theta, iterations = SGD_TASK.right(
            np.array([0.3, -0.2]), gradient, N, size, 0.1, epochs, Copied()
        )
        expected = np.array([0.3, -0.2])
        for order in drawn:
            for k in range(-(-N // size)):
                expected = expected - 0.1 * expected**2 * order[k * size : (k + 1) * size].mean()
        assert len(drawn) == epochs and iterations == len(seen) == epochs * -(-N // size)
        assert [row for rows in seen for row in rows] == [int(i) for order in drawn for i in order]
        close(theta, expected)


def test_sgd_is_handed_the_gradient_of_a_mean_cost():
    for args in instances_of(SGD_TASK, range(5)):
        gradient, N = args["gradient"], args["N"]
        single = [gradient(args["theta"], np.array([n])) for n in range(N)]
        close(gradient(args["theta"], np.arange(N)), np.mean(single, axis=0))
        bend = gradient(args["theta"] + 1e-3, np.arange(N)) - gradient(args["theta"], np.arange(N))
        assert np.abs(bend).max() > 1e-6  # it depends on theta: when a step is made matters


def test_a_task_leaves_the_permutations_where_they_stand():
    for args in instances_of(SGD_TASK, range(3)):
        ahead = copy.deepcopy(args["permutation"])
        for formula in (SGD_TASK.right, *(slip.wrong for slip in SGD_TASK.slips)):
            formula(*args.values())
        first, second = args["permutation"](9), args["permutation"](9)
        np.testing.assert_array_equal(first, ahead(9))
        np.testing.assert_array_equal(second, ahead(9))
        assert sorted(first) == sorted(second) == list(range(9))
        assert first.tolist() != second.tolist()


def test_the_rate_is_fixed_then_falls_like_one_over_t():
    for args in instances_of(LEARNING_RATE):
        epoch, gamma, d, E = args.values()
        inverse = 1 / gamma  # grows by d / gamma in every epoch after E
        for _ in range(E, epoch):
            inverse += d / gamma
        close(LEARNING_RATE.right(*args.values()), 1 / inverse)


# ----------------------------------------------------------------------------------------- steps


def walk(task, theta, gradients, *settings):
    """The points of a walk that begins at rest; ``gradients`` gives one at a point and a time."""
    state, path = np.zeros_like(theta), [theta]
    for t in range(12):
        theta, state = task.right(theta, state, gradients(theta, t), *settings)
        path.append(theta)
    return np.array(path)


def test_momentum_is_a_fading_sum_of_all_gradients():
    g = np.random.default_rng(0).normal(size=(12, 3))
    path = walk(MOMENTUM_STEP, np.ones(3), lambda theta, t: g[t], 0.3, 0.7)
    for t in range(12):
        step = -0.3 * sum(0.7 ** (t - i) * g[i] for i in range(t + 1))
        close(path[t + 1] - path[t], step)


def test_nesterov_walks_through_the_look_ahead_points():
    def slope(theta):
        return np.sin(theta) + 0.3 * theta

    phi, v, points = np.array([2.0, -1.0]), np.zeros(2), [np.array([2.0, -1.0])]
    for _ in range(12):
        v = 0.6 * v - 0.2 * slope(phi + 0.6 * v)
        phi = phi + v
        points.append(phi + 0.6 * v)
    close(walk(NESTEROV_STEP, points[0], lambda theta, t: slope(theta), 0.2, 0.6), points)
    close(LOOK_AHEAD.right(points[0], slope, 0.2, 0.6, 12), points)


def test_adagrad_divides_each_gradient_by_the_root_of_its_own_sum():
    g = np.random.default_rng(0).normal(size=(12, 3))
    g[:5, 1] = 0  # a parameter that sleeps at first
    path = walk(ADAGRAD_STEP, np.ones(3), lambda theta, t: g[t], 0.3, 1e-8)
    expected = 1 - np.cumsum(0.3 * g / (np.sqrt(np.cumsum(g**2, axis=0)) + 1e-8), axis=0)
    close(path[1:], expected)
    assert (path[:6, 1] == 1).all() and np.isfinite(path).all()


def test_a_decayed_step_goes_down_the_cost_with_its_penalty():
    for args in instances_of(DECAYED_STEP):
        w, b, dw, db, gamma, l2 = args.values()

        # costs whose gradients are dw and db
        def J_of_w(w, dw=dw, l2=l2):
            return (dw * w).sum() + l2 * (w**2).sum()

        new_w, new_b = DECAYED_STEP.right(*args.values())
        close(new_w, w - gamma * complex_step(J_of_w, w))
        close(new_b, b - gamma * db)


# ----------------------------------------------------------------------------------------- folds


def test_the_best_lambda_from_a_table_of_costs():
    folds = [np.array([4, 0]), np.array([2]), np.array([1, 3])]
    table = {0.1: {(0, 4): 3.0, (2,): 1.0, (1, 3): 5.0}, 2.0: {(0, 4): 1.0, (2,): 2.5, (1, 3): 1.0}}

    def cost_on(l2, training, held_out):
        assert sorted([*training, *held_out]) == [0, 1, 2, 3, 4]
        return table[l2][tuple(sorted(held_out))]

    means, best = BEST_LAMBDA.right([0.1, 2.0], folds, cost_on)
    close(means, [3.0, 1.5])
    assert best == 2.0


def test_the_cost_of_a_fold_is_that_of_ridge_regression_on_other_rows():
    for args in instances_of(BEST_LAMBDA, range(5)):
        cost_on, rows = args["cost_on"], args["folds"][0]
        rest = np.concatenate(args["folds"][1:])
        assert cost_on(0.1, rows, rows) < cost_on(1.0, rows, rows)  # decay costs on known rows
        assert cost_on(0.1, rest, rows) != cost_on(0.1, rows, rows)


def test_one_lambda_is_clearly_the_best_and_not_always_the_same():
    places = set()
    for args in instances_of(BEST_LAMBDA):
        means, best = BEST_LAMBDA.right(*args.values())
        least, next_least = np.sort(means)[:2]
        assert next_least > least * (1 + 1e-3)
        places.add(args["lambdas"].index(best))
    assert places == {0, 1, 2}


# ------------------------------------------------------------------------------------- instances


@pytest.mark.parametrize("task", PS5, ids=lambda task: task.name)
def test_no_result_is_zero_as_a_whole(task):
    for args in instances_of(task):
        for leaf in task.leaves(task.right(*args.values())):
            assert np.linalg.norm(leaf) > 1e-3


def test_descents_are_online_in_batches_and_ragged():
    for seed in range(5):
        sizes = [(a["N"], a["batch_size"]) for a in SGD_TASK.draw(np.random.default_rng(seed))]
        assert any(N % size for N, size in sizes)
        assert any(size == 1 for _, size in sizes) and any(size == N for N, size in sizes)


def test_adagrad_meets_a_first_step_and_a_gradient_of_0():
    for seed in range(20):
        instances = ADAGRAD_STEP.draw(np.random.default_rng(seed))
        assert any((args["squares"] == 0).all() for args in instances)
        assert any(
            ((args["squares"] == 0) & (args["gradient"] == 0)).sum() == 1 for args in instances
        )


def test_layers_with_decay_are_rectangular_and_square():
    shapes = [args["w"].shape for args in DECAYED_STEP.draw(np.random.default_rng(0))]
    assert any(m != n for m, n in shapes) and any(m == n for m, n in shapes)
