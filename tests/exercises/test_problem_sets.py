"""Every problem set from end to end, without a kernel: who gets which marks, what does it say?"""

import inspect
import re

import pytest

from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.demo_answers import Answers
from tests.exercises.harness import SETS, STUB, TASKS, VARIANT, brackets, run, run_source, verdict

VARIANTS = 1, 2, 3, 17, 123, 99_999


def of_every_set(kind):
    """One parameter for each of the answers of this kind in all sets."""
    return pytest.mark.parametrize(
        "ps, answers",
        [
            pytest.param(ps, answers, id=f"{ps.name}-{answers.kind}-{'-'.join(answers.fails)}")
            for ps in SETS
            for answers in getattr(ps.answers, kind)
        ],
    )


every_set = pytest.mark.parametrize("ps", SETS, ids=lambda ps: ps.name)


# ------------------------------------------------------------------------------------------ marks


@of_every_set("RIGHT")
def test_right_answers_get_all_marks_in_any_hand(ps, answers, capsys):
    assert run(ps, answers)[1] == {}
    streams = capsys.readouterr()
    assert streams.err == "" and "put right" not in streams.out


@of_every_set("SLIPS")
def test_one_slip_costs_the_marks_of_one_task_and_is_named(ps, answers):
    assert len(answers.fails) == 1 and set(answers.fails.values()) <= MISCONCEPTIONS.keys()
    right = ps.answers.RIGHT[0]
    checked = {id: cell for id, cell in right.cells.items() if id not in ps.read_by_a_person}
    cells, added = {**checked, **answers.cells}, {**right.added, **answers.added}
    assert run(ps, Answers(answers.kind, cells, added))[1] == answers.fails


@of_every_set("OTHERS")
def test_unfinished_and_broken_answers_lose_what_they_lack(ps, answers):
    assert run(ps, answers)[1] == answers.fails


@every_set
def test_answers_come_in_many_hands_and_with_every_slip(ps):
    assert len(ps.answers.RIGHT) >= 5 and "blank" in {a.kind for a in ps.answers.OTHERS}
    sources = [source for slip in ps.answers.SLIPS for source in slip.cells.values()]
    assert len(set(sources)) == len(sources)
    written = {pair for slip in ps.answers.SLIPS for pair in slip.fails.items()}
    known = {
        (f"test-{task.name.replace('_', '-')}", slip.code)
        for task in ps.tasks
        for slip in task.slips
    }
    assert known - written == set(), "slips of tasks that nobody makes in answers.SLIPS"


@every_set
def test_blank_cells_say_that_they_are_still_to_be_written(ps):
    blank = next(a for a in ps.answers.OTHERS if a.kind == "blank")
    assert blank.cells == {}
    assert run(ps, blank)[1] == {id: "not implemented" for id in ps.tests}


@every_set
def test_the_solutions_are_right_whatever_the_numbers(ps):
    hidden = {id for id in ps.tests if "HIDDEN" in ps.text(id)}
    for variant in VARIANTS:
        run_source(ps, variant, leave_out=hidden)


# -------------------------------------------------------------------------------------- the figure


@every_set
def test_figures_have_titles_and_named_axes(ps):
    _, figures = run_source(ps)
    assert figures
    for figure in figures:
        assert figure.get_suptitle() or any(axes.get_title() for axes in figure.axes)
        assert any(axes.get_xlabel() for axes in figure.axes)
        assert any(axes.get_ylabel() for axes in figure.axes)


@every_set
def test_a_person_reads_a_figure_and_a_text_with_a_rubric(ps):
    kinds = sorted(ps.cells[id]["cell_type"] for id in ps.read_by_a_person)
    assert {"code", "markdown"} == set(kinds)
    for id in ps.read_by_a_person:
        assert "Marking" in ps.text(id)
        assert ps.cells[id]["cell_type"] == "markdown" or "Marking" not in ps.released(id)


# -------------------------------------------------------------------------------------- the text


