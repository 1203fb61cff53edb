"""Rules that every lecture keeps, and a proof that the checks in them can fail.

The files slips_NN.py hold slips; each, put into lecture NN, must stop the cell it is put into.
That a lecture runs, and prints what is stored in it, is held by nbval.
"""

import re
import runpy
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
TAG = r"[A-Z]{1,3}-\d+[a-z]?"


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def defined_tags(source):
    return re.findall(rf"\\tag\{{({TAG})\}}", source)


def outputs(notebook):
    return [(cell.id, output) for cell in code_cells(notebook) for output in cell.outputs]


@pytest.fixture(params=LECTURES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return read(path)


def test_there_are_lectures():
    assert LECTURES


def test_valid_notebook(notebook):
    nbformat.validate(notebook)


def test_ids_name_their_cells(notebook):
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for id in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", id), id
        assert not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}.*)?", id), f"{id} looks random"


def test_kernel_is_python3_and_nothing_tells_of_the_machine(notebook):
    assert notebook.metadata.kernelspec.name == "python3"
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}
    assert all(set(cell.metadata) <= {"slideshow", "tags"} for cell in notebook.cells)


def test_cells_ran_once_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_code_cells_are_short(notebook):
    for cell in code_cells(notebook):
        assert len(cell.source.splitlines()) <= 20, cell.id


def test_no_errors_and_no_stderr_in_outputs(notebook):
    for id, output in outputs(notebook):
        assert output.output_type != "error", id
        assert output.get("name") != "stderr", id


def test_no_paths_in_texts(notebook):
    texts = [cell.source for cell in notebook.cells]
    texts += [output.get("text", "") for _, output in outputs(notebook)]
    for text in texts:
        assert not re.search(r"(?<![\w:/.])/(home|tmp|usr|work|root|Users|opt)/", text), text


def test_every_figure_has_an_alternative_text(notebook):
    for id, output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            assert len(alt.split()) >= 8, f"{id}: {alt!r} does not say what is shown"
            assert output.data["text/plain"] == alt, id


def test_every_tag_that_is_used_is_defined():
    defined, used = set(), {}
    for lecture in LECTURES:
        for cell in read(lecture).cells:
            if cell.cell_type == "markdown":
                defined.update(defined_tags(cell.source))
                used |= {tag: cell.id for tag in re.findall(rf"\(({TAG})\)", cell.source)}
    assert {tag: id for tag, id in used.items() if tag not in defined} == {}


def test_no_tag_is_defined_twice():
    tags = [
        tag for path in LECTURES for cell in read(path).cells for tag in defined_tags(cell.source)
    ]
    assert sorted(tags) == sorted(set(tags))


def cells_that_follow_tags(notebook):
    """For every tag, the ids of the code cells after it and before the next tag."""
    following: dict[str, list[str]] = {}
    current = None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for tag in defined_tags(cell.source):
                current = tag
                following[tag] = []
        elif current:
            following[current].append(cell.id)
    return following


def test_every_numbered_equation_is_followed_by_code(notebook):
    for tag, ids in cells_that_follow_tags(notebook).items():
        assert ids, f"({tag}) is not followed by a cell that checks it"


def test_relative_links_lead_somewhere(path, notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)\s]+)\)", cell.source):
                if not re.match(r"https?://|#", target):
                    assert (path.parent / target.split("#")[0]).exists(), f"{cell.id}: {target}"


SLIPS = {
    path.stem.removeprefix("slips_"): runpy.run_path(str(path))
    for path in sorted(Path(__file__).parent.glob("slips_*.py"))
}
"""By the number of a lecture: BROKEN, a slip for each of its tags, and MORE_BROKEN, others."""

EVERY_SLIP = [
    pytest.param(number, *slip, id=f"{number}-{slip[0]}-{slip[2][:24]}")
    for number, slips in SLIPS.items()
    for slip in [*slips["BROKEN"].values(), *slips["MORE_BROKEN"]]
]


def numbered(number):
    """The lecture of this number, read anew."""
    (path,) = [path for path in LECTURES if path.stem.startswith(f"{number}-")]
    return read(path)


def run(notebook, last):
    """What the code cells up to the one named ``last`` leave behind; pictures are left out."""
    namespace: dict[str, object] = {}
    for cell in code_cells(notebook):
        if "plots.show(" not in cell.source and "plots.step_through(" not in cell.source:
            exec(cell.source, namespace)
        if cell.id == last:
            break
    return namespace


def test_every_lecture_has_slips():
    assert set(SLIPS) == {path.stem[:2] for path in LECTURES}


@pytest.mark.parametrize("number", SLIPS)
def test_every_equation_has_a_slip_that_its_own_cell_must_catch(number):
    following, broken = cells_that_follow_tags(numbered(number)), SLIPS[number]["BROKEN"]
    assert set(broken) == set(following)
    for tag, (cell, _, _) in broken.items():
        assert cell in following[tag]


@pytest.mark.parametrize(("number", "id", "right", "wrong"), EVERY_SLIP)
def test_a_broken_equation_stops_its_cell(number, id, right, wrong):
    notebook = numbered(number)
    cells = code_cells(notebook)
    (n,) = [n for n, cell in enumerate(cells) if cell.id == id]
    assert cells[n].source.count(right) == 1
    namespace = run(notebook, cells[n - 1].id)
    # a slip that changes a shape may be refused by NumPy, with a ValueError, before the check
    with pytest.raises((AssertionError, ValueError)):
        exec(cells[n].source.replace(right, wrong), namespace)


@pytest.mark.parametrize("number", SLIPS)
def test_a_lecture_runs_when_nothing_is_broken(number):
    notebook = numbered(number)
    run(notebook, code_cells(notebook)[-1].id)
