"""Marks as CSV."""

import csv

import pytest

from bpkit.grading.course import UsageError
from bpkit.grading.export import export, marks
from tests.grading.courses import ASSIGNMENT, make_course, make_released_course

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

HEADER = "student_id,last_name,first_name,test-double,test-negative,why,raw_score,max_score"


@pytest.fixture
def course(tmp_path):
    """Ada is marked, Zoë waits for marks by hand, Max has handed in nothing."""
    course = make_released_course(tmp_path / "course")
    people = {"z1": ("Zoë", "Kâ, Jr."), "a1": ("Ada", "Byron"), "m1": ("", ""), "=1+1": ("", "")}
    scores = {
        "z1": {"test-double": 0.5, "test-negative": 0, "why": None},
        "a1": {"test-double": 2, "test-negative": 1, "why": None},
    }
    with course.gradebook() as gradebook:
        for student, (first_name, last_name) in people.items():
            gradebook.add_student(student, first_name=first_name, last_name=last_name)
        for student, by_task in scores.items():
            gradebook.update_or_create_submission(ASSIGNMENT, student)
            for task, score in by_task.items():
                gradebook.find_grade(task, "numbers", ASSIGNMENT, student).auto_score = score
        gradebook.find_grade("why", "numbers", ASSIGNMENT, "a1").manual_score = 2.5
        gradebook.db.commit()
    return course


def test_the_file(course, tmp_path):
    path = export(course, ASSIGNMENT, tmp_path / "new folder" / "marks.csv")
    lines = path.read_bytes().decode("utf-8").split("\r\n")
    assert lines == [
        HEADER,
        "'=1+1,,,,,,0,6",
        "m1,,,,,,0,6",
        "a1,Byron,Ada,2,1,2.5,5.5,6",
        'z1,"Kâ, Jr.",Zoë,0.5,0,,0.5,6',
        "",
    ]


def test_marks_add_up_to_nbgraders_score(course):
    _, rows = marks(course, ASSIGNMENT)
    totals = {row.student: row.total for row in rows}
    with course.gradebook() as gradebook:
        for student in "a1", "z1":
            assert gradebook.find_submission(ASSIGNMENT, student).score == totals[student]


def test_extra_credit_counts(course):
    with course.gradebook() as gradebook:
        gradebook.find_grade("test-double", "numbers", ASSIGNMENT, "a1").extra_credit = 1
        gradebook.db.commit()
    _, rows = marks(course, ASSIGNMENT)
    assert next(row for row in rows if row.student == "a1").by_task == (3, 1, 2.5)


def test_tasks_of_several_notebooks_have_the_notebooks_name(course, tmp_path):
    source = course.source(ASSIGNMENT) / "numbers.ipynb"
    source.with_name("letters.ipynb").write_bytes(source.read_bytes())
    path = export(course, ASSIGNMENT, tmp_path / "marks.csv")
    header = next(csv.reader(path.open(encoding="utf-8")))
    assert header[3:6] == ["letters/test-double", "letters/test-negative", "letters/why"]
    assert header[6] == "numbers/test-double"


def test_an_assignment_that_the_gradebook_does_not_know(tmp_path):
    course = make_course(tmp_path / "course")
    with pytest.raises(UsageError, match="does not know ps1 yet: run bpkit release ps1"):
        marks(course, ASSIGNMENT)


def test_an_old_file_survives_a_failure(course, tmp_path, monkeypatch):
    path = export(course, ASSIGNMENT, tmp_path / "marks.csv")
    before = path.read_bytes()
    with course.gradebook() as gradebook:
        gradebook.add_student("new")

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        export(course, ASSIGNMENT, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.glob("*marks*")] == ["marks.csv"]
