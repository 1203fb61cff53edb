"""nbgrader's formgrader, on a course that bpkit graded."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.jail, pytest.mark.slow]


@pytest.fixture(scope="module")
def graded(demo) -> dict[str, float]:
    """The total of everybody who has marks."""
    return {
        row.student: row.total
        for row in demo.marks
        if any(mark is not None for mark in row.by_task)
    }


@pytest.fixture
def formgrader(server, visit):
    """Opens one of formgrader's pages."""
    return lambda path: (
        visit(f"{server.address}/formgrader/{path}", extra_http_headers=server.headers).page
    )


def test_formgrader_lists_the_assignment(formgrader, graded):
    page = formgrader("manage_assignments")
    row = page.locator("#main-table tr", has=page.get_by_text("ps3", exact=True))
    row.wait_for()
    assert row.locator("td.num-submissions").inner_text().strip() == str(len(graded))


def test_formgrader_lists_every_submission_with_its_marks(formgrader, graded, demo):
    page = formgrader("manage_submissions/ps3")
    page.locator("#main-table td.score").first.wait_for()
    shown = {
        row.locator("td.student-id").inner_text().strip(): row.locator("td.score").inner_text()
        for row in page.locator("#main-table tr").all()
    }
    most = sum(task.points for task in demo.tasks)
    assert shown == {student: f"{total:g} / {most:g}" for student, total in graded.items()}


def test_formgrader_shows_a_submission_with_the_message_of_its_check(formgrader, demo):
    student = next(student for student in demo.students if student.kind == "M01")
    with demo.course.gradebook() as gradebook:
        found = gradebook.find_submission_notebook("backpropagation", "ps3", student.id)
        submission = found.id
    page = formgrader(f"submissions/{submission}/")
    message = page.get_by_text("BP-1 [M01] sigma'(z^L) is left out")
    message.first.wait_for()
    assert message.first.is_visible()
    marks = next(row for row in demo.marks if row.student == student.id)
    expected = ["" if mark is None else f"{mark:g}" for mark in marks.by_task]
    scores = page.locator("input.score")
    expect(scores.first).to_have_attribute("placeholder", expected[0])  # they come after the page
    assert scores.evaluate_all("inputs => inputs.map(i => i.placeholder)") == expected
