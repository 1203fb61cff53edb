"""Make the pictures in docs/images anew: ``python tests/browser/screenshots.py``.

They show a lecture in Jupyter Notebook, a wrong answer in JupyterLab and, of a demo
class, the class report, a page of feedback and formgrader. No page is given a network: what a
picture shows can be seen offline.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browsing import REPOSITORY, jupyter_server, make_demo, open_browser, open_page
from lab import address, cell, run, set_up, wait_for_kernel
from playwright.sync_api import Browser, Page

from bpkit.demo_answers.right import MATRIX
from bpkit.grading.demo import Demo

IMAGES = REPOSITORY / "docs" / "images"
LECTURE = "03-the-four-equations.ipynb"
STUDENTS = 30


def main() -> None:
    """Write every picture, and say where."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        lecture(browser, Path(scratch) / "lecture")
        student(browser, Path(scratch) / "student")
        demo = make_demo(Path(scratch) / "demo", STUDENTS)
        report(browser, demo)
        feedback(browser, demo)
        formgrader(browser, demo, Path(scratch))


def lecture(browser: Browser, scratch: Path) -> None:
    """Lecture 3 where it proves BP-2."""
    folder = scratch / "lectures"
    folder.mkdir(parents=True)
    shutil.copy(REPOSITORY / "lectures" / LECTURE, folder)
    with (
        jupyter_server(folder, scratch) as server,
        shot(
            browser,
            "lecture",
            f"{server.address}/notebooks/{LECTURE}",
            extra_http_headers=server.headers,
        ) as page,
    ):
        place = page.get_by_role("heading", name="(BP-2): from a layer to the one below")
        page.locator("mjx-container").first.wait_for()
        place.scroll_into_view_if_needed()
        place.evaluate("heading => heading.scrollIntoView()")
        page.wait_for_timeout(2000)  # what scrolls into view is typeset then


def student(browser: Browser, scratch: Path) -> None:
    """A wrong answer to BP-1 in JupyterLab, and what the check says."""
    folder = scratch / "mine"
    folder.mkdir(parents=True)
    shutil.copy(REPOSITORY / "exercises" / "ps3" / "backpropagation.ipynb", folder)
    set_up(scratch)
    test = "checks.output_delta_quadratic("
    with (
        jupyter_server(folder, scratch) as server,
        shot(
            browser,
            "check",
            address(server, "backpropagation.ipynb"),
            extra_http_headers=server.headers,
        ) as page,
    ):
        page.set_viewport_size({"width": 1200, "height": 720})
        wait_for_kernel(page)
        page.get_by_role("tab", name="File Browser").click()  # closes it
        run(page, "import matplotlib")
        run(page, "def sigmoid(z)", MATRIX.cells["sigmoid"].strip())
        run(page, "checks.sigmoid(")
        run(
            page,
            "def output_delta_quadratic",
            "def output_delta_quadratic(z, y):\n    return sigmoid(z) - y",
        )
        run(page, test)
        cell(page, test).evaluate("cell => cell.scrollIntoView({block: 'end'})")


def report(browser: Browser, demo: Demo) -> None:
    """The top of the class report."""
    with shot(browser, "report", demo.report.as_uri()):
        pass


def feedback(browser: Browser, demo: Demo) -> None:
    """What a student reads first who left out sigma'(z^L)."""
    student = next(student for student in demo.students if student.kind == "M01")
    path = demo.course.feedback(student.id, "ps3") / "backpropagation.html"
    with shot(browser, "feedback", path.as_uri()) as page:
        page.set_viewport_size({"width": 1200, "height": 640})


def formgrader(browser: Browser, demo: Demo, scratch: Path) -> None:
    """nbgrader's list of the graded submissions."""
    with (
        jupyter_server(demo.course.root, scratch) as server,
        shot(
            browser,
            "formgrader",
            f"{server.address}/formgrader/manage_submissions/ps3",
            extra_http_headers=server.headers,
        ) as page,
    ):
        page.locator("td.score").first.wait_for()


@contextmanager
def shot(browser: Browser, name: str, address: str, **options) -> Iterator[Page]:
    """Open a page; when it has been brought to the right place, take its picture."""
    page = open_page(browser, address, device_scale_factor=2, **options).page
    yield page
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    page.close()
    print(path.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
