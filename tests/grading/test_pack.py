"""What students get: one zip file that unpacks and reads well, the same bytes each time."""

import os
import re
import zipfile
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

import bpkit
from bpkit.grading.due import set_due
from bpkit.grading.pack import HOWTO, WHEEL, howto, pack, pack_for_each, wheel
from bpkit.grading.release import release
from tests.grading.courses import ASSIGNMENT, NOTEBOOK, SECRET, make_course, make_released_course

pytestmark = pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")


def contents(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_exercise_its_data_and_a_page(tmp_path):
    course = make_course(tmp_path / "course")
    (course.source(ASSIGNMENT) / "data").mkdir()
    (course.source(ASSIGNMENT) / "data" / "points.csv").write_bytes(b"1,2\r\n")
    release(course, ASSIGNMENT)
    path = pack(course, ASSIGNMENT)
    assert path == course.root / "handouts" / "ps1.zip"
    found = contents(path)
    assert set(found) == {f"ps1/{HOWTO}", f"ps1/{NOTEBOOK}", "ps1/data/points.csv"}
    assert found[f"ps1/{NOTEBOOK}"] == (course.release(ASSIGNMENT) / NOTEBOOK).read_bytes()
    assert found["ps1/data/points.csv"] == b"1,2\r\n"
    assert SECRET.encode() not in path.read_bytes()


def test_the_same_bytes_wherever_and_whenever(tmp_path):
    here, there = (make_released_course(tmp_path / name) for name in ("here", "there"))
    os.utime(there.release(ASSIGNMENT) / NOTEBOOK, (0, 0))
    assert pack(here, ASSIGNMENT).read_bytes() == pack(there, ASSIGNMENT).read_bytes()
    with zipfile.ZipFile(pack(here, ASSIGNMENT)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    before = pack(here, ASSIGNMENT).stat().st_mtime_ns
    assert pack(here, ASSIGNMENT).stat().st_mtime_ns == before


def test_one_for_each_student(tmp_path):
    course = make_released_course(tmp_path / "course")
    for student in "ada", "bob":
        own = course.root / "handouts" / ASSIGNMENT / student / ASSIGNMENT / NOTEBOOK
        own.parent.mkdir(parents=True)
        own.write_text(
            (course.release(ASSIGNMENT) / NOTEBOOK).read_text().replace("# Numbers", f"# {student}")
        )
    paths = pack_for_each(course, ASSIGNMENT)
    assert [path.name for path in paths] == ["ada.zip", "bob.zip"]
    assert b"# bob" in contents(paths[1])[f"ps1/{NOTEBOOK}"]
    assert b"<h1>bob</h1>" in contents(paths[1])[f"ps1/{HOWTO}"]
    assert len(pack_for_each(course, ASSIGNMENT)) == 2


def test_the_page_tells_the_due_date(tmp_path):
    course = make_released_course(tmp_path / "course")
    assert b"Due" not in contents(pack(course, ASSIGNMENT))[f"ps1/{HOWTO}"]
    set_due(course, ASSIGNMENT, datetime(2026, 12, 1, 12, tzinfo=UTC))
    page = contents(pack(course, ASSIGNMENT))[f"ps1/{HOWTO}"].decode()
    assert "Numbers" in page and "6 marks. Due 1 December 2026" in page


@pytest.mark.parametrize("folder", ["handouts", "dist"])
def test_bpkit_comes_along(tmp_path, folder):
    course = make_released_course(tmp_path / "course")
    page = contents(pack(course, ASSIGNMENT))[f"ps1/{HOWTO}"].decode()
    assert wheel(course) is None and "pip install" not in page
    assert "from the file that your course gives you" in page
    (course.root / folder).mkdir(exist_ok=True)
    (course.root / folder / WHEEL.replace(bpkit.__version__, "0.0.1")).write_bytes(b"another")
    (course.root / folder / WHEEL).write_bytes(b"wheel")
    found = contents(pack(course, ASSIGNMENT))
    assert found[f"ps1/{WHEEL}"] == b"wheel" and len(found) == 3
    page = Page(found[f"ps1/{HOWTO}"].decode()).text
    for installed in re.findall(r'pip install "(.*)\[course\]"', page):
        assert installed.replace("\\", "/") in found
    assert page.count("pip install") == 2


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_page_loads_nothing_and_escapes_everything():
    page = Page(
        howto(
            "ps1",
            title="<script>alert(1)</script>",
            points=2.5,
            notebooks=["<b>.ipynb"],
            files=["<b>.ipynb", "a & b.csv"],
            wheel=None,
            due=None,
        )
    )
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "link", "iframe", "b"}
    assert not [a for _, a in page.tags if {"src", "href"} & a.keys()]
    assert "<script>alert(1)</script>" in page.text and "2.5 marks." in page.text
    text = " ".join(page.text.split())
    assert "you find <b>.ipynb and a & b.csv; keep them together." in text
    assert "Hand in <b>.ipynb, the .ipynb file itself" in text
