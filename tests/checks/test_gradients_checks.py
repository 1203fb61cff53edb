"""The tasks of problem set 2: right formulas against oracles of their own, and the instances."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import sympy

from bpkit.checks.compare import TOLERANCE
from bpkit.checks.gradients import (
    CHECKED_DESCENT,
    COMPLEX_STEP_GRADIENT,
    EDGE_GRADIENT,
    EDGES,
    FACTORED,
    LOWER_SLOPE,
    ONE_SIDED_GRADIENT,
    REPAIRED_LINE,
    ROLL,
    SEVEN_BACKWARD,
    SEVEN_FORWARD,
    SUM_OVER_PATHS,
    THRESHOLD,
    TWO_SIDED_GRADIENT,
    UNROLL,
    UPPER_SLOPE,
    WEIGHT_TENSOR,
)

H = 1e-30
SEEDS = range(20)


def instances(task, seeds=SEEDS):
    return [args for seed in seeds for args in task.draw(np.random.default_rng(seed))]


def slope(f, at):
    """f'(at), by a complex step."""
    return np.imag(f(at + 1j * H)) / H


def entries(array):
    """The places of an array, each with a copy of it that has 1 there and 0 elsewhere."""
    for place in np.ndindex(array.shape):
        unit = np.zeros(array.shape)
        unit[place] = 1
        yield place, unit


# --------------------------------------------------------------------------------- two layers


def two_layers(x, w2, w3, y):
    return ((w3 * (w2 * x) ** 2) ** 2 - y) ** 2 / 2


@pytest.mark.parametrize("args", instances(UPPER_SLOPE, range(5)))
def test_two_layers_by_hand(args):
    x, w2, w3, y = args.values()
    upper = slope(lambda w: two_layers(x, w2, w, y), w3)
    lower = slope(lambda w: two_layers(x, w, w3, y), w2)
    assert UPPER_SLOPE.right(*args.values()) == pytest.approx(upper, rel=1e-14)
    assert LOWER_SLOPE.right(*args.values()) == pytest.approx(lower, rel=1e-14)


def test_the_numbers_stay_small_enough_for_a_pencil():
    for args in instances(LOWER_SLOPE, range(200)):
        assert 0 < abs(LOWER_SLOPE.right(*args.values())) < 10_000 and abs(args["y"]) < 200


# ------------------------------------------------------------------------------ measured slopes

THETA, STEP = (Fraction(3, 4), Fraction(-5, 8), Fraction(1, 2)), Fraction(1, 4)


def polynomial(theta):
    return theta[0] * theta[0] * theta[1] + theta[2] * theta[2] * theta[2] - 2 * theta[1] + 1


def exact_quotients(difference):
    """Difference quotients of the polynomial in fractions or symbols, nothing rounded."""
    rows = (
        [t + s * (i == n) for n, t in enumerate(THETA)] for i in range(3) for s in (STEP, -STEP)
    )
    values = [polynomial(row) for row in rows]
    return [float(difference(up, down)) for up, down in zip(values[::2], values[1::2])]


def floats(function):
    return function(polynomial, np.array(THETA, dtype=float), float(STEP))


def test_one_sided_against_fractions():
    expected = exact_quotients(lambda up, down: (up - polynomial(THETA)) / STEP)
    np.testing.assert_allclose(floats(ONE_SIDED_GRADIENT.right), expected, rtol=1e-14)


def test_two_sided_against_fractions():
    expected = exact_quotients(lambda up, down: (up - down) / (2 * STEP))
    np.testing.assert_allclose(floats(TWO_SIDED_GRADIENT.right), expected, rtol=1e-14)


def test_complex_step_against_symbols():
    numbers = [sympy.Rational(t.numerator, t.denominator) for t in THETA]
    h = sympy.Rational(1, 4)
    expected = []
    for i in range(3):
        moved = [t + sympy.I * h * int(i == n) for n, t in enumerate(numbers)]
        expected.append(float(sympy.im(sympy.expand(polynomial(moved))) / h))
    np.testing.assert_allclose(floats(COMPLEX_STEP_GRADIENT.right), expected, rtol=1e-14)


