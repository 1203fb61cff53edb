"""What is special in problem set 3: the cases worked out in its text, and its own figures."""

import re
import signal

import numpy as np
import pytest

from bpkit.demo_answers import Answers
from bpkit.demo_answers.right import MATRIX
from bpkit.demo_answers.slips import INLINE_BACKWARD, INPUTS, LAYER_WISE, NEURON, SLIDE, THETA
from bpkit.demo_answers.unfinished import ENDLESS_LOOP
from tests.exercises.harness import SETS, run, run_source

PS3 = next(ps for ps in SETS if ps.name == "ps3")
text = PS3.text


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ("backward", INLINE_BACKWARD),
        ("neuron-by-hand", NEURON),
        ("layer-wise-step", LAYER_WISE),
        ("theta-step", THETA),
        ("slide-output-delta", SLIDE),
        ("input-gradient", INPUTS),
    ],
)
def test_what_slips_are_made_from_is_right_and_no_slip(cell, source):
    assert run(PS3, Answers("pieces", {**MATRIX.cells, cell: source}))[1] == {}
    assert source not in [text for slip in PS3.answers.SLIPS for text in slip.cells.values()]


class OutOfTime(BaseException):
    """Raised by the alarm, as grading's limit would."""


def test_the_endless_loop_does_not_end():
    def alarm(*_):
        raise OutOfTime

    names, failed = run(PS3, ENDLESS_LOOP, stop_before="test-backward")
    assert failed == {}
    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(OutOfTime):
            exec(text("test-backward"), names)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_what_students_find_gives_nothing_away():
    for id in PS3.solutions:
        for secret in ("np.exp", "sigmoid(z) -", "mean(", ".T", "* 2", "2 *"):
            assert secret not in PS3.released(id)
        assert re.findall(r"@|np\.\w+", PS3.released(id)) == []


# -------------------------------------------------------------------------------------- figures


@pytest.fixture(scope="module")
def figures():
    _, figures = run_source(PS3, leave_out=PS3.tests)
    return figures


def test_the_experiment_shows_the_two_orders(capsys):
    names, _ = run_source(PS3, leave_out=PS3.tests)
    rows = re.findall(r"(1e-\d+) +(\S+) +(\S+)\n", capsys.readouterr().out)
    _, one_sided, two_sided = np.array(rows, dtype=float).T
    shrinking = -np.diff(np.log10([one_sided, two_sided])) / 2
    np.testing.assert_allclose(shrinking[:, 0], [1, 2], atol=0.1)  # from 1e-1 to 1e-3
    assert one_sided[-1] > one_sided[3] and two_sided[-1] > two_sided[2]  # rounding takes over
    C = names["cost_with_first_weight_moved"]
    np.testing.assert_allclose(abs((C(0.1) - C(0)) / 0.1 - names["mine"]), one_sided[0], rtol=0.05)


def test_the_students_figure_has_two_named_curves_and_the_pass_wins(figures):
    [axes] = figures[0].axes
    loop, once = (line.get_ydata() for line in axes.lines)
    assert [line.get_label() for line in axes.lines] == ["a loop over the examples", "one pass"]
    assert axes.get_legend() and axes.get_xscale() == axes.get_yscale() == "log"
    assert loop[-1] > 5 * once[-1] > 0


def test_the_loop_of_the_solution_is_the_mean(figures):
    names, _ = run_source(PS3, leave_out=PS3.tests)
    batch = names["wide_w"], names["wide_b"], names["X_all"][:7], names["Y_all"][:7]
    for looped, at_once in zip(names["loop_backward"](*batch), names["backward"](*batch)):
        for l in (2, 3):
            np.testing.assert_allclose(looped[l], at_once[l], atol=1e-14)


# ----------------------------------------------------------------- the cases worked out by hand


@pytest.fixture(scope="module")
def functions():
    names = {}
    for id in PS3.cells:
        if id == "setup" or (id in PS3.solutions and "def " in text(id) and id != "loop-figure"):
            exec(text(id), names)
    return names


LN3 = np.log(3)


def rows(*values):
    return np.array(values, dtype=float)


def columns(*values):
    return np.array(values, dtype=float)[:, np.newaxis]


def test_by_hand_one_neuron(functions):
    task = text("task-neuron-by-hand")
    a_2, z = rows(0.2, 0.3, 0.4, 0.8), -0.5
    assert np.isclose(rows(1, -3, 1, 1) @ a_2 - 1, z) and "$a^2 = (0.2, 0.3, 0.4, 0.8)$" in task
    products = re.search(r"z\^3_2 = (0\.2 - 0\.9 \+ 0\.4 \+ 0\.8 - 1) = -0\.5", task)
    assert products and np.isclose(eval(products[1]), z)
    delta = functions["output_delta_quadratic"](rows([z]), rows([1])).item()
    assert f"{functions['sigmoid'](z):.3f}" == "0.378" and "$a^3_2 = 0.378$" in task
    assert f"{delta:.3f}" == "-0.146" and "0.622 = -0.146$" in task


def test_by_hand_sigmoid(functions):
    z = rows([0, LN3])
    np.testing.assert_allclose(functions["sigmoid"](z), [[1 / 2, 3 / 4]])
    np.testing.assert_allclose(functions["sigmoid_prime"](z), [[1 / 4, 3 / 16]])
    for stated in (r"\sigma(0) = 1/2", r"\sigma'(0) = 1/4", r"\sigma = 3/4", r"\sigma' = 3/16"):
        assert stated in text("task-sigmoid")


