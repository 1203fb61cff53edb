"""Problem set 2: the numbers in its text are true, its figure shows what it is drawn for."""

import re

import numpy as np
import pytest

from bpkit.checks.gradients import two_layer_numbers
from tests.exercises.harness import SETS, run_source

PS2 = next(ps for ps in SETS if ps.name == "ps2")


@pytest.fixture(scope="module")
def functions():
    return run_source(PS2)[0]


@pytest.fixture(scope="module")
def small_network():
    """The network of task 7: w, b, x and y."""
    w = [None, None, np.zeros((3, 3)), np.array([[2.0, -2.0, 0.0]])]
    return w, [None, None, np.zeros(3), np.zeros(1)], np.array([1.0, 2.0, 3.0]), 1.0


# ---------------------------------------------------------------------------------- two layers


@pytest.mark.parametrize("variant", [0, 1, 5, 40_001])
def test_the_notebook_draws_its_numbers_as_the_check_does(variant):
    names = {"np": np, "variant": variant}
    exec(PS2.text("two-layers-numbers"), names)
    numbers = two_layer_numbers(np.random.default_rng(variant))
    assert numbers == {name: names[name] for name in ("x", "w2", "w3", "y")}


def test_students_get_many_different_numbers():
    drawn = {tuple(two_layer_numbers(np.random.default_rng(v)).values()) for v in range(1000)}
    assert len(drawn) > 150


def test_by_hand_two_layers():
    names = {"x": 1, "w2": 3, "w3": 1, "y": 80}
    exec(PS2.text("two-layers"), names)
    assert (names["upper_slope"], names["lower_slope"]) == (162, 108)
    told = PS2.text("task-two-layers")
    assert r"(81 - 80) \cdot 18 \cdot 9 = 162" in told
    assert r"(81 - 80) \cdot 18 \cdot 1 \cdot 6 \cdot 1 = 108" in told
    assert "$z^2 = 3$, $a^2 = 9$, $z^3 = 9$, $a^3 = 81$" in told


# ------------------------------------------------------------------------------ measured slopes


def test_by_hand_differences(functions):
    f, theta = (lambda t: t[0] ** 2 * t[1]), np.array([3.0, 1.0])
    assert f(theta) == 9
    values = [f(theta + np.array(step)) for step in ((0.5, 0), (-0.5, 0), (0, 0.5), (0, -0.5))]
    assert values == [12.25, 6.25, 13.5, 4.5]
    assert functions["one_sided_gradient"](f, theta, 0.5).tolist() == [6.5, 9]
    assert functions["two_sided_gradient"](f, theta, 0.5).tolist() == [6, 9]
    told = PS2.text("task-differences")
    assert "$12.25$ or $6.25$" in told and "$13.5$ or $4.5$" in told
    assert "One-sided: $(6.5, 9)$. Two-sided: $(6, 9)$" in told


def test_by_hand_unroll(functions):
    w, b = functions["roll"](np.arange(1.0, 10), [2, 2, 1])
    assert w[2].tolist() == [[1, 2], [3, 4]] and b[2].tolist() == [5, 6]
    assert w[3].tolist() == [[7, 8]] and b[3].tolist() == [9]
    assert functions["unroll"](w, b).tolist() == list(range(1, 10))
    assert r"1 & 2 \\ 3 & 4" in PS2.text("task-unroll")
    assert "7 & 8" in PS2.text("task-unroll")


def test_by_hand_checked_descent(functions):
    path = []

    def right(theta):
        path.append(theta.item())
        return theta

    theta, evaluations = functions["checked_descent"](right, lambda t: t, np.array([8.0]), 0.5, 3)
    assert path == [8, 8, 4, 2] and theta.tolist() == [1] and evaluations == 2
    theta, evaluations = functions["checked_descent"](
        lambda t: 2 * t, lambda t: t, np.array([8.0]), 0.5, 3
    )
    assert theta.tolist() == [8] and evaluations == 2
    told = PS2.text("task-checked-descent")
    assert "$4$, $2$, $1$; returned are $(1)$ and $2$" in told
    assert "r = |16 - 8| / 16 = 1/2$: returned are $(8)$ and $2$" in told