def test_each_way_to_measure_has_its_own_value_at_the_steps_of_the_check():
    """So that none of them passes for another, nor for the true slope."""
    for args in instances(TWO_SIDED_GRADIENT):
        f, theta, h = args.values()
        ways = [t.right(f, theta, h) for t in (ONE_SIDED_GRADIENT, TWO_SIDED_GRADIENT)]
        ways.append(COMPLEX_STEP_GRADIENT.right(f, theta, h))
        ways.append(COMPLEX_STEP_GRADIENT.right(f, theta, H))
        for n, ours in enumerate(ways):
            for theirs in ways[:n]:
                assert np.linalg.norm(ours - theirs) > 20 * TOLERANCE * np.linalg.norm(ours)


def test_a_parameter_that_is_moved_and_put_back_is_what_it_was_also_in_float32():
    for args in instances(TWO_SIDED_GRADIENT):
        theta, h = args["theta"], args["h"]
        moved = theta.copy()
        moved += h
        moved -= 2 * h
        moved += h
        assert np.array_equal(moved, theta)
        assert np.array_equal(theta.astype(np.float32), theta) and len(set(theta)) == len(theta) > 2


def test_costs_take_lists_and_lower_precision():
    f, theta, _ = instances(ONE_SIDED_GRADIENT)[0].values()
    assert f(list(theta)) == f(theta) == f(theta.astype(np.float32))


# -------------------------------------------------------------------------- unrolling and rolling


def numbered(sizes):
    """Lists w and b whose entries are 0, 1, 2, ... in the order that is agreed."""
    w, b, n = [None, None], [None, None], 0
    for below, here in pairwise(sizes):
        w.append(np.zeros((here, below)))
        b.append(np.zeros(here))
        for j in range(here):
            for k in range(below):
                w[-1][j, k], n = n, n + 1
        for j in range(here):
            b[-1][j], n = n, n + 1
    return w, b, np.arange(float(n))


@pytest.mark.parametrize("sizes", [[2, 2, 1], [3, 1], [2, 5, 4, 3], [1, 1, 1]])
def test_unroll_and_roll_keep_to_the_order(sizes):
    w, b, theta = numbered(sizes)
    assert np.array_equal(UNROLL.right(w, b), theta)
    for ours, theirs in zip(ROLL.right(theta, sizes), (w, b)):
        assert ours[:2] == [None, None] and len(ours) == len(theirs)
        assert all(np.array_equal(x, y) for x, y in zip(ours[2:], theirs[2:]))


def test_rolled_networks_are_rectangular_and_square_shallow_and_deep():
    sizes = [args["sizes"] for args in ROLL.draw(np.random.default_rng(0))]
    assert {len(s) for s in sizes} == {3, 4}
    assert any(len(set(s)) == len(s) for s in sizes) and any(len(set(s)) == 1 for s in sizes)


# --------------------------------------------------------------------------- check, then descend


def counted(function):
    def counting(theta):
        counting.calls += 1
        return function(theta)

    counting.calls = 0
    return counting


def test_descent_follows_a_right_gradient_and_measures_once():
    gradient, measure = counted(lambda theta: theta), counted(lambda theta: theta * (1 + 1e-9))
    theta, evaluations = CHECKED_DESCENT.right(gradient, measure, np.array([8.0, -4.0]), 0.5, 3)
    assert np.array_equal(theta, [1, -0.5]) and evaluations == 4
    assert (gradient.calls, measure.calls) == (4, 1)


