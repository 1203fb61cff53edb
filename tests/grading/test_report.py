"""The class report: its numbers counted by hand, its page read back with a parser."""

import html
import re
import shutil
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.grading.course import Course, Task, UsageError, open_course
from bpkit.grading.equations import EQUATIONS
from bpkit.grading.execution import UNJAILED
from bpkit.grading.mathml import mathml
from bpkit.grading.report import (
    TAG,
    Slip,
    histogram,
    lead,
    mathematics,
    needs_a_human,
    other_failures,
    render,
    slips,
    tallies,
    teach_first,
    write_report,
)
from bpkit.grading.results import ClassReport, FailedCheck, Mark, Student, read_class, without_names

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own

CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "nets <101>"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
"""
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
VOID = {"meta", "br", "col", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """What a test wants to know of a page."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.text += " " + " ".join(data.split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def graded_cell(make, grade_id: str, points: float, by_hand: bool = False, **fields):
    nbgrader = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": True,
        "points": points,
        "solution": by_hand,
        "locked": not by_hand,
        "task": False,
    }
    return make("", metadata={"nbgrader": nbgrader}, **fields)


def failed(first_line: str, ename: str = "CheckFailed"):
    return new_output("error", ename=ename, evalue=f"{first_line}\nmore", traceback=[])