def test_what_the_text_says_measure_would_be_is_accepted(functions):
    names = {**functions, "cost": lambda t: (t**2).sum() / 2}
    measure = eval("lambda theta: two_sided_gradient(cost, theta, 1e-5)", names)
    assert "`lambda theta: two_sided_gradient(cost, theta, 1e-5)`" in PS2.text(
        "task-checked-descent"
    )
    theta, _ = functions["checked_descent"](lambda t: t, measure, np.array([8.0, -2.0]), 0.5, 3)
    assert theta.tolist() == [1, -0.25]


def test_by_hand_complex_step(functions):
    def cube(theta):
        return theta[0] * theta[0] * theta[0]

    assert cube(np.array([2 + 1j])) == 2 + 11j
    slope = functions["complex_step_gradient"]
    assert slope(cube, np.array([2.0]), 1.0) == [11] and slope(cube, np.array([2.0]), 1e-30) == [12]
    assert r"(2 + i)(2 + i)(2 + i) = 2 + 11\,i" in PS2.text("task-challenge")


# ----------------------------------------------------------------------------------- the figure


def lines_of(variant):
    names, [figure] = run_source(PS2, variant)
    [axes] = figure.axes
    assert axes.get_xscale() == axes.get_yscale() == "log" and axes.get_legend()
    return names["k"], {line.get_label(): line.get_data() for line in axes.lines}


@pytest.mark.parametrize("variant", [0, 1, 4])
def test_the_figure_shows_both_orders_both_precisions_and_the_best_steps_of_the_rubric(variant):
    k, lines = lines_of(variant)
    expected = {
        "one-sided, float64": (1, 2.1e-8 / k, 1e-8),
        "two-sided, float64": (2, 6.9e-6 / k, 1e-11),
        "one-sided, float32": (1, 4.9e-4 / k, 1e-4),
        "two-sided, float32": (2, 5.6e-3 / k, 1e-5),
    }
    assert lines.keys() == expected.keys()
    for label, (order, best, smallest) in expected.items():
        steps, errors = lines[label]
        long = (steps > 20 * best) & (steps < 0.2 / k)
        if long.sum() > 2:
            climb = np.polyfit(np.log(steps[long]), np.log(errors[long]), 1)[0]
            assert abs(climb - order) < 0.1, label
        assert best / 10 < steps[errors.argmin()] < best * 10, label
        assert smallest / 10 < errors.min() < smallest * 10, label
        rounding = errors[steps < best / 100]
        assert np.median(rounding) > 10 * errors.min(), label


def test_the_best_steps_of_the_rubric_are_those_of_the_lecture():
    """(C-6) and (C-8) for f = exp(k x): f'' = k k f and f''' = k k k f."""
    for eps, one, two in ((2.0**-52, 2.1e-8, 6.9e-6), (2.0**-23, 4.9e-4, 5.6e-3)):
        assert np.sqrt(2 * eps) == pytest.approx(one, rel=0.02)
        assert np.cbrt(3 * eps / 2) == pytest.approx(two, rel=0.02)
    assert "sqrt(2 eps) / k" in PS2.text("step-figure")
    assert "cbrt(3 eps / 2) / k" in PS2.text("step-figure")


def test_the_given_function_keeps_to_the_precision_that_it_is_given(functions):
    f, at, k = (functions[name] for name in ("f", "at", "k"))
    assert f(np.float32(at)).dtype == np.float32 and f(np.float64(at)).dtype == np.float64
    step = f(at + 1e-30j).imag / 1e-30
    assert functions["k"] == k and step == pytest.approx(k * np.exp(k * at), rel=1e-14)


# ------------------------------------------------------------------------------ the chain rule


def test_by_hand_paths(functions):
    slopes = [np.array(D) for D in ([[2.0], [3.0]], [[1.0, -1.0], [4.0, 0.0]], [[5.0, 1.0]])]
    assert functions["sum_over_paths"](slopes) == (3, 8)
    assert functions["factored"](slopes) == (3, 6)
    told = PS2.text("task-paths")
    assert r"2\cdot1\cdot5 + 2\cdot4\cdot1 + 3\cdot(-1)\cdot5 + 3\cdot0\cdot1 = 3" in told
    assert r"1\cdot5 + 4\cdot1 = 9" in told and r"-1\cdot5 + 0\cdot1 = -5" in told
    assert r"2\cdot9 + 3\cdot(-5) = 3" in told
    assert 2 * 5 + 2 * 4 - 3 * 5 == 2 * 9 - 3 * 5 == 3


