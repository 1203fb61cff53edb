"""Marks as CSV."""

import csv
import zipfile

import pytest

from bpkit.grading.collect import collect
from bpkit.grading.course import UsageError
from bpkit.grading.export import (
    export,
    export_canvas,
    export_feedback,
    export_moodle,
    fill_worksheet,
    marks,
)
from bpkit.grading.roster import import_students
from tests.grading import platforms
from tests.grading.courses import (
    ASSIGNMENT,
    RIGHT,
    answer,
    at_once,
    hand_in,
    make_course,
    make_released_course,
)

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")

PERSON = "student_id,last_name,first_name"
HEADER = f"{PERSON},test-double,test-negative,why,raw_score,late_penalty,score,max_score"


@pytest.fixture
def course(tmp_path):
    """Ada is marked, Zoë waits for marks by hand, both were late; Max has handed in nothing."""
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
        for student, penalty in ("a1", 1.5), ("z1", 2):
            notebook = gradebook.find_submission_notebook("numbers", ASSIGNMENT, student)
            notebook.late_submission_penalty = penalty
        gradebook.db.commit()
    return course


def test_the_file(course, tmp_path):
    path = export(course, ASSIGNMENT, tmp_path / "new folder" / "marks.csv")
    lines = path.read_bytes().decode("utf-8").split("\r\n")
    assert lines == [
        HEADER,
        "'=1+1,,,,,,0,0,0,6",
        "m1,,,,,,0,0,0,6",
        "a1,Byron,Ada,2,1,2.5,5.5,1.5,4,6",
        'z1,"Kâ, Jr.",Zoë,0.5,0,,0.5,2,0,6',
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


def rows(path, delimiter=","):
    return list(csv.reader(path.open(encoding="utf-8", newline=""), delimiter=delimiter))


def known_to_the_platform(course, **about):
    with course.gradebook() as gradebook:
        for student, values in about.items():
            gradebook.update_or_create_student(student, **values)


def canvas_finds(file, students):
    """What ``GradebookImporter#process_student`` makes of a file: marks by the number it finds."""
    header, *lines = rows(file)
    assert "Student" in header[0] and "ID" in header[1]
    assert (header[2], header[3], header[4]) == ("SIS User ID", "SIS Login ID", "Section")
    found = {}
    for line in lines:
        if "Points Possible" in line[0]:
            assert [cell for cell in line[1:5] if cell] == []
            continue
        by_number = [number for number in students if number == line[1]]
        by_name = [number for number, name in students.items() if name == line[0]]
        found[(by_number or by_name or ["new student"])[0]] = line[5]
    return header[5], lines[0][5], found


def test_canvas_finds_everybody_by_number(course, tmp_path):
    """Zoë is called Ada too, and Canvas takes the first of a name: the number has to lead it."""
    known_to_the_platform(
        course,
        a1={"lms_user_id": "102", "first_name": "Ada", "last_name": "Byron"},
        z1={"lms_user_id": "101", "first_name": "Ada", "last_name": "Byron"},
        m1={"lms_user_id": "103"},
    )
    done = export_canvas(course, ASSIGNMENT, tmp_path / "c.csv", "Problem set 1 (4711)")
    enrolled = {"101": "Byron, Ada", "102": "Byron, Ada", "103": "Max"}
    assert canvas_finds(done.path, enrolled) == (
        "Problem set 1 (4711)",
        "6",
        {"102": "4", "101": "0"},  # and nobody's mark is deleted by an empty one
    )
    assert done.students == 2


def test_canvas_does_not_get_whom_it_would_have_to_guess(course, tmp_path):
    known_to_the_platform(course, a1={"lms_user_id": "102"}, z1={"lms_user_id": "not a number"})
    done = export_canvas(course, ASSIGNMENT, tmp_path / "c.csv", ASSIGNMENT)
    assert [row[1] for row in rows(done.path)] == ["ID", "", "102"]
    told = {(a.student, a.reason) for a in done.attention}
    assert told == {
        ("(class)", "marks are still missing for why (1 of 2): totals lack them"),
        ("z1", "left out: no Canvas number; run bpkit students with Canvas's gradebook"),
    }


def test_names_in_files_for_platforms_are_no_formulas(course, tmp_path):
    known_to_the_platform(
        course, a1={"lms_user_id": "102", "last_name": "=HYPERLINK(1)", "email": "=1@x.org"}
    )
    canvas = export_canvas(course, ASSIGNMENT, tmp_path / "c.csv", ASSIGNMENT).path
    moodle = export_moodle(course, ASSIGNMENT, tmp_path / "m.csv", ASSIGNMENT).path
    for path in canvas, moodle:
        assert not [cell for row in rows(path) for cell in row if cell.startswith("=")]


def test_moodle(course, tmp_path):
    known_to_the_platform(course, a1={"email": "ada@example.org"})
    done = export_moodle(course, ASSIGNMENT, tmp_path / "m.csv", "PS 1")
    words = "double 2 of 2; negative 1 of 1; why 2.5 of 3; late: 1.5 taken off"
    zoe = "double 0.5 of 2; negative 0 of 1; why not marked yet; late: 2 taken off"
    assert rows(done.path) == [
        ["Username", "First name", "Last name", "Email address", "PS 1", "PS 1 feedback"],
        ["a1", "Ada", "Byron", "ada@example.org", "4", words],
        ["z1", "Zoë", "Kâ, Jr.", "", "0", zoe],
    ]
    assert [a.reason for a in done.attention][1] == "no email address, so map by username: z1"


@pytest.fixture
def worksheet(course, tmp_path):
    known_to_the_platform(
        course, a1={"email": "ADA@example.org"}, z1={"email": "li.wei@example.org"}
    )
    path = tmp_path / "Grades.csv"
    path.write_text("\ufeff" + platforms.WORKSHEET, encoding="utf-8", newline="\r\n")
    return path


def test_a_worksheet_is_filled_in_and_nothing_else_of_it_changes(course, worksheet, tmp_path):
    done = fill_worksheet(course, ASSIGNMENT, worksheet, tmp_path / "w.csv")
    before = list(csv.reader(platforms.WORKSHEET.splitlines()))
    after = rows(done.path)
    assert [(line[4], line[9].split(";")[0]) for line in after] == [
        ("Grade", "Feedback comments"),
        ("4.00", "double 2 of 2"),
        ("0.00", "double 0.5 of 2"),
        ("", ""),
    ]
    for line in before, after:
        for row in line:
            row[4] = row[9] = ""
    assert after == before
    assert done.students == 2


def test_a_worksheet_with_decimal_commas(course, worksheet, tmp_path):
    text = platforms.WORKSHEET.replace(",6.00,", ',"6,00",')
    worksheet.write_text(text, encoding="utf-8")
    done = fill_worksheet(course, ASSIGNMENT, worksheet, tmp_path / "w.csv")
    assert rows(done.path)[1][4:6] == ["4,00", "6,00"]


def test_marks_out_of_6_are_no_marks_out_of_100(course, worksheet, tmp_path):
    worksheet.write_text(platforms.WORKSHEET.replace(",6.00,", ",100.00,"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"ps1 has 6 marks and Grades\.csv says 100\.00: change"):
        fill_worksheet(course, ASSIGNMENT, worksheet, tmp_path / "w.csv")
    assert not (tmp_path / "w.csv").exists()


def test_who_is_not_in_the_worksheet_is_named(course, worksheet, tmp_path):
    worksheet.write_text("\n".join(platforms.WORKSHEET.splitlines()[:2]), encoding="utf-8")
    done = fill_worksheet(course, ASSIGNMENT, worksheet, tmp_path / "w.csv")
    assert ("z1", "left out: not found in Grades.csv") in {
        (a.student, a.reason) for a in done.attention
    }


def test_another_table_is_no_worksheet(course, tmp_path):
    (tmp_path / "x.csv").write_text(platforms.CANVAS_GRADEBOOK)
    with pytest.raises(UsageError, match=r"x\.csv is no grading worksheet of Moodle's"):
        fill_worksheet(course, ASSIGNMENT, tmp_path / "x.csv", tmp_path / "w.csv")


def test_feedback_goes_back_under_the_platforms_names(tmp_path):
    course = make_released_course(tmp_path / "course")
    (tmp_path / "gradebook.csv").write_text(platforms.CANVAS_GRADEBOOK)
    import_students(course, tmp_path / "gradebook.csv")
    with pytest.raises(UsageError, match="no feedback on ps1 yet: run bpkit feedback ps1"):
        export_feedback(course, ASSIGNMENT, tmp_path / "f.zip")
    hand_in(tmp_path / "plain", "zob", answer(course, RIGHT))
    collect(course, ASSIGNMENT, tmp_path / "plain", at_once)
    for student in "ada", "zob":
        page = course.feedback(student, ASSIGNMENT) / "numbers.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"for {student}")
    with pytest.raises(UsageError, match="was not collected from Canvas or Moodle"):
        export_feedback(course, ASSIGNMENT, tmp_path / "f.zip")
    notebook = (course.release(ASSIGNMENT) / "numbers.ipynb").read_bytes()
    files = {"byronada_LATE_101_9001_numbers-1.ipynb": notebook}
    download = platforms.zipped(tmp_path / "submissions.zip", files)
    collect(course, ASSIGNMENT, download, at_once)
    done = export_feedback(course, ASSIGNMENT, tmp_path / "f.zip")
    with zipfile.ZipFile(done.path) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "byronada_LATE_101_9001_numbers.html": b"for ada"
        }
    assert [a.student for a in done.attention] == ["zob"] and done.students == 1