@pytest.mark.parametrize("wrong", [2, -1, 1.0001, 0], ids=str)
def test_descent_refuses_a_wrong_gradient_whatever_the_unit_of_the_cost(wrong):
    for unit in (1e-9, 1, 1e9):
        gradient, measure = (lambda t, u=unit: u * wrong * t), counted(lambda t, u=unit: u * t)
        theta, evaluations = CHECKED_DESCENT.right(
            gradient, measure, np.array([8.0]), 0.5 / unit, 3
        )
        assert theta == [8] and evaluations == 2 and measure.calls == 1


def test_drawn_gradients_are_clearly_right_or_clearly_wrong_and_both_occur():
    for seed in SEEDS:
        errors = []
        for args in CHECKED_DESCENT.draw(np.random.default_rng(seed)):
            g, g_hat = args["gradient"](args["theta"]), args["measure"](args["theta"])
            errors.append(np.linalg.norm(g - g_hat) / np.linalg.norm(g))
            assert args["steps"] > 1
            moved = args["eta"] * np.linalg.norm(g)
            assert moved > 1000 * TOLERANCE * np.linalg.norm(args["theta"])
        right = [error < THRESHOLD / 100 for error in errors]
        assert all(error > 0.1 for error, ok in zip(errors, right) if not ok)
        assert right.count(True) == 2 and right.count(False) == 3


# --------------------------------------------------------------------------------- paths, factored


class Counted(float):
    """A number that counts how often two of its kind are multiplied."""

    count = 0

    def __mul__(self, other):
        Counted.count += 1
        return Counted(float(self) * float(other))

    def __add__(self, other):
        return Counted(float(self) + float(other))

    __radd__ = __add__


@pytest.mark.parametrize("args", instances(FACTORED, range(5)))
def test_both_ways_give_the_product_of_the_matrices(args):
    [slopes] = args.values()
    product = slopes[-1]
    for D in slopes[-2::-1]:
        product = product @ D
    for task in SUM_OVER_PATHS, FACTORED:
        np.testing.assert_allclose(task.right(slopes)[0], product.item(), rtol=1e-12)


def test_multiplications_are_those_of_a_number_that_counts_them():
    for args in instances(FACTORED, range(5)):
        [slopes] = args.values()
        counting = [np.array([list(map(Counted, row)) for row in D], dtype=object) for D in slopes]
        Counted.count, back = 0, counting[-1][0]
        for D in counting[-2::-1]:
            back = D.T.dot(back)
        assert Counted.count == FACTORED.right(slopes)[1]

        def walk(n, j, so_far, counting=counting):
            if n == len(counting):
                return
            for k, row in enumerate(counting[n]):
                walk(n + 1, k, [*so_far, row[j]])
            if n == len(counting) - 1:
                term = so_far[0]
                for factor in [*so_far[1:], row[j]]:
                    term = term * factor

        Counted.count = 0
        walk(0, 0, [])
        assert Counted.count == SUM_OVER_PATHS.right(slopes)[1]


def test_from_the_input_up_takes_another_number_of_multiplications():
    for args in instances(FACTORED):
        [slopes] = args.values()
        upwards = sum(D.size for D in slopes[1:])
        sides = slopes[0].size, slopes[-1].size
        assert (upwards == FACTORED.right(slopes)[1]) == (sides[0] == sides[1])
    assert any(args["slopes"][0].size != args["slopes"][-1].size for args in instances(FACTORED))


# ------------------------------------------------------------------------------ the 3-3-1 network


def sigma(z):
    return 1 / (1 + np.exp(-z))


def cost_331(w2, w3, b, x, y):
    hidden = [sigma(sum(w2[j, k] * x[k] for k in range(3)) + b[2][j]) for j in range(3)]
    return (sigma(sum(w3[0, j] * hidden[j] for j in range(3)) + b[3][0]) - y) ** 2 / 2


@pytest.mark.parametrize("args", instances(EDGE_GRADIENT, range(5)))
def test_one_edge_against_a_complex_step(args):
    w, b, x, y, l, j, k = args.values()
    unit = np.zeros(w[l].shape)
    unit[j, k] = 1

    def cost(step):
        return cost_331(w[2] + step * unit * (l == 2), w[3] + step * unit * (l == 3), b, x, y)

    right = EDGE_GRADIENT.right(*args.values())
    np.testing.assert_allclose(right, slope(cost, 0.0), rtol=1e-12)