def notebook(output_delta=(), hidden_delta=(), extra=(), **bpkit) -> nbformat.NotebookNode:
    cells = [
        graded_cell(new_code_cell, "test-output-delta", 2, outputs=list(output_delta)),
        graded_cell(new_code_cell, "test-hidden-delta", 2, outputs=list(hidden_delta)),
        graded_cell(new_markdown_cell, "explain", 1, by_hand=True),
        *extra,
    ]
    return new_notebook(cells=cells, metadata={"bpkit": bpkit} if bpkit else {})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three graded students, one in quarantine, one ungraded, one absent.

    ada: everything right, explained for 1. bob: M01 in BP-1, explanation waits. eve: M01 and M07,
    an explanation marked with one half.
    """
    root = tmp_path_factory.mktemp("course")
    (root / "nbgrader_config.py").write_text(CONFIG)
    (root / "solutions" / "ps3").mkdir(parents=True)
    nbformat.write(notebook(), root / "solutions" / "ps3" / "backpropagation.ipynb")
    course = open_course(root)
    with course.gradebook() as book:
        book.add_assignment("ps3")
        book.add_notebook("backpropagation", "ps3")
        for name, points, kind in (
            ("explain", 1, "markdown"),
            ("test-hidden-delta", 2, "code"),
            ("test-output-delta", 2, "code"),
        ):
            book.add_grade_cell(name, "backpropagation", "ps3", max_score=points, cell_type=kind)
        for id, first, last in (
            ("ada", "Ada", "Lovelace"),
            ("bob", EVIL, "Byron"),
            ("eve", "Eve", "Adams"),
            ("mia", "Mia", "Zhou"),
            ("una", "Una", "Graded"),
        ):
            book.add_student(id, first_name=first, last_name=last)
    give(course, "ada", 2, 2, 1.0, day=1)
    give(course, "bob", 0, 2, None, day=3)
    give(course, "eve", 0, 0, 0.5, day=2)
    with course.gradebook() as book:
        book.add_submission("ps3", "una", timestamp="2026-03-01 10:00:00 UTC")
    save(course, "ada", notebook(seconds=0.25, events=[]))
    save(course, "bob", notebook([failed("BP-1 [M01] left out")], seconds=0.5, events=[EVIL]))
    save(
        course,
        "eve",
        notebook([failed("BP-1 [M01] left out")], [failed("BP-2 [M07] left out")]),
    )
    aside = course.quarantine("zoe", "ps3")
    aside.mkdir(parents=True)
    (aside / "reason.txt").write_text(f"{EVIL}.ipynb: not JSON\n")
    return root


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Course:
    """A copy of the template that a test may change."""
    return open_course(shutil.copytree(template, tmp_path / "course"))


def give(course: Course, student: str, output: float, hidden: float, explained, day: int) -> None:
    with course.gradebook() as book:
        book.add_submission("ps3", student, timestamp=f"2026-03-0{day} 12:00:00 UTC")
        scores = {"test-output-delta": output, "test-hidden-delta": hidden}
        for cell, score in scores.items():
            grade = book.find_grade(cell, "backpropagation", "ps3", student)
            grade.auto_score, grade.needs_manual_grade = score, False
        grade = book.find_grade("explain", "backpropagation", "ps3", student)
        grade.manual_score, grade.needs_manual_grade = explained, explained is None
        book.db.commit()


def save(course: Course, student: str, graded: nbformat.NotebookNode) -> None:
    folder = course.autograded(student, "ps3")
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(graded, folder / "backpropagation.ipynb")


def test_numbers_are_those_of_the_gradebook(course):
    report = read_class(course, "ps3")
    assert (report.course, report.assignment) == ("nets <101>", "ps3")
    assert [task.name for task in report.exercises] == [  # as in the notebook, not the gradebook
        "test-output-delta",
        "test-hidden-delta",
        "explain",
    ]
    assert {s.id: s.total for s in report.graded} == {"eve": 0.5, "bob": 2.0, "ada": 5.0}
    assert (report.points, report.median, report.mean) == (5.0, 2.0, 2.5)
    assert (report.handed_in, report.waiting) == (5, 1)
    assert report.newest == datetime(2026, 3, 3, 12)
    assert [s.id for s in report.students] == ["zoe", "eve", "bob", "una", "ada", "mia"]
    assert {s.id: s.seconds for s in report.graded} == {"eve": None, "bob": 0.5, "ada": 0.25}


def test_tallies_count_full_part_none_and_waiting(course):
    rows = [
        (t.exercise.name, t.full, t.partial, t.none, t.waits, t.mean)
        for t in tallies(read_class(course, "ps3"))
    ]
    assert rows == [
        ("test-output-delta", 1, 0, 2, 0, pytest.approx(2 / 3)),
        ("test-hidden-delta", 2, 0, 1, 0, pytest.approx(4 / 3)),
        ("explain", 1, 1, 0, 1, 0.75),
    ]


def test_misconceptions_are_counted_once_for_each_student(course):
    save(
        course,
        "eve",
        notebook([failed("BP-1 [M01] left out")], [failed("BP-2 [M01] left out")]),
    )
    found = slips(read_class(course, "ps3"))
    assert [(slip.code, slip.students, slip.equation) for slip in found] == [
        ("M01", 2, "BP-1, BP-2")
    ]
    assert found[0].title == MISCONCEPTIONS["M01"].title
    assert found[0].reteach == MISCONCEPTIONS["M01"].reteach


def test_commonest_misconception_comes_first(course):
    assert [(slip.code, slip.students) for slip in slips(read_class(course, "ps3"))] == [
        ("M01", 2),
        ("M07", 1),
    ]
    save(course, "bob", notebook([], [failed("BP-2 [M07] left out")]))
    assert [(slip.code, slip.students) for slip in slips(read_class(course, "ps3"))] == [
        ("M07", 2),
        ("M01", 1),
    ]


def test_unknown_code_keeps_its_own_words(course):
    save(course, "bob", notebook([failed(f"BP-9 [M999] {EVIL}")]))
    slip = next(slip for slip in slips(read_class(course, "ps3")) if slip.code == "M999")
    assert (slip.equation, slip.title, slip.reteach) == ("BP-9", EVIL, "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (failed("BP-1 [wrong value] entry 3"), "wrong value"),
        (failed("[not implemented] output_delta"), "left blank"),
        (failed("Not written yet", "NotImplementedError"), "left blank"),
        (failed("after 10 seconds", "TimeLimit"), "does not end in time"),
        (failed("BP-1 [raises] NameError: name 'a'"), "stops with an error"),
        (failed("no brackets at all"), "stops with an error"),
        (failed("name 'output_delta' is not defined", "NameError"), "stops with an error"),
        (failed("BP-1 [M01] pretended", "ValueError"), "stops with an error"),
    ],
)
def test_other_failures_are_told_in_words(course, error, told):
    save(course, "bob", notebook([error]))
    failures = other_failures(read_class(course, "ps3"))
    assert [(f.told, f.students, f.exercises) for f in failures] == [(told, 1, "output delta")]


def test_failures_of_one_kind_in_several_guises_are_one_row(course):
    blank = failed("Not written yet", "NotImplementedError")
    save(course, "bob", notebook([failed("[not implemented] output_delta")], [blank]))
    (failure,) = other_failures(read_class(course, "ps3"))
    assert (failure.students, failure.exercises) == (1, "output delta, hidden delta")


@pytest.mark.parametrize(
    ("students", "first"),
    [((9, 4, 3, 2), 3), ((9, 1, 1), 1), ((1, 1), 1), ((5,), 1), ((), 0)],
)
def test_the_commonest_slips_that_several_share_are_shown_at_length(students, first):
    found = [Slip(f"M0{i}", "", "", count, "") for i, count in enumerate(students)]
    assert teach_first(found) == found[:first]


def test_a_slip_comes_with_its_equations():
    slip = slips_with("BP-2, LW-2, TH-2")
    assert len(slip.formulas) == 2 and all("<math" in formula for formula in slip.formulas)
    assert "δ" in html.unescape(slip.formulas[0])
    assert len(slips_with("sigma'").formulas) == 1
    assert slips_with("BP-9, tape, <b>").formulas == ()


def slips_with(equation):
    return Slip("M01", equation, "", 1, "")


def test_equations_are_those_of_the_lectures():
    """As the lecture derives them, the two of a batch excepted, which have a letter more."""
    written = {}
    for path in (Path(__file__).parents[2] / "lectures").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for formula in re.findall(r"\$\$(.*?)\$\$", cell.source, re.DOTALL):
                for tag in re.findall(r"\\tag\{([^}]*)\}", formula):
                    tex = " ".join(formula.replace(rf"\tag{{{tag}}}", "").split())
                    written[tag] = tex.rstrip(" ,.")
    lecture = {"sigma'": "N-5", "BP-3": "BP-3b", "BP-4": "BP-4b"}
    assert len(EQUATIONS) > 50
    assert {tag: written[lecture.get(tag, tag)] for tag in EQUATIONS} == EQUATIONS
    assert not [tag for tag in EQUATIONS if "<math" not in mathml(EQUATIONS[tag], "inline")]


def test_every_numbered_equation_of_a_slip_has_its_formula():
    tags = {tag for slip in MISCONCEPTIONS.values() for tag in TAG.findall(slip.equation)}
    assert tags - EQUATIONS.keys() == {"C-25"}  # five lines, for a figure of seven neurons


def test_only_test_cells_can_tell_of_a_failed_check(course):
    forged = new_code_cell("raise CheckFailed", outputs=[failed("BP-1 [M02] forged")])
    save(course, "ada", notebook(extra=[forged]))
    report = read_class(course, "ps3")
    assert [slip.code for slip in slips(report)] == ["M01", "M07"]
    assert [student.events for student in report.students if student.id == "ada"] == [()]


def test_what_needs_a_human(course):
    found = {
        kind: [(case.who, case.what) for case in cases]
        for kind, cases in needs_a_human(read_class(course, "ps3")).items()
    }
    assert found == {
        "Set aside": [("zoe", f"{EVIL}.ipynb: not JSON")],
        "Trouble while grading": [(f"Byron, {EVIL}", EVIL)],
        "Handed in, not graded": [("Graded, Una", "no marks in the gradebook yet")],
        "Nothing handed in": [("Zhou, Mia", "no submission found")],
        "To mark by hand": [("explain", "1 of 3 answers")],
    }


@pytest.mark.parametrize("names", [True, False])
def test_a_run_without_a_jail_is_told_once_for_the_class(course, names):
    for student in "ada", "eve":
        save(course, student, notebook(seconds=0.1, events=[UNJAILED, "cell x: it crashed"]))
    report = read_class(course, "ps3")
    cases = needs_a_human(report if names else without_names(report))["Trouble while grading"]
    assert (cases[0].who, cases[0].what) == ("Whole class", f"{UNJAILED} (2 students)")
    assert [case.what for case in cases].count(UNJAILED) == 0 and len(cases) == 4


def test_missing_test_cell_is_told(course):
    with course.gradebook() as book:
        grade = book.find_grade("test-hidden-delta", "backpropagation", "ps3", "ada")
        grade.auto_score = None
        book.db.commit()
    cases = needs_a_human(read_class(course, "ps3"))["Trouble while grading"]
    assert ("Lovelace, Ada", "no mark for hidden delta: its test cell is missing") in [
        (case.who, case.what) for case in cases
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"cells": [',
        "[]",
        "{}",
        '{"cells": [{}], "metadata": {}}',
        '{"cells": [], "metadata": {"bpkit": "mine"}}',
        '{"cells": [], "metadata": {"bpkit": {"seconds": "soon"}}}',
        '{"cells": [], "metadata": {"bpkit": {"events": [1]}}}',
    ],
)
def test_a_damaged_notebook_is_named_and_stops_nobody(course, content):
    (course.autograded("bob", "ps3") / "backpropagation.ipynb").write_text(content)
    report = read_class(course, "ps3")
    events = {s.id: s.events for s in report.graded}
    assert "cannot be read" in events["bob"][0]
    assert [slip.students for slip in slips(report) if slip.code == "M01"] == [1]


def test_penalty_for_lateness_is_taken_off(course):
    with course.gradebook() as book:
        for student, penalty in (("bob", 0.5), ("eve", 4.0)):
            found = book.find_submission_notebook("backpropagation", "ps3", student)
            found.late_submission_penalty = penalty
        book.db.commit()
    report = read_class(course, "ps3")
    assert {s.id: s.total for s in report.graded} == {"eve": 0.0, "bob": 1.5, "ada": 5.0}


def test_unknown_assignment_is_one_sentence(course, tmp_path):
    with pytest.raises(UsageError, match="unknown assignment 'ps9'"):
        write_report(course, "ps9", tmp_path / "r.html")
    with course.gradebook() as book:
        book.remove_assignment("ps3")
    with pytest.raises(UsageError, match="bpkit release ps3"):
        write_report(course, "ps3", tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_same_course_gives_the_same_bytes(course, tmp_path):
    first = write_report(course, "ps3", tmp_path / "reports" / "a.html")
    second = write_report(course, "ps3", tmp_path / "reports" / "b.html")
    assert first == tmp_path / "reports" / "a.html"
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in first.parent.iterdir()) == ["a.html", "b.html"]


@pytest.mark.parametrize("anonymous", [False, True])
def test_page_is_well_formed_static_and_accessible(course, tmp_path, anonymous):
    path = write_report(course, "ps3", tmp_path / "r.html", anonymous=anonymous)
    page = Page(path.read_text(encoding="utf-8"))
    assert not page.unbalanced and not page.open
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not {"src", "href", "xlink:href", "action"} & attributes.keys(), tag
    policies = [meta.get("content") for meta in page.all("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert page.all("html")[0]["lang"] == "en"
    for svg in page.all("svg"):
        hidden = svg.get("aria-hidden") == "true"
        assert hidden or (svg.get("role") == "img" and svg.get("aria-label"))
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = [a["aria-labelledby"] for _, a in page.elements if "aria-labelledby" in a]
    assert labels and set(labels) <= set(ids)


def test_page_tells_what_was_counted(course, tmp_path):
    text = Page(write_report(course, "ps3", tmp_path / "r.html").read_text("utf-8")).text
    assert "nets <101>" in text
    assert "Hardest was output delta: 0.67 of 2 on average." in text
    assert "The commonest slip, with 2 students: σ′(z L ) is left out (M01)." in text
    assert MISCONCEPTIONS["M07"].reteach.split()[0] in text
    assert "2026-03-03 12:00 UTC" in text
    assert f"Byron, {EVIL}" in text


def test_anonymous_page_names_nobody(course, tmp_path):
    save(
        course,
        "bob",
        notebook(
            [failed("BP-9 [M999] by Byron")],
            [failed("Byron [M07] again")],
            [graded_cell(new_code_cell, "explain", 1, outputs=[failed("mine", "LovelaceError")])],
            seconds=1,
            events=["of bob"],
        ),
    )
    save(course, "eve", notebook([failed("Byron [by Ada] x")], [failed("no", "Byron")]))
    page = write_report(course, "ps3", tmp_path / "r.html", anonymous=True).read_text("utf-8")
    for name in ("Lovelace", "Ada", "ada", "Byron", "bob", "eve", "Mia", "zoe", "alert"):
        assert name not in page
    assert "Student 6" in page and "Student 7" not in page and "2026-03" not in page


def test_anonymous_order_depends_on_marks_only(course):
    report = read_class(course, "ps3")
    assert [s.total for s in without_names(report).graded] == [5.0, 2.0, 0.5]
    mirrored = replace(report, students=report.students[::-1])
    renamed = tuple(replace(s, name=s.id[::-1], id=s.id[::-1]) for s in report.students)
    for other in (mirrored, replace(report, students=renamed)):
        assert render(without_names(other)) == render(without_names(report))
    counted = [(slip.code, slip.students) for slip in slips(without_names(report))]
    assert counted == [("M01", 2), ("M07", 1)]


def test_lead_does_not_judge_by_the_few_marks_given_by_hand():
    tasks = Task("n", "test-a", 4.0, False), Task("n", "explain", 2.0, True)
    blank = Student("A", "a", True, True, (Mark(3.0, False), Mark(0.0, False)))
    waits = Student("B", "b", True, True, (Mark(4.0, False), Mark(None, True)))
    report = ClassReport("nets", "ps3", None, tasks, (blank, waits))
    assert lead(report) == "Hardest was a: 3.5 of 4 on average."
    assert lead(replace(report, students=(waits,))) == "Everyone has full marks so far."


def test_a_class_without_a_grade_has_a_page():
    report = ClassReport("nets", "ps3", None, (Task("n", "test-a", 1.0, False),), ())
    page = Page(render(report))
    assert "No submission is graded yet." in page.text
    assert not page.unbalanced and not page.open


@st.composite
def classes(draw) -> ClassReport:
    """A random class with marks of every kind, extra credit included."""
    points = st.sampled_from([1.0, 2.0, 2.5, 7.0, 40.0])
    tasks = tuple(
        Task("n", f"test-{i}", p, False)
        for i, p in enumerate(draw(st.lists(points, min_size=1, max_size=4)))
    )
    scores = st.one_of(st.none(), st.integers(0, 240).map(lambda quarters: quarters / 4))
    marks = st.tuples(*[st.builds(Mark, scores, st.booleans())] * len(tasks))
    rows = draw(st.lists(marks, min_size=1, max_size=12))
    students = tuple(Student(str(i), str(i), True, True, row) for i, row in enumerate(rows))
    return ClassReport("c", "a", None, tasks, students)


@given(classes())
def test_everybody_is_in_the_histogram_and_in_every_tally(report):
    drawn = histogram(report)
    assert sum(bar.count for bar in drawn.bars) == len(report.students)
    assert len(drawn.bars) <= 21
    assert max(bar.height for bar in drawn.bars) == 100
    assert drawn.bars[-1].x + drawn.width == pytest.approx(100)
    assert 0 <= drawn.median <= 100
    for student in report.students:
        bars = [b for b in drawn.bars if int(b.label) <= student.total < int(b.label) + drawn.step]
        assert len(bars) == 1 and bars[0].count > 0
    for tally in tallies(report):
        assert tally.full + tally.partial + tally.none <= len(report.students)
        assert min(tally.full, tally.partial, tally.none, tally.waits) >= 0


@pytest.mark.parametrize(
    "marks, median",
    [((1.0,), 75), ((1.75,), 87.5), ((0.0, 1.0), 50)],
    ids=["the middle of its bar", "within its bar", "between two bars"],
)
def test_the_median_lies_where_its_marks_are(marks, median):
    task = Task(notebook="n", name="t", points=1.0, by_hand=False)
    everybody = tuple(
        Student(str(i), str(i), True, True, (Mark(mark, False),)) for i, mark in enumerate(marks)
    )
    assert histogram(ClassReport("c", "a", None, (task,), everybody)).median == median


@settings(max_examples=25)
@given(classes())
def test_every_class_renders(report):
    failures = (FailedCheck(report.exercises[0], "BP-1", "M07", ""),)
    students = tuple(replace(s, failed=failures) for s in report.students)
    page = Page(render(replace(report, students=students)))
    assert not page.unbalanced and not page.open
    assert "nan" not in page.text.lower().split()


@pytest.mark.parametrize(
    ("plain", "typeset"),
    [
        ("sigma'(z^L)", "σ′(z<sup>L</sup>)"),
        ("w^{l+1} and a^{l-1}", "w<sup>l+1</sup> and a<sup>l−1</sup>"),
        ("dw_jk = delta_j a_k", "dw<sub>jk</sub> = δ<sub>j</sub> a<sub>k</sub>"),
        ("1/(1 + e^-z)", "1/(1 + e<sup>−z</sup>)"),
        ("C <- a", "C ← a"),
        ("y - a", "y\u00a0−\u00a0a"),
        ("cross-entropy, deltas, sigmoid", "cross-entropy, deltas, sigmoid"),
        ("<b> & x^<i>", "&lt;b&gt; &amp; x^&lt;i&gt;"),
        ("x^{<b>}", "x<sup>&lt;b&gt;</sup>"),
    ],
)
def test_mathematics(plain, typeset):
    assert mathematics(plain) == typeset


@given(st.text())
def test_mathematics_never_lets_a_tag_through(text):
    typeset = str(mathematics(text))
    for tag in ("<sup>", "</sup>", "<sub>", "</sub>"):
        typeset = typeset.replace(tag, "")
    assert "<" not in typeset and ">" not in typeset