def test_by_hand_output_deltas(functions):
    delta = functions["output_delta_quadratic"](rows([0, LN3]), rows([1, 0]))
    np.testing.assert_allclose(delta, [[-1 / 8, 9 / 64]])
    assert r"\delta^L = (-1/8, 9/64)" in text("task-output-delta-quadratic")
    delta = functions["output_delta_cross_entropy"](rows([LN3]), rows([1]))
    np.testing.assert_allclose(delta, [[-1 / 4]])
    assert r"\delta^L = -1/4" in text("cross-entropy")


def test_by_hand_hidden_delta(functions):
    w_next = rows([2, 1], [1, 0], [0, 5])
    delta = functions["hidden_delta"](w_next, rows([1, 2, -1]), rows([0, LN3]))
    np.testing.assert_allclose(delta, [[1, -3 / 4]])
    assert r"\delta^l = (1, -3/4)" in text("task-hidden-delta")
    assert r"2 & 1 \\ 1 & 0 \\ 0 & 5" in text("task-hidden-delta")


def test_by_hand_gradients(functions):
    np.testing.assert_allclose(
        functions["bias_gradient"](rows([1, 2, 0], [3, 6, -1])), [2, 4, -0.5]
    )
    assert "$(2, 4, -1/2)$" in text("task-gradients")
    dw = functions["weight_gradient"](rows([1, 0, 2], [0, 1, 1]), rows([1, 2], [3, 0]))
    np.testing.assert_allclose(dw, [[1 / 2, 3 / 2, 5 / 2], [1, 0, 2]])
    assert r"1/2 & 3/2 & 5/2 \\ 1 & 0 & 2" in text("gradient-of-weights")


def test_by_hand_backward(functions):
    w, b = [None, None, rows([1]), rows([2])], [None, None, rows(-1), rows(-1)]
    dw, db = functions["backward"](w, b, rows([1]), rows([1]))
    assert [dw[2].item(), dw[3].item()] == [-1 / 16, -1 / 16]
    assert [db[2].item(), db[3].item()] == [-1 / 16, -1 / 8]
    table = text("task-backward")
    assert "= -1/16$ | $-1/16$ | $-1/16$ |" in table and "$-1/8$ | $-1/8$ | $-1/16$ |" in table


def test_by_hand_why_cross_entropy(functions):
    z, y = rows([8]), rows([0])
    quadratic = functions["output_delta_quadratic"](z, y).item()
    cross_entropy = functions["output_delta_cross_entropy"](z, y).item()
    assert f"{cross_entropy:.5f}" == "0.99966" and f"{quadratic:.2e}" == "3.35e-04"
    assert 2900 < cross_entropy / quadratic < 3100
    assert "0.99966" in text("explain") and r"3.35\cdot 10^{-4}" in text("explain")


def test_by_hand_other_letters(functions):
    W = rows([2, 1, 0], [1, 0, 5])
    below, ours = functions["layer_wise_step"](W, columns(0, LN3, 0), columns(4, 32 / 3, -4))
    np.testing.assert_allclose(below, [[4], [-4]])
    np.testing.assert_allclose(ours, [[1, 2, -1]])
    task = text("task-other-letters")
    for stated in (r"2 & 1 & 0 \\ 1 & 0 & 5", "(4, 32/3, -4)", "$(1, 2, -1)$", "$(4, -4)$"):
        assert stated in task

    theta = rows([1, 2, 1], [1, 1, 0], [2, 0, 5])
    np.testing.assert_array_equal(theta[:, 1:], W.T)
    delta, dtheta = functions["theta_step"](theta, rows([1 / 2, 3 / 4]), rows([1, 2, -1]))
    np.testing.assert_allclose(delta, [[1, -3 / 4]])
    np.testing.assert_allclose(dtheta, [[1, 1 / 2, 3 / 4], [2, 1, 3 / 2], [-1, -1 / 2, -3 / 4]])
    np.testing.assert_allclose(theta.T @ rows(1, 2, -1), [1, 4, -4])
    for stated in (r"1 & 2 & 1 \\ 1 & 1 & 0 \\ 2 & 0 & 5", "$(1, 4, -4)$", "(1, -3/4)"):
        assert stated in text("theta")
    assert r"1 & 1/2 & 3/4 \\ 2 & 1 & 3/2 \\ -1 & -1/2 & -3/4" in text("theta")


def test_by_hand_the_slide(functions):
    cost = lambda z: (functions["sigmoid"](z) - 1) ** 2
    before, after = cost(LN3 - 0.01), cost(LN3 + 0.01)
    right = functions["slide_output_delta"](rows([LN3]), rows([1])).item()
    assert f"{before:.5f}" == "0.06344" and f"{after:.5f}" == "0.06157"
    assert abs((after - before) / 0.02 - right) < 1e-4 and f"{right:.3f}" == "-0.094"
    of_the_slide = functions["output_delta_quadratic"](rows([LN3]), rows([1])).item()
    assert f"{of_the_slide:.4f}" == "-0.0469"
    for stated in ("0.06344", "0.06157", "$-0.094$", "-0.0469"):
        assert stated in text("task-slide-output-delta")


def test_by_hand_the_inputs(functions):
    w, b = [None, None, rows([1]), rows([2])], [None, None, rows(-1), rows(-1)]
    assert functions["input_gradient"](w, b, rows([1]), rows([1])).item() == -1 / 16
    assert r"\partial C/\partial x = -1/16" in text("task-input-gradient")