def test_counted_and_timed_the_paths_explode(capsys):
    run_source(PS2)
    row = r"layers, .*= +(\S+), +(\d+) multiplications, +(\S+) ms"
    values, counts, times = zip(*re.findall(row, capsys.readouterr().out))
    assert list(map(int, counts)) == [32, 20, 1024, 52, 24576, 84]
    assert values[::2] == values[1::2]
    assert float(times[4]) > 20 * float(times[5])


def test_by_hand_edges(functions, small_network):
    gradient = functions["edge_gradient"]
    assert gradient(*small_network, 3, 0, 0) == -1 / 16
    assert gradient(*small_network, 2, 0, 1) == -1 / 8
    told = PS2.text("task-edge-gradient")
    assert "$w^3_{11}$ gets" in told and "= -1/16$" in told
    assert "$w^2_{12}$ gets" in told and "= -1/8$" in told


def test_of_the_slides_lines_the_third_alone_is_wrong(functions):
    rng = np.random.default_rng(2)
    w = [None, None, rng.normal(size=(3, 3)), rng.normal(size=(1, 3))]
    b, x, y = [None, None, rng.normal(size=3), rng.normal(size=1)], rng.normal(size=3), 0.3
    sigma, h = functions["sigma"], 1e-30
    z2 = w[2] @ x + b[2]
    z3 = w[3][0] @ sigma(z2) + b[3][0]
    a3 = sigma(z3)
    assert ((a3 + 1j * h - y) ** 2 / 2).imag / h == pytest.approx(a3 - y)
    assert sigma(z3 + 1j * h).imag / h == pytest.approx(a3 * (1 - a3))
    w[3] = w[3] + 1j * h * np.array([[1, 0, 0]])
    third = (w[3][0] @ sigma(z2) + b[3][0]).imag / h
    w[3] = w[3].real
    assert third != pytest.approx(z2[0])
    assert third == pytest.approx(functions["repaired_line"](w, b, x, y))
    product = (a3 - y) * a3 * (1 - a3) * third
    assert product == pytest.approx(functions["edge_gradient"](w, b, x, y, 3, 0, 0))
    stated = PS2.text("task-slide")
    assert r"w^2_{11} x_1 + w^2_{12} x_2 + w^2_{13} x_3 + b^2_1" in stated
    assert r"a^3_1 - y" in stated and r"a^3_1\,(1 - a^3_1)" in stated


def test_by_hand_slide(functions, small_network):
    w, b, x, _ = small_network
    assert w[2][0] @ x + b[2][0] == 0 and functions["repaired_line"](*small_network) == 1 / 2
    assert "line 4 as it stands says $0$. There it was $-1/16$" in PS2.text("task-slide")


def test_by_hand_tensor(functions):
    tensor = functions["weight_tensor"](np.array([5.0, 7.0]), 2)
    assert tensor.tolist() == [[[5, 7], [0, 0]], [[0, 0], [5, 7]]]
    told = PS2.text("task-tensor")
    assert r"5 & 7 \\ 0 & 0" in told and r"0 & 0 \\ 5 & 7" in told


def test_the_numbers_of_the_written_answer(functions):
    tensor = functions["weight_tensor"](np.ones(784), 100)
    assert tensor.size == 7_840_000 and np.count_nonzero(tensor) == 78_400
    delta = np.random.default_rng(0).normal(size=100)
    contracted = np.einsum("i,ijk->jk", delta, tensor)
    np.testing.assert_allclose(contracted, np.outer(delta, np.ones(784)))
    told = PS2.text("explain")
    assert r"7\,840\,000" in told and r"78\,400" in told and "884" in told


def test_by_hand_seven_neurons(functions):
    w, x, t = np.array([1, -1, 0.5, 1, -0.5, 2, 1, -1]), np.array([1, 0.5]), -1
    z = functions["seven_forward"](w, x)
    delta, dw = functions["seven_backward"](w, x, z, t)
    assert z[:2].tolist() == [0.5, 0.25] and f"{z[4]:.4f}" == "0.1787"
    assert delta[4] == 1 and f"{delta[2]:.4f}" == "0.8135" and f"{dw[3]:.4f}" == "0.3760"
    told = PS2.text("task-seven-neurons")
    assert "$z_7 = 0.1787$" in told and "= 0.8135$" in told and "= 0.3760$" in told
    assert "$w = (1, -1, 0.5, 1, -0.5, 2, 1, -1)$, $x = (1, 0.5)$, $t = -1$" in told
