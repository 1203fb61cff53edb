"""CONTRIBUTING.md does what it says: its examples are followed, box by box, on a copy.

A ``diff`` box is a change of the file in its first line, without line numbers: what it takes away
and what stands around it must be in the file exactly once. A box after "Save as `name`" is a file.
A ``console`` box holds commands, and below each what it prints, as in a doctest.
"""

import doctest
import filecmp
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
IGNORED = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()]
SAVE_AS = re.compile(r"Save as\s+`([^`]+)`")


def boxes(heading: str) -> Iterator[tuple[str, str, str]]:
    """Of a section: the kind of each box, the text in front of it, and what is in it."""
    tokens = MarkdownIt().parse(PAGE)
    section = text = ""
    for before, token in zip([None, *tokens], tokens):
        if before and before.type == "heading_open":
            section = token.content
        elif token.type == "inline":
            text = token.content
        elif token.type == "fence" and section == heading:
            yield token.info, text, token.content


def changed(content: str, diff: str) -> str:
    """A file after a diff; an empty line of a diff is an empty line of the file."""
    lines = [line or " " for line in diff.splitlines()]
    assert {line[0] for line in lines} <= {" ", "+", "-"}, diff
    old = "\n".join(line[1:] for line in lines if line[0] != "+") + "\n"
    new = "\n".join(line[1:] for line in lines if line[0] != "-") + "\n"
    assert content.count(old) == 1, f"{content.count(old)} times in the file:\n{old}"
    return content.replace(old, new)


def apply(diff: str, root: Path) -> None:
    """Make the change of a box in the file that its first line names."""
    name, _, lines = diff.removeprefix("+++ ").partition("\n")
    content = (root / name).read_text(encoding="utf-8")
    (root / name).write_text(changed(content, lines), encoding="utf-8")


def run(command: str, root: Path) -> subprocess.CompletedProcess:
    """A command, as typed in the copy with the environment activated."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PYTHONPATH": str(root), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        shlex.split(command),
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )


def try_command(command: str, expected: str, root: Path) -> None:
    """Run it, and compare what it prints; only what shows a student's mistake may fail."""
    done = run(command, root)
    agrees = doctest.OutputChecker().check_output(expected, done.stdout, doctest.ELLIPSIS)
    assert agrees, f"{command}\n{done.stdout}"
    assert done.returncode == 0 or command.startswith("ipython -c"), done.stdout


