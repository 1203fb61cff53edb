"""Every cell of every lecture says what it is when the lecture is shown as slides.

That no slide overflows is held in a browser, by tests/browser/test_site.py.
"""

from pathlib import Path

import nbformat
import pytest
from nbconvert import SlidesExporter

LECTURES = sorted((Path(__file__).parents[2] / "lectures").glob("*.ipynb"))
TYPES = {"slide", "subslide", "fragment", "-", "skip", "notes"}


@pytest.fixture(params=LECTURES, ids=lambda path: path.stem)
def cells(request):
    return nbformat.read(request.param, as_version=4).cells


def slide_type(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type")


def test_every_cell_has_a_slide_type(cells):
    assert {cell.id: slide_type(cell) for cell in cells if slide_type(cell) not in TYPES} == {}


def test_sections_begin_slides_and_nothing_else_does(cells):
    for cell in cells:
        begins = cell.source.startswith(("# ", "## "))
        assert (slide_type(cell) == "slide") == begins, cell.id


def test_subsections_begin_a_slide_below(cells):
    for cell in cells:
        if cell.source.startswith("### "):
            assert slide_type(cell) == "subslide", cell.id


def test_only_code_that_shows_nothing_is_skipped(cells):
    """A skipped cell takes its introduction along, and neither defines an equation."""
    for cell, after in zip(cells, [*cells[1:], None]):
        if slide_type(cell) == "skip":
            assert r"\tag{" not in cell.source, cell.id
            if cell.cell_type == "code":
                assert not cell.outputs, cell.id
            else:
                assert after.cell_type == "code" and slide_type(after) == "skip", cell.id


def test_nbconvert_makes_a_slide_of_each_section(cells):
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    html, _ = SlidesExporter().from_notebook_node(notebook)
    shown = html[html.index('<div class="slides">') :]
    types = [slide_type(cell) for cell in cells]
    assert shown.count("<section") == 2 * types.count("slide") + types.count("subslide")
    assert shown.count('class="fragment"') == types.count("fragment")
