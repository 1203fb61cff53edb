"""Numbers of their own for every student: handed out once, and graded with."""

import csv

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell
from nbgrader.apps import NbGraderAPI
from nbgrader.validator import Validator

from bpkit.cli import commands
from bpkit.grading.course import CONFIG, UsageError, open_course
from bpkit.grading.grade import grade
from bpkit.grading.release import release
from bpkit.grading.variants import give_own, hand_out, read_variants, table
from tests.grading.courses import ASSIGNMENT, NOTEBOOK, at_once, make_course, nbgrader

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

VARIANT = "variant = 0  # the numbers of this problem set are drawn from it"
ANSWER = "double = None\n### BEGIN SOLUTION\ndouble = 2 * x\n### END SOLUTION"


@pytest.fixture
def course(tmp_path):
    """A course whose answer depends on the variant, with three students."""
    course = make_course(tmp_path / "tiny")
    path = course.source(ASSIGNMENT) / NOTEBOOK
    notebook = nbformat.read(path, as_version=4)
    given = {"locked": True}
    notebook.cells[1:4] = [
        new_code_cell(VARIANT, id="variant", metadata=nbgrader("variant", **given)),
        new_code_cell("x = 10 + variant", id="x", metadata=nbgrader("x", **given)),
        new_code_cell(ANSWER, id="double", metadata=nbgrader("double", solution=True)),
        new_code_cell(
            "assert double == 2 * x",
            id="test-double",
            metadata=nbgrader("test-double", grade=True, points=2, **given),
        ),
    ]
    nbformat.write(notebook, path)
    join(course, "ada", "bob", "eve")
    release(course, ASSIGNMENT)
    return course


def join(course, *students):
    with course.gradebook() as gradebook:
        for student in students:
            gradebook.add_student(student)


def own(course, student):
    """The path of a student's hand-out."""
    return course.root / "handouts" / ASSIGNMENT / student / ASSIGNMENT / NOTEBOOK


def sources(path):
    return {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells}


def hand_in(course, student, answer, variant=None):
    """A submission of the student's own hand-out, with this answer, and maybe another variant."""
    notebook = nbformat.read(own(course, student), as_version=4)
    for cell in notebook.cells:
        if cell.id == "double":
            cell.source = f"double = {answer}"
        if cell.id == "variant" and variant is not None:
            cell.source = f"variant = {variant}"
    folder = course.submitted(student, ASSIGNMENT)
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / NOTEBOOK)


def marks(course):
    with course.gradebook() as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(ASSIGNMENT)}


# ------------------------------------------------------------------------------------ hand-outs


def test_everybody_gets_the_release_with_a_number_of_their_own(course):
    made = hand_out(course, ASSIGNMENT)
    assert made.new == ("ada", "bob", "eve") and made.students == made.written == 3
    released = sources(course.release(ASSIGNMENT) / NOTEBOOK)
    numbers = set()
    for student in made.new:
        cells = sources(own(course, student))
        numbers.add(cells["variant"])
        assert {**cells, "variant": VARIANT} == released
    assert numbers == {VARIANT.replace("0", str(n)) for n in (1, 2, 3)}
    with table(course.root, ASSIGNMENT).open() as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"student": student, "variant": str(n)} for n, student in enumerate(made.new, 1)
    ]


def test_a_second_run_changes_nothing_and_who_joins_later_gets_the_next_number(course):
    hand_out(course, ASSIGNMENT)
    before = own(course, "bob").read_bytes()
    assert hand_out(course, ASSIGNMENT).written == 0
    join(course, "amy")
    made = hand_out(course, ASSIGNMENT)
    assert made.new == ("amy",) and made.written == 1
    assert read_variants(course.root, ASSIGNMENT) == {"ada": 1, "bob": 2, "eve": 3, "amy": 4}
    assert own(course, "bob").read_bytes() == before


def test_nbgraders_validate_finds_nothing_changed_in_a_hand_out(course):
    hand_out(course, ASSIGNMENT)
    assert "changed" not in Validator().validate(str(own(course, "bob")))


