"""A demo class of six, graded once for all tests here, and pages to look at it."""

from collections.abc import Callable, Iterator

import pytest
from browsing import Server, Visit, jupyter_server, make_demo, open_browser, open_page

from bpkit.grading.demo import Demo

STUDENTS = 6


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return make_demo(tmp_path_factory.mktemp("demo") / "course", STUDENTS)


@pytest.fixture(scope="session")
def server(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with jupyter_server(demo.course.root, tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="session")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Visit]]:
    """Opens a page; all of them are closed after the test."""
    visits: list[Visit] = []

    def visit(address: str, **options) -> Visit:
        visits.append(open_page(browser, address, **options))
        return visits[-1]

    yield visit
    for seen in visits:
        seen.page.close()
