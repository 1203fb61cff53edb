"""A submission rebuilt from the release: the course's cells, with the student's answers in them.

Whatever happened to a notebook on its way (cells deleted, repeated, moved, locked cells edited,
metadata lost or forged), what is graded has the cells of the release in their order. From the
student come the answers, found by the id of their cell or else by the names that they define, and
the cells that they added. Nothing else of a submission survives: no metadata, output or id.
"""

import re
from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode

from bpkit.grading.variants import CELL as VARIANT

DEFINED = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
RAW_HTML = re.compile(r"<(?=[A-Za-z/!?])")
ENTITY = re.compile(r"&(?=#|\w+;)")
REMOTE_PICTURE = re.compile(r"!(?=\[(?![^\]]*\]\(attachment:))")
SCRIPT_LINK = re.compile(r"(script\\*):", re.IGNORECASE)


def rebuild(
    submitted: dict[str, Any], release: NotebookNode
) -> tuple[NotebookNode, tuple[str, ...]]:
    """The notebook to grade, and what a human may want to know about how it was made.

    Parameters
    ----------
    submitted : as ``read_submission`` returns it.
    release : the notebook that students got.
    """
    answers = {
        grade_id: cell for cell in release.cells if (grade_id := _answer_id(cell)) is not None
    }
    places = _places(submitted["cells"], release.cells, answers)
    last = {place: index for index, place in enumerate(places) if place is not None}

    remarks = _restored(submitted["cells"], places, release.cells)
    added: dict[int, list[dict[str, Any]]] = {}
    latest = -1
    for index, (cell, place) in enumerate(zip(submitted["cells"], places)):
        if place is None:
            added.setdefault(latest, []).append(cell)
            continue
        latest = place
        if index != last[place] and (grade_id := _answer_id(release.cells[place])):
            added.setdefault(latest, []).append(cell)
            remarks.append(f"cell {grade_id} is there more than once: the last one was graded")

    cells = [*map(_added, added.get(-1, []))]
    for place, original in enumerate(release.cells):
        cell = nbformat.from_dict(original)
        grade_id = _answer_id(original)
        if grade_id is not None and place in last:
            cell.source = _answer(submitted["cells"][last[place]], original)
        elif grade_id is not None:
            remarks.append(f"cell {grade_id} is missing")
        cells.append(cell)
        cells += map(_added, added.get(place, []))
    for number, cell in enumerate(cells):
        cell.setdefault("id", f"added-{number}")
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=release.metadata)
    return notebook, tuple(dict.fromkeys(remarks))


def _restored(
    cells: Sequence[dict[str, Any]], places: Sequence[int | None], release: Sequence[NotebookNode]
) -> list[str]:
    """What was done to the course's own cells, and what had to be looked for."""
    altered, missing, found = [], [], []
    for place, original in enumerate(release):
        name = _grade_id(original)
        if name is None or name == VARIANT:  # which may be each student's own
            continue
        there = [cell for cell, p in zip(cells, places) if p == place]
        changed = any(_plain(cell["source"]) != _plain(original.source) for cell in there)
        if _answer_id(original) is None:
            if not there:
                missing.append(name)
            elif changed:
                altered.append(name)
        elif changed and all(_grade_id(cell) != name for cell in there):
            found.append(name)
    kinds = {
        "altered, graded as released": altered,
        "deleted, graded as released": missing,
        "without their ids, known by what they define": found,
    }
    return [f"{kind}: {', '.join(names)}" for kind, names in kinds.items() if names]


def _plain(source: str) -> str:
    """The lines of a cell, without what editors do to their ends."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _places(
    cells: Sequence[dict[str, Any]],
    release: Sequence[NotebookNode],
    answers: dict[str, NotebookNode],
) -> list[int | None]:
    """For each submitted cell the number of the release's cell that it is, or None if added."""
    by_id = {_grade_id(cell): place for place, cell in enumerate(release) if _grade_id(cell)}
    by_text = {(cell.cell_type, cell.source): place for place, cell in enumerate(release)}
    places: list[int | None] = []
    for cell in cells:
        text = cell["cell_type"], cell["source"]
        place = by_id.get(_grade_id(cell))
        if place is None and cell["source"].strip():
            place = by_text.get(text)
        places.append(place)
    lost = {
        frozenset(DEFINED.findall(answers[grade_id].source)): by_id[grade_id]
        for grade_id in answers
        if by_id[grade_id] not in places
    }
    for index, cell in enumerate(cells):
        if places[index] is None and cell["cell_type"] == "code":
            defined = frozenset(DEFINED.findall(cell["source"]))
            matches = (place for names, place in lost.items() if names and names <= defined)
            places[index] = next(matches, None)
    return places


def _grade_id(cell: Any) -> str | None:
    about = cell["metadata"].get("nbgrader")
    grade_id = about.get("grade_id") if isinstance(about, dict) else None
    return grade_id if isinstance(grade_id, str) else None


def _answer_id(cell: NotebookNode) -> str | None:
    """The id of a cell that students write into, None for all others."""
    about = cell.metadata.get("nbgrader", {})
    return _grade_id(cell) if about.get("solution") else None


def _answer(cell: dict[str, Any], original: NotebookNode) -> str:
    if original.cell_type == "markdown" and cell["source"] != original.source:
        return _disarmed(cell["source"])
    return cell["source"]


def _added(cell: dict[str, Any]) -> NotebookNode:
    """A cell of the student's own, without an id."""
    if cell["cell_type"] == "code":
        plain = nbformat.v4.new_code_cell(cell["source"])
    else:
        plain = nbformat.v4.new_markdown_cell(_disarmed(cell["source"]))
    del plain["id"]
    return plain


def _disarmed(markdown: str) -> str:
    """Markdown that shows HTML as text, and neither runs scripts nor loads pictures from elsewhere.

    The look-alikes for & and : are no accident: nbconvert decodes an escaped entity twice. A
    picture becomes a link: a server would be told who reads the page, and when.
    """
    markdown = RAW_HTML.sub("&lt;", ENTITY.sub("\N{FULLWIDTH AMPERSAND}", markdown))
    markdown = REMOTE_PICTURE.sub("!\N{ZERO WIDTH SPACE}", markdown)
    return SCRIPT_LINK.sub("\\1\N{FULLWIDTH COLON}", markdown)
