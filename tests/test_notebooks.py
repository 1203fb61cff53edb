"""What every notebook keeps, whoever saved it last, and every link inside the repository."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [
    path
    for part in ("lectures", "solutions", "exercises")
    for path in (ROOT / part).rglob("*.ipynb")
]
NOTEBOOKS = sorted(path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts)
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
OF_A_CELL = {"bpkit", "deletable", "editable", "nbgrader", "slideshow", "tags"}
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)|(?:href|src)=[\"']([^\"']+)")


def named(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: str(path.relative_to(ROOT)))


def texts(path):
    """The Markdown of a page or of a notebook, without code."""
    if path.suffix == ".md":
        return [FENCE.sub("", path.read_text(encoding="utf-8"))]
    cells = nbformat.read(path, as_version=4).cells
    return [FENCE.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"]


def links(path):
    found = [max(pair) for text in texts(path) for pair in LINK.findall(text)]
    return [address for address in found if not re.match(r"[a-z]+:", address)]


def anchors(path):
    """The names that GitHub gives to headings."""
    headings = [h for text in texts(path) for h in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@named(NOTEBOOKS)
def test_valid_with_ids_and_the_python3_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata.language_info) == {"name"}


@named(NOTEBOOKS)
def test_nothing_tells_when_or_where_it_ran(path):
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) <= {"bpkit", "kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= OF_A_CELL, cell.id
        assert "attachments" not in cell, cell.id


@named([path for path in NOTEBOOKS if "lectures" in path.parts])
def test_lectures_store_what_can_be_seen_without_a_kernel(path):
    """A widget has a random id that is dead tomorrow; its text and its table are what is kept."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            assert set(output.get("data", {})) <= {"text/plain", "text/html", "image/png"}, cell.id
        if "plots.step_through(" in cell.source:
            _, table = cell.outputs
            assert table.data["text/html"].count("<tr>") > 5, cell.id


@named([path for path in NOTEBOOKS if "lectures" not in path.parts])
def test_assignments_keep_no_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs") and not cell.get("execution_count"), cell.id


@named([*NOTEBOOKS, *PAGES])
def test_every_picture_in_a_text_says_what_it_shows(path):
    for text in texts(path):
        for alt in re.findall(r"!\[([^\]]*)\]\(", text):
            assert len(alt.split()) >= 3, alt
        for tag in re.findall(r"<img[^>]*>", text):
            assert re.search(r"alt=[\"'][^\"']{12,}", tag), tag


@named([*NOTEBOOKS, *PAGES])
def test_no_link_inside_the_repository_is_broken(path):
    for address in links(path):
        file, _, anchor = address.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), address
        assert ROOT in [target.resolve(), *target.resolve().parents], f"{address} leads outside"
        if anchor:
            assert anchor in anchors(target), address


def test_links_were_found():
    assert sum(len(links(path)) for path in PAGES) > 20
    assert any(links(path) for path in NOTEBOOKS)
    assert "teach-with-it" in anchors(ROOT / "README.md")