@pytest.mark.parametrize("args", instances(REPAIRED_LINE, range(5)))
def test_the_repaired_line_is_the_slope_of_the_outputs_z(args):
    w, b, x, _ = args.values()

    def z3(w3_11):
        hidden = sigma(w[2] @ x + b[2])
        return w3_11 * hidden[0] + w[3][0, 1:] @ hidden[1:] + b[3][0]

    np.testing.assert_allclose(REPAIRED_LINE.right(*args.values()), slope(z3, w[3][0, 0]))


def test_edges_are_of_both_layers_and_off_the_diagonal():
    for seed in SEEDS:
        edges = [(a["l"], a["j"], a["k"]) for a in EDGE_GRADIENT.draw(np.random.default_rng(seed))]
        assert {l for l, _, _ in edges} == {2, 3}
        assert all(j != k for l, j, k in edges if l == 2)
        assert all(j == 0 for l, j, k in edges if l == 3)
        assert any(k != 0 for l, j, k in edges if l == 3)


# -------------------------------------------------------------------------------------- the tensor


@pytest.mark.parametrize("args", instances(WEIGHT_TENSOR, range(3)))
def test_the_tensor_says_what_z_does_when_one_weight_moves(args):
    a, d = args.values()
    tensor = WEIGHT_TENSOR.right(a, d)
    assert tensor.shape == (d, d, len(a))
    for (j, k), unit in entries(np.zeros((d, len(a)))):
        assert np.array_equal(tensor[:, j, k], unit @ a)


# ------------------------------------------------------------------------------------ seven neurons


def seven(w, x, t, nudges=(0,) * 5):
    """z_3 to z_7 and the cost, a number being added to each z."""
    a, z = {1: x[0], 2: x[1]}, {}
    for neuron, nudge in zip(range(3, 8), nudges):
        z[neuron] = sum(w_ij * a[i] for w_ij, (i, j) in zip(w, EDGES) if j == neuron) + nudge
        a[neuron] = np.tanh(z[neuron])
    cost = -z[7] * t if np.real(z[7]) * t < 0 else 0 * z[7]
    return np.array([z[j] for j in range(3, 8)]), cost


@pytest.mark.parametrize("args", instances(SEVEN_FORWARD, range(5)))
def test_seven_neurons_forward(args):
    w, x = args.values()
    np.testing.assert_allclose(SEVEN_FORWARD.right(w, x), seven(w, x, 1)[0], rtol=1e-14)


@pytest.mark.parametrize("args", instances(SEVEN_BACKWARD, range(5)))
def test_seven_neurons_backward_against_a_complex_step(args):
    w, x, z, t = args.values()
    np.testing.assert_allclose(z, seven(w, x, t)[0], rtol=1e-14)
    delta, dw = SEVEN_BACKWARD.right(w, x, z, t)
    nudged = [slope(lambda s, u=u: seven(w, x, t, s * u)[1], 0.0) for _, u in entries(z)]
    moved = [slope(lambda s, u=u: seven(w + s * u, x, t)[1], 0.0) for _, u in entries(w)]
    np.testing.assert_allclose(delta, nudged, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(dw, moved, rtol=1e-12, atol=1e-300)


def test_mistakes_are_drawn_and_one_right_answer_without_slopes():
    for seed in SEEDS:
        drawn = SEVEN_BACKWARD.draw(np.random.default_rng(seed))
        right = [args["z"][4] * args["t"] > 0 for args in drawn]
        assert right == [False, False, False, True]
        assert not any(part.any() for part in SEVEN_BACKWARD.right(*drawn[-1].values()))
    targets = {args["t"] for args in instances(SEVEN_BACKWARD) if args["z"][4] * args["t"] < 0}
    assert targets == {-1, 1}