def test_the_command_says_what_it_made(course):
    run = CliRunner().invoke(
        commands, ["release", ASSIGNMENT, "--per-student", "--course-dir", str(course.root)]
    )
    assert run.exit_code == 0, run.output
    assert f"{ASSIGNMENT}: 3 students, 3 of them new" in run.output
    plain = CliRunner().invoke(commands, ["release", ASSIGNMENT, "--course-dir", str(course.root)])
    assert "students" not in plain.output


def test_no_students_no_cell_no_hand_outs(course, tmp_path):
    empty = make_course(tmp_path / "empty")
    release(empty, ASSIGNMENT)
    with pytest.raises(
        UsageError, match="no students in the gradebook: add them with bpkit students"
    ):
        hand_out(empty, ASSIGNMENT)
    join(empty, "ada")
    with pytest.raises(UsageError, match="--per-student needs a locked code cell with the name"):
        hand_out(empty, ASSIGNMENT)
    assert not (empty.root / "handouts").exists() and not (empty.root / "variants").exists()
    join(course, "../eve")
    with pytest.raises(UsageError, match="student id '../eve' cannot be the name of a folder"):
        hand_out(course, ASSIGNMENT)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("student,variant\nada,one\n", "line 2: expected a student, seen once, and a number"),
        ("student,variant\nada,1\nada,2\n", "line 3: expected a student, seen once"),
        ("student,variant\nada\n", "line 2: "),
        ("ada,1\n", "the first line must read: student,variant"),
        ("", "the first line must read"),
    ],
)
def test_a_table_that_was_spoiled_is_refused(course, text, complaint):
    hand_out(course, ASSIGNMENT)
    table(course.root, ASSIGNMENT).write_text(text)
    with pytest.raises(UsageError, match=complaint):
        read_variants(course.root, ASSIGNMENT)


# -------------------------------------------------------------------------------------- grading


def class_of_three(course):
    """Ada is right, Bob has Ada's numbers and forged the cell, Eve copied Ada's answer."""
    hand_out(course, ASSIGNMENT)
    hand_in(course, "ada", 2 * 11)
    hand_in(course, "bob", 2 * 11, variant=1)
    hand_in(course, "eve", 2 * 11)


@pytest.mark.jail
def test_each_is_graded_with_their_own_numbers_whatever_they_say(course):
    class_of_three(course)
    done = grade(course, ASSIGNMENT, track=at_once)
    assert marks(course) == {"ada": 2, "bob": 0, "eve": 0}
    said = {entry.student: entry.reason for entry in done.attention}
    assert said == {"bob": "handed in with variant 1, graded with variant 2"}
    graded = sources(course.autograded("bob", ASSIGNMENT) / NOTEBOOK)
    assert graded["variant"] == VARIANT.replace("0", "2")


@pytest.mark.jail
def test_nbgraders_own_autograde_does_so_too(course):
    config = course.root / CONFIG
    plain = [
        "bpkit.grading.executor.JailedExecute",
        "nbgrader.preprocessors.SaveAutoGrades",
    ]
    config.write_text(f"{config.read_text()}\nc.Autograde.autograde_preprocessors = {plain}\n")
    again = open_course(course.root)
    class_of_three(again)
    for student in "ada", "bob", "eve":
        result = NbGraderAPI(again.directory, parent=again.app).autograde(ASSIGNMENT, student)
        assert result["success"], result
    assert marks(again) == {"ada": 2, "bob": 0, "eve": 0}


def test_who_has_no_number_is_graded_with_those_of_the_release_and_named(course):
    notebook = nbformat.read(course.release(ASSIGNMENT) / NOTEBOOK, as_version=4)
    [remark] = give_own(notebook, "amy", {"ada": 1})
    assert remark.startswith("has no variant in the course's table")
    assert notebook.cells[1].source == VARIANT
    assert give_own(notebook, "amy", {}, notebook.cells) == ()


def test_a_forged_number_is_told_where_everybody_has_the_same_too(course):
    notebook = nbformat.read(course.release(ASSIGNMENT) / NOTEBOOK, as_version=4)
    forged = nbformat.from_dict(notebook)
    forged.cells[1].source = "variant = 5"
    said = "handed in with variant 5, graded with variant 0"
    assert give_own(notebook, "amy", {}, forged.cells) == (said,)
    forged.cells[1].source = "variant = int(input())"
    [remark] = give_own(notebook, "amy", {}, forged.cells)
    assert remark.startswith("handed in with another variant")
