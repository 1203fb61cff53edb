"""When a submission was handed in: the time in its ``timestamp.txt``, nbgrader's own note."""

from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from bpkit.grading.course import Course

TIMESTAMP = "timestamp.txt"
LONGEST_TIMESTAMP = 200
"""Bytes that are read of it."""


def handed_in(submission: Path) -> datetime | None:
    """The time in a submission's ``timestamp.txt``: in UTC, without a zone, as nbgrader has it.

    Raises
    ------
    ValueError : if the file holds no date.
    """
    path = submission / TIMESTAMP
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ValueError(f"{TIMESTAMP} is a link or a device; delete it")
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            noted = file.read(LONGEST_TIMESTAMP).decode("utf-8").strip()
        return parse_utc(noted) if noted else None
    except (ValueError, OverflowError):
        raise ValueError(f"{TIMESTAMP} holds no date; correct or delete it") from None


def is_newer(course: Course, assignment: str, student: str) -> bool:
    """Whether a submission came, was collected or was dated after the one that is graded."""
    submitted = course.submitted(student, assignment)
    autograded = course.autograded(student, assignment)
    try:
        now, graded = handed_in(submitted), handed_in(autograded)
        if now is not None and (graded is None or now > graded):
            return True
        dated = (submitted / TIMESTAMP).stat().st_mtime_ns
    except FileNotFoundError:
        return False
    except (ValueError, OSError):
        return True
    saved = [path.stat().st_mtime_ns for path in autograded.glob("*.ipynb")]
    return bool(saved) and dated > min(saved)
