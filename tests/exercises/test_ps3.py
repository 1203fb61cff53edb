"""Problem set 3 from end to end, without a kernel: who gets which marks, and is the text right?

The cells run by ``exec`` in one namespace, in the notebook's order, as a kernel would run them; the
test cells are those of the source, with their hidden tests.
"""

import json
import re
import signal
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from bpkit.checks import CheckFailed
from bpkit.demo_answers.right import MATRIX, RIGHT
from bpkit.demo_answers.slips import INLINE_BACKWARD, SLIPS
from bpkit.demo_answers.unfinished import ENDLESS_LOOP, OTHERS

SOURCE = Path(__file__).parents[2] / "solutions" / "ps3" / "backpropagation.ipynb"
NOTEBOOK = json.loads(SOURCE.read_text(encoding="utf-8"))
CELLS = {cell["id"]: cell for cell in NOTEBOOK["cells"]}
STUB = "raise NotImplementedError('Not written yet')"
MARKS = {
    "test-sigmoid": 1,
    "test-sigmoid-prime": 1,
    "test-output-delta-quadratic": 2,
    "test-output-delta-cross-entropy": 1,
    "test-hidden-delta": 2,
    "test-bias-gradient": 1,
    "test-weight-gradient": 2,
    "test-backward": 3,
    "explain": 2,
}


def text(id):
    return "".join(CELLS[id]["source"])


def role(cell):
    return cell["metadata"].get("nbgrader", {})


def released(id):
    """A solution cell as students find it."""
    return re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", STUB, text(id), flags=re.DOTALL)


def run(answers, stop_before=None):
    """Grade answers: the names that the notebook has in the end, and the failed tests."""
    names, failed = {}, {}
    for id, cell in CELLS.items():
        if id == stop_before:
            break
        if cell["cell_type"] != "code" or not role(cell):
            continue
        if id in answers.added:
            exec(answers.added[id], names)
        if role(cell)["solution"]:
            exec(answers.cells.get(id, released(id)), names)
        elif role(cell)["grade"]:
            try:
                exec(text(id), names)
            except CheckFailed as failure:
                failed[id] = str(failure).partition("[")[2].partition("]")[0]
        else:
            exec(text(id), names)
    return names, failed


def over_right_answers(slip):
    return type(slip)(slip.kind, {**MATRIX.cells, **slip.cells}, slip.added, slip.fails)


# ------------------------------------------------------------------------------------------ marks


@pytest.mark.parametrize("answers", RIGHT, ids=lambda answers: answers.kind)
def test_right_answers_get_all_marks_in_any_hand(answers, capsys):
    assert run(answers)[1] == {}
    streams = capsys.readouterr()
    assert streams.err == "" and "put right" not in streams.out


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{slip.kind}-{next(iter(slip.cells))}")
def test_one_slip_costs_the_marks_of_one_task_and_is_named(slip):
    assert len(slip.fails) == 1
    assert run(over_right_answers(slip))[1] == slip.fails


@pytest.mark.parametrize("answers", OTHERS, ids=lambda answers: answers.kind)
def test_unfinished_and_broken_answers_lose_what_they_lack(answers):
    assert run(answers)[1] == answers.fails


def test_the_inline_algorithm_that_slips_are_made_from_is_right():
    answers = type(MATRIX)("inline", {**MATRIX.cells, "backward": INLINE_BACKWARD})
    assert run(answers)[1] == {}


def test_every_slip_is_a_different_text():
    sources = [source for slip in SLIPS for source in slip.cells.values()]
    assert len(set(sources)) == len(sources) and INLINE_BACKWARD not in sources


class OutOfTime(BaseException):
    """Raised by the alarm, as grading's limit would."""


def test_the_endless_loop_does_not_end():
    def alarm(*_):
        raise OutOfTime

    names, failed = run(ENDLESS_LOOP, stop_before="test-backward")
    assert failed == {}
    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(OutOfTime):
            exec(text("test-backward"), names)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --------------------------------------------------------------------------------- the notebook


def test_the_solutions_run_from_top_to_bottom_and_the_figure_shows_the_two_orders(monkeypatch):
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    names = {}
    for id, cell in CELLS.items():
        if cell["cell_type"] == "code":
            exec(text(id), names)
    [figure] = figures
    [axes] = figure.axes
    assert axes.get_xlabel() and axes.get_ylabel() and axes.get_title()
    for line, order in zip(axes.lines, (1, 2)):
        steps, errors = line.get_data()
        large = (steps > 1e-3) & (steps < 0.5)
        slope = np.polyfit(np.log(steps[large]), np.log(errors[large]), 1)[0]
        assert abs(slope - order) < 0.1, line.get_label()
    plt.close(figure)


def test_marks_are_as_announced():
    marks = {role(c)["grade_id"]: role(c)["points"] for c in CELLS.values() if "points" in role(c)}
    assert marks == MARKS
    total = sum(marks.values())
    assert f"**Marks:** {total}; {total - marks['explain']} of them" in text("title")
    tasks = [id for id in CELLS if id.startswith("task-")]
    stated = [int(re.search(r"\((\d) marks?\b", text(id)).group(1)) for id in tasks]
    assert sum(stated) == total and stated[0] == 2 and len(tasks) == 8


def test_the_notebook_is_stored_as_a_source_should_be():
    assert NOTEBOOK["metadata"]["kernelspec"]["name"] == "python3"
    for id, cell in CELLS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", id)
        assert role(cell).get("grade_id", id) == id
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            assert text(id).count("\n") < 20


@pytest.mark.parametrize("id", [id for id in MARKS if id.startswith("test-")])
def test_a_test_cell_is_one_visible_line_and_twenty_hidden_rounds_of_it(id):
    name = id.removeprefix("test-").replace("-", "_")
    assert text(id).splitlines() == [
        f"checks.{name}({name})",
        "### BEGIN HIDDEN TESTS",
        f"checks.{name}({name}, rounds=20)",
        "### END HIDDEN TESTS",
    ]
    assert role(CELLS[id])["locked"] and not role(CELLS[id])["solution"]


def test_what_students_find_says_not_implemented_and_gives_nothing_away():
    solutions = [id for id, c in CELLS.items() if role(c).get("solution") and id != "explain"]
    assert len(solutions) == 7
    for id in solutions:
        assert STUB in released(id) and "SOLUTION" not in released(id)
        for secret in ("@", "np.exp", "sigmoid(z) -", "mean", ".T"):
            assert secret not in released(id)


# ----------------------------------------------------------------- the cases worked out by hand


@pytest.fixture(scope="module")
def functions():
    names = {}
    for id in CELLS:
        if id == "setup" or (role(CELLS[id]).get("solution") and id != "explain"):
            exec(text(id), names)
    return names


LN3 = np.log(3)


def rows(*values):
    return np.array(values, dtype=float)


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
    assert r"\delta^L = -1/4" in text("task-output-delta-cross-entropy")


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
    assert "$(2, 4, -1/2)$" in text("task-bias-gradient")
    dw = functions["weight_gradient"](rows([1, 0, 2], [0, 1, 1]), rows([1, 2], [3, 0]))
    np.testing.assert_allclose(dw, [[1 / 2, 3 / 2, 5 / 2], [1, 0, 2]])
    assert r"1/2 & 3/2 & 5/2 \\ 1 & 0 & 2" in text("task-weight-gradient")


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
