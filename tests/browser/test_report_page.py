"""The class report of the demo, in a browser."""

from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from bpkit.grading.report import slips, teach_first, write_report
from bpkit.grading.results import read_class

pytestmark = [pytest.mark.browser, pytest.mark.jail, pytest.mark.slow]

DIFFERENT = 20
"""Of 255, in the mean of all pixels: two swatches that eyes tell apart."""


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
    found = slips(read_class(demo.course, "ps3"))
    assert len(found) > 0
    assert page.get_by_role("img").count() == 1 + exercises + len(teach_first(found))
    assert page.locator("ol.slips math").first.is_visible()
    assert page.get_by_role("img", name="Histogram of marks.").count() == 1
    for task in demo.tasks:
        title = task.name.removeprefix("test-").replace("-", " ")
        assert page.get_by_role("rowheader", name=title).count() >= 1
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings == [
        "What to teach again",
        "Exercise by exercise",
        "Marks",
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
    assert 1 <= printed.count(b"/Type /Page\n") <= 3
    page.set_viewport_size(
        {"width": 672, "height": 1000}
    )  # what an A4 page has between its margins
    assert page.evaluate("document.documentElement.scrollWidth") == 672


@pytest.mark.parametrize("eyes", ["deuteranopia", "protanopia", "tritanopia", "achromatopsia"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_four_kinds_of_bars_look_different_to_everybody(demo, visit, eyes, colours):
    page = visit(demo.report.as_uri(), color_scheme=colours).page
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setEmulatedVisionDeficiency", {"type": eyes})
    swatches = [
        np.asarray(Image.open(BytesIO(key.screenshot())).convert("RGB"), dtype=float)
        for key in page.locator(".key svg").all()
    ]
    assert len(swatches) == 4
    for one, other in combinations(swatches, 2):
        assert abs(one[:14, :14] - other[:14, :14]).mean() > DIFFERENT
