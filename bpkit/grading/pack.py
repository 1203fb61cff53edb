"""What a student is given: a zip file with the exercise, its data and a page on how to work.

The same release gives the same bytes, whenever and wherever it is packed.
"""

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path

import bpkit
from bpkit.grading.course import Course
from bpkit.grading.due import read_due
from bpkit.grading.files import write_atomically
from bpkit.grading.pages import templates

HOWTO = "HOWTO.html"
WHEEL = f"bpkit-{bpkit.__version__}-py3-none-any.whl"
"""bpkit for students: a file of each of its releases."""
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can tell."""


def pack(course: Course, assignment: str) -> Path:
    """Write ``handouts/psN.zip`` from the release of an assignment.

    Raises
    ------
    UsageError : for an assignment that is unknown or not released.
    """
    path = course.root / "handouts" / f"{assignment}.zip"
    _write(path, course, assignment, course.release(assignment))
    return path


def pack_for_each(course: Course, assignment: str) -> tuple[Path, ...]:
    """Write ``handouts/psN/ada.zip`` from each student's own hand-out.

    Raises
    ------
    UsageError : as ``pack``.
    """
    folder = course.root / "handouts" / assignment
    paths = []
    for own in sorted(folder.glob(f"*/{assignment}/")):
        path = folder / f"{own.parent.name}.zip"
        _write(path, course, assignment, own)
        paths.append(path)
    return tuple(paths)


def wheel(course: Course) -> Path | None:
    """The file that students install bpkit from, if it is in ``handouts/`` or ``dist/``.

    They are never told to install it by name: whoever owns that name on a package index could then
    give them anything.
    """
    places = (course.root / folder / WHEEL for folder in ("handouts", "dist"))
    return next((path for path in places if path.is_file()), None)


def _write(path: Path, course: Course, assignment: str, folder: Path) -> None:
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and ".ipynb_checkpoints" not in file.parts
    }
    notebooks = [name for name in course.notebooks(assignment) if name in files]
    names = list(files)
    install = wheel(course)
    if install:
        files[install.name] = install.read_bytes()
    due = read_due(course, assignment).due
    files[HOWTO] = howto(
        assignment,
        title=_title(files[notebooks[0]]) or assignment,
        points=sum(task.points for task in course.tasks(assignment)),
        notebooks=notebooks,
        files=names,
        wheel=install.name if install else None,
        due=due and due.astimezone(),
    ).encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:  # not compressed: zlibs differ
        for name, data in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{assignment}/{name}", NO_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    write_atomically(path, content.getvalue())


def howto(
    assignment: str,
    *,
    title: str,
    points: float,
    notebooks: list[str],
    files: list[str],
    wheel: str | None,
    due: datetime | None,
) -> str:
    """The page for students: install, open, work, check, hand in.

    Parameters
    ----------
    files : what they work with.
    wheel : the file to install bpkit from, if it lies beside them.
    """
    page = templates().get_template("howto.html.j2")
    return page.render(
        assignment=assignment,
        title=title,
        points=f"{points:g}",
        notebooks=notebooks,
        files=files,
        wheel=wheel,
        due=f"{due.day} {due:%B %Y, %H:%M %Z}" if due else None,
    )


def _title(notebook: bytes) -> str:
    """The first heading of a notebook."""
    for cell in json.loads(notebook)["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line.removeprefix("# ").strip()
    return ""
