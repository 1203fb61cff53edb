"""When an assignment is due, and who has longer: nbgrader's due date and extensions.

Both lie in nbgrader's gradebook, and its penalty for lateness reads them when a submission is
graded. nbgrader has no command for an extension; this is its own function, with a date to say.
"""

import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nbgrader.api import MissingEntry
from sqlalchemy.exc import SAWarning

from bpkit.grading.course import Course, UsageError

WHEN = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d?\d:\d\d)(?: ?(\S+))?")


@dataclass(frozen=True)
class Due:
    """When an assignment is due; all times have a zone."""

    due: datetime | None
    extended: Mapping[str, datetime]
    """Until when who has longer, by student's id."""
    graded: tuple[str, ...]
    """Who is graded already: with the penalty that the earlier dates led to."""


def parse_when(text: str) -> datetime:
    """A time like ``2026-12-01 18:00 Europe/Berlin``; without a zone it is this computer's.

    Raises
    ------
    UsageError : if it is no such time.
    """
    found = WHEN.fullmatch(text.strip())
    try:
        if not found:
            raise ValueError
        naive = datetime.strptime(f"{found[1]} {found[2]}", "%Y-%m-%d %H:%M")
        return naive.replace(tzinfo=_zone(found[3])) if found[3] else naive.astimezone()
    except (ValueError, ZoneInfoNotFoundError, OSError):
        raise UsageError(
            f"{text!r} is no time: write it like 2026-12-01 18:00 or 2026-12-01 18:00 Europe/Berlin"
        ) from None


def _zone(name: str) -> tzinfo:
    if name in ("UTC", "Z"):
        return UTC
    if re.fullmatch(r"[+-]\d\d:?\d\d", name):
        offset = datetime.strptime(name, "%z").tzinfo
        assert offset is not None
        return offset
    return ZoneInfo(name)


def read_due(course: Course, assignment: str) -> Due:
    """When an assignment is due, and who has longer.

    Raises
    ------
    UsageError : for an unknown assignment.
    """
    course.check_assignment(assignment)
    graded = course.students("autograded", assignment)
    with course.gradebook() as gradebook:
        try:
            entry = gradebook.find_assignment(assignment)
        except MissingEntry:
            return Due(None, {}, graded)
        due = entry.duedate and entry.duedate.replace(tzinfo=UTC)
        extended = {
            submission.student_id: due + submission.extension
            for submission in entry.submissions
            if due and submission.extension
        }
    return Due(due, dict(sorted(extended.items())), graded)


def set_due(course: Course, assignment: str, when: datetime, students: Collection[str] = ()) -> Due:
    """Set the due date of an assignment, or give some students until then.

    An extension replaces the one before; one that ends at the due date is none. When the due date
    itself moves, extensions stay as long as they are, as nbgrader has it.

    Raises
    ------
    UsageError : for an unknown assignment or student; for an extension without a due date.
    """
    due = read_due(course, assignment).due
    with course.alone(), course.gradebook() as gradebook:
        if not students:
            told = when.astimezone(UTC).replace(tzinfo=None)
            gradebook.update_or_create_assignment(assignment, duedate=told)
        elif due is None:
            raise UsageError(
                f"{assignment} has no due date that could be extended: first run bpkit due "
                f'{assignment} "YYYY-MM-DD HH:MM"'
            )
        elif when < due:
            raise UsageError(f"{when:%Y-%m-%d %H:%M %Z} is before {assignment} is due")
        else:
            unknown = set(students) - {student.id for student in gradebook.students}
            if unknown:
                raise UsageError(f"no student {', '.join(sorted(unknown))} in the gradebook")
            minutes = (when - due).total_seconds() / 60
            for student in students:
                with warnings.catch_warnings():
                    # while nbgrader builds a submission it is not part of the session yet
                    warnings.simplefilter("ignore", SAWarning)
                    gradebook.update_or_create_submission(assignment, student)
                gradebook.grant_extension(assignment, student, minutes=minutes)
    return read_due(course, assignment)
