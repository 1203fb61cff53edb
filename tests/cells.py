"""Cells of a notebook written as text: ``python -m tests.cells NOTEBOOK [TEXT] [--after ID]``.

When JupyterLab saves a notebook, new cells get random ids, and settings and times are stored that
the tests refuse. This takes the latter out. With a TEXT it first puts the cells of that file into
the notebook: after the cell ID, or else in place of all there are. A lecture is then run from top
to bottom, and its outputs are stored.

TEXT is MyST Markdown, as MyST-NB reads it. ``+++ {"id": "..."}`` begins a cell of words; a
``{code-cell}`` has its options below its first line:

======================  =======================================================================
``:id: name``           the cell's name, and its grade_id if it has a role
``:answer: true``       students write here
``:points: 2``          marks: a test, or with ``answer`` what a person reads
``:locked: true``       students cannot change it
``:slide: skip``        on the slides of a lecture; else what ``docs/design.md`` says
======================  =======================================================================
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
OF_A_CELL = {"bpkit", "deletable", "editable", "nbgrader", "slideshow", "tags"}
WIDGET = "application/vnd.jupyter.widget-view+json"
"""A live widget, by a random id that means nothing in the next kernel."""

SECONDS = 300
"""What one cell of a lecture may take."""


def read_cells(text: str, lecture: bool) -> list[NotebookNode]:
    """The cells that a text describes.

    Raises
    ------
    KeyError : for a cell without an id.
    """
    return [_cell(cell, lecture) for cell in read_myst_markdown_notebook(text).cells]


def _cell(cell: NotebookNode, lecture: bool) -> NotebookNode:
    options = cell.metadata
    cell.id, cell.source = options["id"], cell.source.strip("\n")
    cell.metadata = NotebookNode()
    if lecture:
        slide = options.get("slide") or _slide_type(cell)
        cell.metadata.slideshow = NotebookNode(slide_type=slide)
    answer, points = bool(options.get("answer")), options.get("points")
    if answer or points is not None or options.get("locked"):
        role = {"grade": points is not None, "solution": answer, "locked": not answer}
        marks = {} if points is None else {"points": points}
        about = {"schema_version": 3, "grade_id": cell.id, "task": False, **role, **marks}
        cell.metadata.nbgrader = nbformat.from_dict(about)
    return cell


def _slide_type(cell: NotebookNode) -> str:
    if cell.source.startswith(("# ", "## ")):
        return "slide"
    return "subslide" if cell.source.startswith("### ") else "fragment"


def put(cells: list[NotebookNode], new: list[NotebookNode], after: str) -> list[NotebookNode]:
    """The cells with new ones behind the one named ``after``; of one name, the new one stays.

    Raises
    ------
    LookupError : if there is no cell of that name.
    """
    replaced = {cell.id for cell in new}
    cells = [cell for cell in cells if cell.id not in replaced]
    ids = [cell.id for cell in cells]
    if after not in ids:
        raise LookupError(f"no cell {after!r} to put them behind; there are: {', '.join(ids)}")
    place = ids.index(after) + 1
    return [*cells[:place], *new, *cells[place:]]


def tidy(notebook: NotebookNode, lecture: bool) -> NotebookNode:
    """The notebook without what editors and kernels add; an assignment without outputs."""
    ours = notebook.metadata.get("bpkit")
    notebook.metadata = nbformat.from_dict(
        METADATA if ours is None else {**METADATA, "bpkit": ours}
    )
    for cell in notebook.cells:
        kept = {name: about for name, about in cell.metadata.items() if name in OF_A_CELL}
        cell.metadata = NotebookNode(kept)
        if cell.cell_type == "code" and not lecture:
            cell.outputs, cell.execution_count = [], None
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def run(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells in a kernel of their own, and keep what they print and draw."""
    with TemporaryDirectory() as place:
        sockets = Config(ConnectionFileMixin={"transport": "ipc", "ip": f"{place}/kernel"})
        client = NotebookClient(notebook, timeout=SECONDS, record_timing=False, config=sockets)
        client.execute(cwd=str(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description="Put cells into a notebook, and tidy it.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("text", type=Path, nargs="?", help="cells in MyST Markdown")
    parser.add_argument("--after", metavar="ID", help="behind this cell; else it is all there is")
    given = parser.parse_args()
    path, lecture = given.notebook, given.notebook.parent.name == "lectures"
    try:
        notebook = nbformat.v4.new_notebook()
        if given.after or not given.text:
            notebook = nbformat.read(path, as_version=4)
        if given.text:
            new = read_cells(given.text.read_text(encoding="utf-8"), lecture)
            notebook.cells = put(notebook.cells, new, given.after) if given.after else new
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    except KeyError:
        parser.error(f'{given.text}: every cell needs a name, +++ {{"id": "..."}} or :id: ...')
    except LookupError as error:
        parser.error(f"{path}: {error}")
    if lecture:
        run(notebook, path.parent)
    nbformat.write(tidy(notebook, lecture), path)
    print(f"wrote {path}: {len(notebook.cells)} cells")


if __name__ == "__main__":
    main()
