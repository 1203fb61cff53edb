"""Cells written as text become cells of a notebook; what editors add to a notebook is taken out."""

import sys

import nbformat
import pytest

from tests import cells
from tests.test_notebooks import NOTEBOOKS, named

TEXT = """\
+++ {"id": "task-double"}

## 1. Twice (2 marks)

```{code-cell}
:id: double
:answer: true

def double(x):
    return 2 * x
```

```{code-cell}
:id: test-double
:points: 2

assert double(1) == 2
```

+++ {"id": "why", "answer": true, "points": 3}

Because.

```{code-cell}
:id: setup
:locked: true
import numpy
```
"""


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command; gives what it says in the end, or of a mistake."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["cells", *map(str, arguments)])
        try:
            cells.main()
        except SystemExit as end:
            assert end.code == 2
        captured = capsys.readouterr()
        return (captured.err or captured.out).splitlines()[-1]

    return run


@pytest.fixture
def notebook(tmp_path, run):
    (tmp_path / "cells.md").write_text(TEXT, encoding="utf-8")
    assert run(tmp_path / "one.ipynb", tmp_path / "cells.md").endswith("one.ipynb: 5 cells")
    return tmp_path / "one.ipynb"


def roles(path):
    return {
        cell.id: cell.metadata.get("nbgrader") for cell in nbformat.read(path, as_version=4).cells
    }


@named([path for path in NOTEBOOKS if "exercises" not in path.parts])
def test_the_notebooks_of_the_course_are_tidy(path):
    notebook = nbformat.read(path, as_version=4)
    tidied = cells.tidy(notebook, lecture=path.parent.name == "lectures")
    assert nbformat.writes(tidied) + "\n" == path.read_text(encoding="utf-8")


def test_cells_get_their_names_sources_and_roles(notebook):
    made = nbformat.read(notebook, as_version=4)
    nbformat.validate(made)
    assert [cell.source.splitlines()[0] for cell in made.cells] == [
        "## 1. Twice (2 marks)",
        "def double(x):",
        "assert double(1) == 2",
        "Because.",
        "import numpy",
    ]
    told = roles(notebook)
    assert told["task-double"] is None
    assert told["test-double"] == {
        "schema_version": 3,
        "grade_id": "test-double",
        "grade": True,
        "locked": True,
        "points": 2,
        "solution": False,
        "task": False,
    }
    switched_on = {
        id: {n for n, on in role.items() if on is True} for id, role in told.items() if role
    }
    assert switched_on == {
        "double": {"solution"},
        "test-double": {"grade", "locked"},
        "why": {"grade", "solution"},
        "setup": {"locked"},
    }


def test_cells_are_put_behind_another_and_replace_those_of_their_name(notebook, run, tmp_path):
    (tmp_path / "more.md").write_text(
        '+++ {"id": "note"}\nNote.\n+++ {"id": "task-double"}\n## 1. Two times (2 marks)\n'
    )
    for _ in range(2):
        assert run(notebook, tmp_path / "more.md", "--after", "double").endswith(": 6 cells")
    assert list(roles(notebook))[:4] == ["double", "note", "task-double", "test-double"]


def test_what_jupyterlab_adds_is_taken_out(notebook, run):
    before = notebook.read_text("utf-8")
    saved = nbformat.read(notebook, as_version=4)
    saved.metadata.language_info = {"name": "python", "version": "3.11.7"}
    saved.cells[1].metadata.execution = {"iopub.execute_input": "2026-11-22T08:00:00Z"}
    saved.cells[1].execution_count = 7
    saved.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(saved, notebook)
    run(notebook)
    assert notebook.read_text("utf-8") == before


def test_mistakes_are_told_in_a_line(notebook, run, tmp_path):
    nameless = tmp_path / "nameless.md"
    nameless.write_text("Just words.\n")
    assert "every cell needs a name" in run(notebook, nameless)
    told = run(notebook, tmp_path / "cells.md", "--after", "triple")
    assert "no cell 'triple' to put them behind; there are: " in told
    assert "No such file or directory" in run(tmp_path / "two.ipynb")