@every_set
def test_marks_are_as_announced(ps):
    total = sum(ps.marks.values())
    checked = sum(ps.marks[id] for id in ps.tests)
    assert 15 <= total <= 20
    announced = re.search(r"\*\*Marks:\*\* (\d+)\b([^\n]*(?:\n  [^\n]*)*)", ps.text("title"))
    assert announced and int(announced[1]) == total and re.search(rf"\b{checked}\b", announced[2])
    for task, ids in ps.sections().items():
        [stated] = re.findall(r"^## .*\((\d+ marks?|no marks)\b", ps.text(task), re.MULTILINE)
        marks = sum(ps.marks.get(id, 0) for id in ids)
        assert stated.split()[0] == (str(marks) if marks else "no"), task


@every_set
def test_the_tasks_are_what_a_problem_set_needs(ps):
    worth = {task: sum(ps.marks.get(id, 0) for id in ids) for task, ids in ps.sections().items()}
    assert 6 <= sum(points > 0 for points in worth.values()) <= 10
    headings = [ps.text(task).splitlines()[0] for task in worth]
    numbers = [int(found[1]) for h in headings if (found := re.match(r"## (\d+)\. ", h))]
    assert numbers == list(range(1, len(numbers) + 1))
    challenges = [h for h in headings if "hallenge" in h and "(no marks)" in h]
    assert challenges and any(ps.marks[id] == 0 for id in ps.tests)
    assert any("slide" in ps.text(task) for task in worth), "no error on a slide to spot"
    assert ps.by_hand, "no warm-up by hand"


@every_set
def test_the_notebook_is_stored_as_a_source_should_be(ps):
    assert ps.metadata["kernelspec"]["name"] == "python3"
    for id, cell in ps.cells.items():
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id)
        assert ps.role(id).get("grade_id", id) == id
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            assert ps.released(id).count("\n") < 20, id


@every_set
def test_the_variant_stands_behind_the_setup(ps):
    assert ps.text("variant") == VARIANT and ps.role("variant")["locked"]
    assert list(ps.cells).index("variant") == list(ps.cells).index("setup") + 1


@every_set
def test_a_test_cell_is_one_visible_line_and_twenty_hidden_rounds_of_it(ps):
    names = {f"test-{task.name.replace('_', '-')}": task.name for task in ps.tasks}
    assert sorted(names) == sorted(ps.tests)
    for id in ps.tests:
        name, lines = names[id], ps.text(id).splitlines()
        assert ps.role(id)["locked"]
        if name in ps.by_hand:
            assert len(lines) == 1 and lines[0].startswith(f"checks.{name}({name}")
            continue
        assert lines == [
            f"checks.{name}({name})",
            "### BEGIN HIDDEN TESTS",
            f"checks.{name}({name}, rounds=3)",
            "### END HIDDEN TESTS",
        ]


@every_set
def test_what_students_find_says_not_implemented(ps):
    for id in ps.solutions:
        assert STUB in ps.released(id) and "SOLUTION" not in ps.released(id)


@every_set
def test_every_function_is_announced_with_its_arguments(ps):
    names, _ = run_source(ps, leave_out=ps.tests)
    for section, ids in ps.sections().items():
        text = "".join(
            ps.text(id) for id in (section, *ids) if ps.cells[id]["cell_type"] == "markdown"
        )
        for task in ps.tasks:
            if f"test-{task.name.replace('_', '-')}" in ids and task.name not in ps.by_hand:
                takes = ", ".join(inspect.signature(names[task.name]).parameters)
                assert f"`{task.name}({takes})`" in text


def test_names_are_unique_in_the_whole_course():
    names = [task.name for _, task in TASKS]
    assert len(set(names)) == len(names)


def test_brackets_are_those_of_the_first_line():
    ps, task = next((ps, task) for ps, task in TASKS if task.name == "sigmoid")
    assert brackets(verdict(ps, task, lambda *args: None)) == "returns None"
