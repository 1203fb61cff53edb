"""The class report of the demo, in a browser."""

import pytest

from bpkit.grading.report import read_class, slips, write_report

pytestmark = [pytest.mark.browser, pytest.mark.jail, pytest.mark.slow]


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 375])
def test_report_loads_nothing_complains_of_nothing_and_fits(demo, visit, width, colours):
    seen = visit(demo.report.as_uri(), width=width, color_scheme=colours)
    assert seen.requests == [demo.report.as_uri()]
    assert seen.complaints == []
    wide, shown = seen.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= shown == width


def test_charts_have_names_that_a_screen_reader_reads(demo, visit):
    page = visit(demo.report.as_uri()).page
    exercises = len(demo.tasks)
    found = len(slips(read_class(demo.course, "ps3")))
    assert found > 0
    assert page.get_by_role("img").count() == 1 + exercises + found
    assert page.get_by_role("img", name="Histogram of marks.").count() == 1
    for task in demo.tasks:
        title = task.name.removeprefix("test-").replace("-", " ")
        assert page.get_by_role("rowheader", name=title).count() >= 1
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings == [
        "Marks",
        "Exercise by exercise",
        "Misconceptions",
        "Needs a human",
        "Students",
    ]


def test_every_student_and_every_total_is_there(demo, visit):
    page = visit(demo.report.as_uri()).page
    rows = page.locator("table.students tbody tr")
    shown = {
        tuple(cell.strip() for cell in row.locator("th, td").all_inner_texts()[:2])
        for row in rows.all()
    }
    expected = set()
    for row in demo.marks:
        total = f"{row.total:g}" if any(mark is not None for mark in row.by_task) else "–"
        expected.add((f"{row.last_name}, {row.first_name} {row.student}", total))
    assert shown == expected


def test_nothing_in_a_page_runs(demo, visit, tmp_path):
    with demo.course.gradebook() as gradebook:
        person = gradebook.students[0]
        before = person.last_name
        person.last_name = "<script>document.title = 'ran'</script><img src=x onerror=alert(1)>"
        gradebook.db.commit()
        try:
            path = write_report(demo.course, "ps3", tmp_path / "evil.html")
        finally:
            person.last_name = before
            gradebook.db.commit()
    seen = visit(path.as_uri())
    assert seen.page.title() == "Class report: ps3"
    assert seen.page.get_by_text("onerror=alert(1)").count() >= 1
    assert (seen.requests, seen.complaints) == ([path.as_uri()], [])
    assert seen.page.locator("script, table img").count() == 0


def test_report_prints_on_a4(demo, visit, tmp_path):
    page = visit(demo.report.as_uri(), color_scheme="dark").page
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF") and b"/MediaBox [0 0 594.95" in printed