def follow(heading: str, root: Path, commands: bool = True) -> None:
    """Do what a section of the page says."""
    for kind, text, content in boxes(heading):
        if kind == "diff":
            apply(content, root)
        elif kind == "console":
            for entry in content.split("$ ")[1:] if commands else []:
                command, _, expected = entry.partition("\n")
                try_command(command, expected, root)
        else:
            saved = SAVE_AS.findall(text)
            assert len(saved) == 1, f"which file is this?\n{text}"
            (root / saved[0]).write_text(content, encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    """The repository without what git ignores."""
    for name in "before", "copy":
        shutil.copytree(ROOT, tmp_path / name, ignore=lambda _, names: set(filter(ignored, names)))
    return tmp_path / "copy"


def ignored(name: str) -> bool:
    return name == ".git" or any(fnmatch(name, pattern) for pattern in IGNORED)


def touched(copy: Path) -> set[str]:
    """The files of the repository that have changed, and those that are new in its folders."""
    before = copy.parent / "before"
    paths = [path.relative_to(copy) for path in copy.rglob("*") if path.is_file()]
    return {
        str(path)
        for path in paths
        if not any(map(ignored, path.parts))
        and (path.name == "README.md" or len(path.parts) > 1)
        and not ((before / path).exists() and filecmp.cmp(before / path, copy / path, False))
    }


def in_style(copy: Path) -> bool:
    """Whether what was added would pass `make check`, but for types."""
    written = shlex.join(name for name in touched(copy) if name.endswith(".py"))
    checked = [run(f"ruff {command} {written}", copy) for command in ("check", "format --check")]
    assert [done.stdout for done in checked if done.returncode] == []
    return True


def announced(kind: str) -> tuple[int, int]:
    """How many files the table of the page announces, and how many of them are written by hand."""
    [row] = re.findall(rf"^\| \[{kind}\]\(.*\) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    return int(row[0]), int(row[1])


def hinge_loss_is_told(root: Path) -> str:
    command = next(c for kind, _, c in boxes("Add a misconception") if kind == "console")
    return run(command.partition("\n")[0].removeprefix("$ "), root).stdout


def test_a_misconception(copy):
    assert "P-14 [wrong value]" in hinge_loss_is_told(copy)
    follow("Add a misconception", copy)
    assert "Traceback" not in hinge_loss_is_told(copy)
    assert in_style(copy)
    made = {"docs/messages.md"}
    assert announced("a misconception") == (len(touched(copy)), len(touched(copy) - made))


def test_what_is_forgotten_is_missed(copy):
    """A slip that no answer commits is noticed by the tests that the page names."""
    diffs = [content for kind, _, content in boxes("Add a misconception") if kind == "diff"]
    for diff in diffs[:-1]:
        apply(diff, copy)
    done = run("python -m pytest -q tests/exercises/test_problem_sets.py -k with_every_slip", copy)
    assert "slips of tasks that nobody makes in answers.SLIPS" in done.stdout


MARK = """
import json, pathlib
notebook = json.loads(pathlib.Path("exercises/ps1/perceptron.ipynb").read_text("utf-8"))
cells = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
names = {}
exec(cells["setup"], names)
exec(ANSWER or cells["distances"], names)
exec(cells["test-distances"], names)
"""


def mark(answer: str, root: Path) -> str:
    """What the released notebook says of an answer to the new exercise."""
    code = MARK.replace("ANSWER", repr(answer))
    return run(shlex.join(["python", "-c", code]), root).stdout


def test_an_exercise(copy):
    follow("Add a misconception", copy, commands=False)
    before = touched(copy)
    follow("Add an exercise", copy)
    signature = "def distances(X, w, b):\n    return "
    right = mark(signature + "(X @ w + b) / np.linalg.norm(w)", copy)
    assert right == "distances: right in all 3 random cases.\n"
    assert "P-4 [M101] z is taken for the distance" in mark(signature + "X @ w + b", copy)
    assert "P-4 [not implemented] distances is still to be" in mark("", copy)
    release = (copy / "exercises/ps1/perceptron.ipynb").read_text("utf-8")
    assert "np.sqrt(w @ w)" not in release and "checks.distances(distances, rounds" not in release
    assert in_style(copy)
    made = {"docs/messages.md", "exercises/ps1/perceptron.ipynb"}
    assert before | made < touched(copy)
    assert announced("an exercise") == (len(touched(copy)), len(touched(copy) - made))


def test_a_lecture(copy):
    follow("Add a lecture", copy)
    assert in_style(copy)
    assert announced("a lecture") == (len(touched(copy)), len(touched(copy)))
    path = copy / "lectures" / "08-dropout.ipynb"
    [slip] = [c for kind, _, c in boxes("Add a lecture") if kind == "python"]
    names = {}
    exec(slip, names)
    cell, right, wrong = names["BROKEN"]["D-1"]
    notebook = json.loads(path.read_text("utf-8"))
    [broken] = [c for c in notebook["cells"] if c["id"] == cell]
    broken["source"] = "".join(broken["source"]).replace(right, wrong).splitlines(keepends=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    done = run("python -m pytest -q lectures/08-dropout.ipynb", copy)
    assert done.returncode == 1 and "assert np.allclose(mean, a)" in done.stdout


def test_every_section_has_its_boxes():
    for heading in "Add a misconception", "Add an exercise", "Add a lecture":
        kinds = {kind for kind, _, _ in boxes(heading)}
        assert {"diff", "console"} <= kinds <= {"diff", "console", "markdown", "python"}
