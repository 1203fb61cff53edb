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
    shown = page.locator("body").inner_text()
    for line in messages[0].splitlines():
        assert line in shown
    assert page.get_by_text("BP-1 [M01]").first.is_visible()


def test_feedback_shows_the_marks_and_no_hidden_test(demo, slip, visit):
    marks = next(row for row in demo.marks if row.student == slip.id)
    most = sum(task.points for task in demo.tasks)
    page = visit((demo.course.feedback(slip.id, "ps3") / "backpropagation.html").as_uri()).page
    shown = page.locator("body").inner_text()
    assert f"(Score: {marks.total:.1f} / {most:.1f})" in shown
    assert "HIDDEN TESTS" in _source(demo)
    assert "HIDDEN TESTS" not in shown and "rounds=" not in shown


def _source(demo) -> str:
    return (demo.course.source("ps3") / "backpropagation.ipynb").read_text(encoding="utf-8")
