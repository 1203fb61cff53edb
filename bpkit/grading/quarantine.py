"""Files that could not be graded: kept byte for byte, with the reason, until replaced.

``quarantine/<assignment>/<student>/`` holds the file and one line on it: in ``reason.txt`` of what
was left out when it was collected, in ``not-graded.txt`` of what lies in ``submitted/``. When the
student hands in another one, or it is graded after all, the lines go to ``superseded.txt``.
"""

import filecmp
import shutil
from pathlib import Path

from bpkit.grading.course import Attention, Course
from bpkit.grading.files import write_atomically

REASON = "reason.txt"
NOT_GRADED = "not-graded.txt"
SUPERSEDED = "superseded.txt"
DEADLY = "it is not run again until it is changed, or graded with --force"
"""The end of the reason of a submission that ended whoever ran it."""


def set_aside(
    course: Course, assignment: str, student: str, path: Path, reason: str, note: str = REASON
) -> None:
    """Keep a copy of a file, and why; of a link or a device only the reason.

    Parameters
    ----------
    reason : a line that begins with the file's name.
    note : the file for the reason: ``REASON`` or ``NOT_GRADED``.
    """
    folder = course.quarantine(student, assignment)
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not path.is_symlink():
        copy = folder / f".{path.name}.copying"
        shutil.copyfile(path, copy)
        copy.replace(folder / path.name)
    name = ascii(path.name)[1:-1]
    others = [line for line in _reasons(folder / note) if not line.startswith(f"{name} ")]
    write_atomically(folder / note, "".join(f"{line}\n" for line in [*others, reason]).encode())


def supersede(course: Course, assignment: str, student: str) -> None:
    """Note that the student has handed in a readable file since."""
    for note in REASON, NOT_GRADED:
        _supersede(course, assignment, student, note)


def graded_after_all(course: Course, assignment: str, student: str) -> None:
    """Note that what lies in ``submitted/`` could be graded."""
    _supersede(course, assignment, student, NOT_GRADED)


def quarantined(course: Course, assignment: str) -> tuple[Attention, ...]:
    """Every file that waits for a human, with the reason."""
    folder = course.root / "quarantine" / assignment
    return tuple(
        Attention(student.name, reason)
        for student in sorted(folder.glob("*/"))
        for note in (REASON, NOT_GRADED)
        for reason in _reasons(student / note)
    )


def is_deadly(course: Course, assignment: str, student: str) -> bool:
    """Whether what lies in ``submitted/`` ended whoever ran it, and is the same as then."""
    kept, now = course.quarantine(student, assignment), course.submitted(student, assignment)
    names = [
        path.name
        for path in kept.glob("*.ipynb")
        for reason in _reasons(kept / NOT_GRADED)
        if reason.startswith(f"{ascii(path.name)[1:-1]} ") and reason.endswith(DEADLY)
    ]
    try:
        return bool(names) and all(
            filecmp.cmp(kept / name, now / name, shallow=False) for name in names
        )
    except OSError:
        return False


def _supersede(course: Course, assignment: str, student: str, note: str) -> None:
    folder = course.quarantine(student, assignment)
    if reasons := _reasons(folder / note):
        known = [*_reasons(folder / SUPERSEDED), *reasons]
        write_atomically(folder / SUPERSEDED, "".join(f"{line}\n" for line in known).encode())
        (folder / note).unlink()


def _reasons(note: Path) -> list[str]:
    return note.read_text(encoding="utf-8").splitlines() if note.exists() else []
