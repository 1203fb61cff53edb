"""Files that cannot be read as notebooks: kept byte for byte, with the reason, until replaced.

``quarantine/<assignment>/<student>/`` holds the file and ``reason.txt``, one line for each file.
When the student hands in a readable one, ``reason.txt`` becomes ``superseded.txt``.
"""

import shutil
from pathlib import Path

from bpkit.grading.course import Attention, Course
from bpkit.grading.files import write_atomically

REASON = "reason.txt"
SUPERSEDED = "superseded.txt"


def set_aside(course: Course, assignment: str, student: str, path: Path, reason: str) -> None:
    """Keep a copy of a file that cannot be read; of a link or a device only the reason."""
    folder = course.quarantine(student, assignment)
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not path.is_symlink():
        copy = folder / f".{path.name}.copying"
        shutil.copyfile(path, copy)
        copy.replace(folder / path.name)
    name = ascii(path.name)[1:-1]  # a reason begins with it
    others = [line for line in _reasons(folder) if not line.startswith(f"{name} ")]
    write_atomically(folder / REASON, "".join(f"{line}\n" for line in [*others, reason]).encode())


def supersede(course: Course, assignment: str, student: str) -> None:
    """Note that the student has handed in a readable file since."""
    reason = course.quarantine(student, assignment) / REASON
    if reason.exists():
        reason.replace(reason.with_name(SUPERSEDED))


def quarantined(course: Course, assignment: str) -> tuple[Attention, ...]:
    """Every file that waits for a human, with the reason."""
    folder = course.root / "quarantine" / assignment
    return tuple(
        Attention(path.parent.name, reason)
        for path in sorted(folder.glob(f"*/{REASON}"))
        for reason in _reasons(path.parent)
    )


def _reasons(folder: Path) -> list[str]:
    path = folder / REASON
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
