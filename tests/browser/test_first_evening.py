"""An instructor's first evening: from JupyterLab's menu to the page that a student gets.

It walks through a copy of the demo, since it changes marks.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from browsing import Server, jupyter_server
from playwright.sync_api import FrameLocator, Page, expect

from bpkit.grading.course import Course, open_course
from bpkit.grading.feedback import feedback

pytestmark = [pytest.mark.browser, pytest.mark.jail, pytest.mark.slow]

COMMENT = "Good numbers. *Which* factor of BP-1 makes the difference?"


@dataclass(frozen=True)
class Evening:
    """The course, Jupyter's server in it, and who left out sigma'(z^L)."""

    course: Course
    server: Server
    student: str

    @property
    def page(self) -> Path:
        return self.course.feedback(self.student, "ps3") / "backpropagation.html"


@pytest.fixture(scope="module")
def evening(demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    root = tmp_path_factory.mktemp("evening") / "course"
    course = open_course(shutil.copytree(demo.course.root, root))
    shutil.rmtree(root / course.directory.feedback_directory)
    slip = next(student.id for student in demo.students if student.kind == "M01")
    with jupyter_server(root, tmp_path_factory.mktemp("jupyter")) as server:
        yield Evening(course, server, slip)


@pytest.fixture
def open_lab(evening, visit):
    """Opens a page of the server."""
    return lambda path: (
        visit(f"{evening.server.address}/{path}", extra_http_headers=evening.server.headers).page
    )


def marks(evening: Evening) -> dict[str, float]:
    """The marks of the student in the gradebook."""
    with evening.course.gradebook() as gradebook:
        found = gradebook.find_submission_notebook("backpropagation", "ps3", evening.student)
        return {grade.cell.name: grade.score for grade in found.grades}


def set_box(place: FrameLocator | Page, id: str, text: str) -> None:
    """Type into one of formgrader's boxes, and wait until it says that this is saved."""
    box = place.locator(f'[id="{id}"]')
    panel = box.locator("xpath=ancestor::*[contains(@class, 'nbgrader_cell')]")
    box.fill(text)
    kind = "comment-saved" if id.endswith("-comment") else "score-saved"
    box.press("Tab")
    expect(panel.locator(f".{kind}")).to_be_visible()


def press(page: Page, student: str, button: str) -> str:
    """Press a button in the row of a student; what the dialog says then. It is closed again."""
    row = page.locator("#main-table tr", has=page.get_by_text(student, exact=True))
    row.locator(f"td.{button} a").click()
    dialog = page.locator(".modal.in")
    dialog.locator(".modal-title").wait_for()
    said = dialog.inner_text()
    dialog.get_by_role("button", name="OK").click()
    expect(page.locator(".modal-backdrop")).to_have_count(0)
    return said


def test_formgrader_is_in_the_menu_and_leads_to_an_answer(evening, open_lab):
    page = open_lab("lab")
    page.set_default_timeout(60_000)
    page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    page.locator(".lm-Menu-itemLabel").get_by_text("Formgrader", exact=True).click()
    formgrader = page.frame_locator("iframe").first
    formgrader.get_by_role("link", name="Manual Grading").click()
    formgrader.get_by_role("link", name="ps3").click()
    formgrader.get_by_role("link", name="backpropagation").click()
    formgrader.get_by_role("link", name="Submission #1", exact=True).click()
    formgrader.locator("#explain").wait_for()


def test_marks_and_a_comment_by_hand_reach_the_students_page(evening, open_lab, visit):
    before = marks(evening)
    page = open_lab(f"formgrader/manage_students/{evening.student}/ps3")
    page.get_by_role("link", name="backpropagation").click()
    expect(page.locator("#test-output-delta-quadratic")).to_have_attribute("placeholder", "0")
    set_box(page, "explain", "1.5")
    set_box(page, "explain-comment", COMMENT)
    set_box(page, "test-output-delta-quadratic", "1")
    set_box(page, "test-sigmoid_extra_credit", "0.5")
    changed = {"explain": 1.5, "test-output-delta-quadratic": 1.0, "test-sigmoid": 1.5}
    assert marks(evening) == before | changed

    page = open_lab("formgrader/manage_submissions/ps3")
    assert "Successfully generated feedback" in press(page, evening.student, "generate-feedback")
    by_button = evening.page.read_text(encoding="utf-8")
    students = visit(evening.page.as_uri())
    total = sum(marks(evening).values())
    assert students.page.locator("h1").first.inner_text() == (
        f"backpropagation: {total:g} of 20 marks"
    )
    shown = students.page.locator("table.marks tbody tr").all_inner_texts()
    rows = {name: said for name, *said in (map(str.strip, row.split("\t")) for row in shown)}
    assert rows["output delta quadratic"] == ["1 of 2", "BP-1 [M01] sigma'(z^L) is left out"]
    assert rows["explain"] == ["1.5 of 2", COMMENT]
    assert rows["sigmoid"] == ["1.5 of 1", ""]
    assert rows["loop figure"][0] == "not marked yet"
    assert (students.requests, students.complaints) == ([evening.page.as_uri()], [])

    done = feedback(evening.course, "ps3", lambda items, _: items)
    assert evening.student in done.written and not done.attention
    assert evening.page.read_text(encoding="utf-8") == by_button


def test_autograding_again_keeps_what_was_given_by_hand(evening, open_lab):
    before = marks(evening)
    page = open_lab("formgrader/manage_submissions/ps3")
    assert "Successfully autograded" in press(page, evening.student, "autograde")
    assert marks(evening) == before
    graded = next(evening.course.autograded(evening.student, "ps3").glob("*.ipynb"))
    assert "BP-1 [M01] sigma'(z^L) is left out" in graded.read_text(encoding="utf-8")


def test_formgrader_lists_every_student_of_the_class(demo, open_lab):
    page = open_lab("formgrader/manage_students")
    page.locator("#main-table td.score").first.wait_for()
    page.get_by_role("link", name=demo.students[-1].last_name).wait_for()
    assert page.locator("#main-table tr").count() == len(demo.students)
