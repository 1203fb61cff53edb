"""The pages that students get back, in a browser."""

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.jail, pytest.mark.slow]


@pytest.fixture(scope="module")
def slip(demo):
    """The student who left out sigma'(z^L), and nothing else."""
    return next(student for student in demo.students if student.kind == "M01")


def test_feedback_shows_the_message_of_the_failed_check(demo, slip, visit):
    graded = nbformat.read(
        demo.course.autograded(slip.id, "ps3") / "backpropagation.ipynb", as_version=4
    )
    messages = [
        output.evalue
        for cell in graded.cells
        for output in cell.get("outputs", ())
        if output.output_type == "error"
    ]
    assert [message.splitlines()[0] for message in messages] == [
        "BP-1 [M01] sigma'(z^L) is left out"
    ]
    page = visit((demo.course.feedback(slip.id, "ps3") / "backpropagation.html").as_uri()).page
    message = page.locator(".output_error")
    assert message.inner_text().strip() == messages[0]
    row = page.locator("table.marks tr.lost")
    assert row.inner_text().split("\t")[1:] == ["0 of 2", "\n" + messages[0].splitlines()[0]]
    assert not in_view(message)
    row.get_by_role("link").click()
    assert in_view(message)


def in_view(place) -> bool:
    box = place.bounding_box()
    return box["y"] >= 0 and box["y"] + box["height"] <= place.page.viewport_size["height"]


@pytest.mark.parametrize("kind", ["M01", "partly blank"])
def test_a_phone_shows_the_whole_page(demo, visit, kind):
    student = next(student for student in demo.students if student.kind == kind)
    path = demo.course.feedback(student.id, "ps3") / "backpropagation.html"
    seen = visit(path.as_uri(), width=375)
    assert seen.page.evaluate("document.documentElement.scrollWidth") == 375
    assert (seen.requests, seen.complaints) == ([path.as_uri()], [])
    assert seen.page.locator("math").count() > 50
    for message in seen.page.locator(".output_error pre").all():
        assert message.evaluate("pre => pre.scrollWidth <= pre.clientWidth")


def test_feedback_shows_the_marks_and_no_hidden_test(demo, slip, visit):
    marks = next(row for row in demo.marks if row.student == slip.id)
    most = sum(task.points for task in demo.tasks)
    page = visit((demo.course.feedback(slip.id, "ps3") / "backpropagation.html").as_uri()).page
    shown = page.locator("body").inner_text()
    assert f"backpropagation: {marks.total:g} of {most:g} marks" in shown
    assert "Not given yet: 3 marks, for answers that a person has still to read." in shown
    assert "HIDDEN TESTS" in _source(demo)
    assert "HIDDEN TESTS" not in shown and "rounds=" not in shown


def _source(demo) -> str:
    return (demo.course.source("ps3") / "backpropagation.ipynb").read_text(encoding="utf-8")
