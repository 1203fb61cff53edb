"""nbgrader's own autograde with the jailed executor, against nbgrader without it."""

import json
import os
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from bpkit.grading import executor, jail
from bpkit.grading.intake import CheckedSubmissions
from tests.grading.courses import nbgrader

pytestmark = pytest.mark.jail

REPOSITORY = Path(__file__).parents[2]
GRADED = {"grade": True, "locked": True}
RIGHT = "def double(x):\n    return 2 * x"
TESTS = {
    "test-double": ("assert double(2) == 4", 2),
    "test-partial": ("sum(double(i) == 2 * i for i in range(3))", 3),
    "test-data": ("import numpy as np\nassert double(np.loadtxt('data.csv')).sum() == 12", 1),
}
HONEST = {
    "right": RIGHT,
    "half": "def double(x):\n    return x * x",
    "raises": "def double(x):\n    return undefined_name",
    "prints": "print('hello')\ndef double(x):\n    print(x)\n    return 2 * x\ndouble(1)",
    "syntax": "def double(x:\n    return",
    "untouched": "raise NotImplementedError()",
}


def source_notebook() -> nbformat.NotebookNode:
    solution = (
        RIGHT.replace("    return", "    ### BEGIN SOLUTION\n    return") + "\n    ### END SOLUTION"
    )
    tests = [
        new_code_cell(source, id=name, metadata=nbgrader(name, points=points, **GRADED))
        for name, (source, points) in TESTS.items()
    ]
    free = nbgrader("why", grade=True, solution=True, points=3)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [
        new_code_cell(solution, id="double", metadata=nbgrader("double", solution=True)),
        *tests,
        new_markdown_cell("Because.", id="why", metadata=free),
    ]
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def config(root: Path, jailed: bool) -> Config:
    """The repository's own configuration, for a course in another place."""
    settings = Config()
    runpy.run_path(str(REPOSITORY / "nbgrader_config.py"), {"get_config": lambda: settings})
    settings.CourseDirectory.root = str(root)
    settings.JailedExecute.cell_timeout = 2
    settings.Execute.timeout = 20
    if not jailed:
        del settings.Autograde
    return settings


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course with one released assignment and nothing submitted."""
    # nbgrader starts its database tool by name
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin", prepend=os.pathsep)
    root = tmp_path / "course"
    source = root / "solutions" / "ps1"
    source.mkdir(parents=True)
    nbformat.write(source_notebook(), source / "p.ipynb")
    (source / "data.csv").write_text("1 2 3\n")
    api = NbGraderAPI(CourseDirectory(config=config(root, True)), config=config(root, True))
    done = api.generate_assignment("ps1")
    assert done["success"], done["log"]
    return root


def submit(root: Path, student: str, answer: str) -> Path:
    folder = root / "submitted" / student / "ps1"
    shutil.copytree(root / "exercises" / "ps1", folder)
    notebook = nbformat.read(folder / "p.ipynb", as_version=4)
    notebook.cells[0].source = answer
    nbformat.write(notebook, folder / "p.ipynb")
    return folder


def grade(root: Path, jailed: bool = True, **traits) -> SimpleNamespace:
    """Autograde everything with nbgrader; the marks, the notebooks, and what went wrong."""
    settings = config(root, jailed)
    settings.JailedExecute.update(traits)
    coursedir = CourseDirectory(config=settings, assignment_id="ps1")
    converter = Autograde(coursedir=coursedir, config=settings)
    try:
        converter.start()
        problem = None
    except Exception as error:
        problem = str(error)
    marks, notebooks = {}, {}
    with Gradebook(f"sqlite:///{root}/gradebook.db") as gradebook:
        for submission in gradebook.assignment_submissions("ps1"):
            student = submission.student.id
            marks[student] = {
                mark.name: (mark.auto_score, mark.needs_manual_grade)
                for mark in submission.notebooks[0].grades
            }
            path = root / "autograded" / student / "ps1" / "p.ipynb"
            if path.exists():
                notebooks[student] = nbformat.read(path, as_version=4)
    return SimpleNamespace(marks=marks, notebooks=notebooks, problem=problem)


@pytest.mark.slow
def test_honest_work_gets_the_marks_that_nbgrader_gives(course, tmp_path):
    for student, answer in HONEST.items():
        submit(course, student, answer)
    copy = shutil.copytree(course, tmp_path / "copy")
    plain, jailed = grade(copy, jailed=False), grade(course)
    assert plain.problem is None and jailed.problem is None
    assert jailed.marks == plain.marks
    assert jailed.marks["right"] == {
        "test-double": (2, False),
        "test-partial": (3, False),
        "test-data": (1, False),
        "why": (0, False),
    }
    assert jailed.marks["half"]["test-partial"] == (2, False)
    assert jailed.marks["raises"]["test-double"] == (0, False)
    for student, notebook in jailed.notebooks.items():
        nbformat.validate(notebook)
        for mine, theirs in zip(notebook.cells, plain.notebooks[student].cells):
            assert mine.source == theirs.source and mine.id == theirs.id
            if mine.cell_type == "code":
                # what an answer prints while it is tested is not shown: it could tell of the test
                kinds = [output.output_type for output in theirs.outputs]
                if mine.metadata.get("nbgrader", {}).get("grade"):
                    kinds = [kind for kind in kinds if kind != "stream"]
                assert kinds == [output.output_type for output in mine.outputs]
                assert mine.execution_count == theirs.execution_count


def test_hostile_work_stops_nobody_and_is_told(course):
    submit(course, "alice", RIGHT)
    submit(course, "bob", "def double(x):\n    while True: pass")
    submit(course, "carol", "import os\ndef double(x):\n    os._exit(0)")
    submit(course, "dave", f"open({str(course / 'gradebook.db')!r}, 'rb')")
    submit(course, "erin", RIGHT + "\nimport warnings\nwarnings.warn('careful')")
    submit(
        course, "frank", "import warnings\ndef double(x):\n    warnings.warn('x')\n    return 2 * x"
    )
    result = grade(course, cell_timeout=1)
    assert result.problem is None
    points = {
        student: [score for score, _ in marks.values()] for student, marks in result.marks.items()
    }
    assert points == {
        "alice": [2, 3, 1, 0],
        "bob": [0, 0, 0, 0],
        "carol": [0, 0, 0, 0],
        "dave": [0, 0, 0, 0],
        "erin": [2, 3, 1, 0],
        "frank": [2, 3, 1, 0],
    }
    record = {student: notebook.metadata.bpkit for student, notebook in result.notebooks.items()}
    assert record["alice"].events == [] and record["alice"].seconds > 0
    assert record["bob"].events[0] == "cell test-double: it was stopped at its time limit"
    assert record["carol"].events[0] == "cell test-double: it ended Python itself (exit status 0)"
    assert result.notebooks["dave"].cells[0].outputs[0].ename == "FileNotFoundError"


def test_without_a_jail_nothing_is_graded(course, monkeypatch, caplog, tmp_path):
    mark = tmp_path / "ran"
    submit(course, "alice", f"open({str(mark)!r}, 'w')")
    monkeypatch.setattr(jail.shutil, "which", lambda name: None)
    result = grade(course)
    assert result.problem is not None
    assert not mark.exists() and not (course / "autograded" / "alice" / "ps1").exists()
    assert "Nothing was graded: student code runs only in a jail" in caplog.text


def test_unsafe_no_jail_runs_and_says_so(course, monkeypatch, caplog):
    submit(course, "alice", RIGHT)
    monkeypatch.setattr(jail.shutil, "which", lambda name: None)
    executor._warn_once.cache_clear()
    result = grade(course, unsafe_no_jail=True)
    assert result.marks["alice"]["test-double"] == (2, False)
    assert "your own rights" in caplog.text
    assert result.notebooks["alice"].metadata.bpkit.events == ["student code ran without a jail"]


def test_files_of_the_student_are_there_but_nothing_that_links_reach(course, tmp_path):
    (tmp_path / "secret.txt").write_text("the solution")
    look = "import os\nsorted(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs)"
    folder = submit(course, "alice", look)
    (folder / "helper.py").write_text("x = 1")
    (folder / "data.csv").write_text("not the course's")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "links").symlink_to(tmp_path)
    (folder / "sub").mkdir()
    (folder / "sub" / "more.txt").write_text("more")
    result = grade(course)
    outputs = result.notebooks["alice"].cells[0].outputs
    seen = json.loads(outputs[0].data["text/plain"].replace("'", '"'))
    assert seen == ["./data.csv", "./helper.py", "./sub/more.txt"]


def test_the_configuration_differs_from_nbgrader_in_one_step_and_what_reads_only(tmp_path):
    ours = config(tmp_path, True).Autograde
    assert set(ours) == {"autograde_preprocessors", "exporter_class"}
    assert ours.exporter_class == f"{CheckedSubmissions.__module__}.{CheckedSubmissions.__name__}"
    names = [step.rpartition(".")[2] for step in ours.autograde_preprocessors]
    theirs = [step.__name__ for step in Autograde().autograde_preprocessors]
    assert names == ["JailedExecute" if name == "Execute" else name for name in theirs]
