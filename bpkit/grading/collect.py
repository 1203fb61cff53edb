"""A download of submissions -> submitted/, nothing lost on the way."""

import csv
import io
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dateutil import parser as dates
from nbgrader.api import MissingEntry

from bpkit.grading.course import Attention, Course, Track, UsageError
from bpkit.grading.download import Download, read_download
from bpkit.grading.files import staging, write_atomically
from bpkit.grading.lms import Owner, from_canvas, from_moodle
from bpkit.grading.roster import Roster, Table, participant, people, read_table
from bpkit.grading.taking import Taking, When

CLASS = "(class)"
"""Stands for everybody where a student's id would be."""


@dataclass(frozen=True)
class Match:
    """Whose something in a download is."""

    found: str
    """What the download calls them."""
    student: str
    late: bool
    returned: str
    """How the name of a file begins that the platform is to give back to them."""


@dataclass(frozen=True)
class Collected:
    """What became of a download, by student."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: tuple[str, ...]
    """Whose submission stays as it was, because nobody agreed to replace it."""
    matches: tuple[Match, ...]
    """Where the download names a student otherwise than by their id."""
    unknown: tuple[str, ...]
    """Who is not in the gradebook, although it has students: taken as new ones."""
    attention: tuple[Attention, ...]
    """What was set aside or could not be taken, with the reason."""


def collect(
    course: Course,
    assignment: str,
    download: Path,
    track: Track,
    *,
    by_hand: Mapping[str, str] | None = None,
    worksheet: Path | None = None,
    may_replace: Callable[[tuple[str, ...]], bool] = lambda students: True,
) -> Collected:
    """Take the submissions of an assignment out of a download.

    The download is what Canvas or Moodle make of all submissions of an assignment, or it holds
    ``student/…ipynb`` or nbgrader's ``student/assignment/…ipynb`` for each student, with or without
    folders around them. What is new is taken at once; what would replace something else is taken at
    the end, and what it replaces goes to ``replaced/``.

    Parameters
    ----------
    by_hand : students' ids by what the download calls them, their number or their name.
    worksheet : Moodle's grading worksheet of the assignment, which knows who and when.
    may_replace : asked once, with the students whose submission would be replaced.

    Raises
    ------
    UsageError : if the download is neither a folder nor a zip file, if it has no submission, or if
        it names students that the gradebook would have to know.
    """
    course.check_assignment(assignment)
    others = tuple(set(course.assignments) - {assignment})
    table = _worksheet(worksheet)
    roster = Roster(people(course), by_hand, table, numbers_in_download(course, assignment))
    with course.alone(), ExitStack() as stack:
        found = read_download(download, assignment, others, stack)
        if not found.submissions and not found.refused:
            raise UsageError(
                f"no submission of {assignment} in {download}: expected a folder for each student "
                f"with the notebook in it, like student/{course.notebooks(assignment)[0]}, or the "
                "download of all submissions from Canvas or Moodle"
            )
        _check_options(found, roster, table)
        attention = list(found.refused)
        owners = _owners(found, roster, attention)
        when = When(_due(course, assignment), _times(table, attention))
        untimed = [name for name, owner in owners.items() if when.is_missing_for(owner)]
        if untimed and table is None:
            attention.append(
                Attention(
                    CLASS,
                    "Moodle's download does not say who was late, so nobody is: collect it again "
                    "with --worksheet and the assignment's grading worksheet",
                )
            )
        elif untimed:
            why = "the worksheet does not say when: counted as in time"
            attention += [Attention(student, why) for student in sorted(untimed)]
        place = stack.enter_context(staging(course.root, ".collecting-"))
        outcomes: dict[str, list[str]] = {
            kind: [] for kind in ("new", "updated", "unchanged", "replacing", "kept", "")
        }
        waiting: dict[str, tuple[Taking, Path]] = {}
        for number, student in enumerate(track(sorted(owners), "collecting")):
            taking = Taking(course, assignment, student, place, owners[student], when)
            outcome = taking.take(found.submissions[owners[student]])
            if outcome == "replacing":
                waiting[student] = taking, (place / "ready").rename(place / f"waiting-{number}")
            outcomes[outcome].append(student)
            attention += [Attention(student, remark) for remark in taking.remarks]
        if waiting and may_replace(tuple(waiting)):
            for student, (taking, ready) in waiting.items():
                taking.replace(ready)
                outcomes["updated"].append(student)
        else:
            outcomes["kept"] += waiting
        matches = tuple(
            Match(
                str(owner),
                student,
                owner.late,
                owner.returned(max(file.number for file in found.submissions[owner])),
            )
            for student, owner in sorted(owners.items())
            if str(owner) != student
        )
        _note_matches(course, assignment, matches)
    return Collected(
        new=tuple(outcomes["new"]),
        updated=tuple(outcomes["updated"]),
        unchanged=tuple(outcomes["unchanged"]),
        kept=tuple(outcomes["kept"]),
        matches=matches,
        unknown=tuple(sorted(owners.keys() - roster.everybody)) if roster.everybody else (),
        attention=tuple(attention),
    )


def names_in_download(course: Course, assignment: str) -> dict[str, str]:
    """How the names of files begin that Canvas or Moodle are to give back, by student's id."""
    path = _matches_file(course, assignment)
    if not path.is_file():
        return {}
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
    return {row[0]: row[1] for row in list(rows)[1:] if len(row) == 2}


def numbers_in_download(course: Course, assignment: str) -> dict[str, str]:
    """Students' ids by the numbers that Canvas or Moodle had for them in the last downloads."""
    found = {
        student: from_moodle(name.rstrip("/")) or from_canvas(f"{name}x")
        for student, name in names_in_download(course, assignment).items()
    }
    return {named.owner.number: student for student, named in found.items() if named}


def _note_matches(course: Course, assignment: str, matches: tuple[Match, ...]) -> None:
    known = names_in_download(course, assignment)
    told = known | {match.student: match.returned for match in matches if match.returned}
    if told == known:
        return
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", "file names begin with"])
    table.writerows(sorted(told.items()))
    write_atomically(_matches_file(course, assignment), text.getvalue().encode())


def _matches_file(course: Course, assignment: str) -> Path:
    return course.root / "collected" / f"{assignment}.csv"


def _worksheet(path: Path | None) -> Table | None:
    if path is None:
        return None
    table = read_table(path)
    if not table.is_worksheet:
        raise UsageError(
            f"{path} is no grading worksheet: in Moodle's assignment choose Submissions, Actions, "
            "Download grading worksheet"
        )
    return table


def _check_options(found: Download, roster: Roster, table: Table | None) -> None:
    """What a person adds has to fit the download."""
    if table and not any(owner.system == "Moodle" for owner in found.submissions):
        raise UsageError("a worksheet goes with a download from Moodle, and this is none")
    told = {key for owner in found.submissions for key in (owner.number, owner.name)}
    for key, student in roster.by_hand.items():
        if key not in told:
            raise UsageError(f"--match {key}={student}: nothing in the download has that number")
        if roster.everybody and student not in roster.everybody:
            raise UsageError(f"--match {key}={student}: no student {student} in the gradebook")


def _owners(found: Download, roster: Roster, attention: list[Attention]) -> dict[str, Owner]:
    """Whose is what, by student's id; what is nobody's, or somebody's twice, is told."""
    if any(owner.system for owner in found.submissions) and not roster.everybody:
        system = next(owner.system for owner in found.submissions if owner.system)
        raise UsageError(
            f"this download from {system} has names in it, and the gradebook has no students to "
            "find them among: run bpkit students with a table of them first"
        )
    claims: dict[str, list[Owner]] = {}
    for owner in found.submissions:
        who = roster.find(owner)
        if isinstance(who, str):
            attention.append(Attention(str(owner), f"left in the download: {who}"))
        else:
            claims.setdefault(who.id, []).append(owner)
    owners = {}
    for student, claiming in claims.items():
        if len(claiming) == 1:
            owners[student] = claiming[0]
            continue
        for owner in claiming:
            told = f"--match {owner.number or repr(owner.name)}=ID"
            reason = f"left in the download: one of {len(claiming)} that could be {student}'s"
            attention.append(Attention(str(owner), f"{reason}; say whose it is with {told}"))
    return owners


def _due(course: Course, assignment: str) -> datetime | None:
    with course.gradebook() as gradebook:
        try:
            return gradebook.find_assignment(assignment).duedate
        except MissingEntry:
            return None


def _times(table: Table | None, attention: list[Attention]) -> dict[str, datetime]:
    """When each of Moodle's participants handed in, by number; in UTC, without a zone."""
    times = {}
    for row in table.rows if table else ():
        told = row.get("Last modified (submission)", "").strip()
        if told in ("", "-"):
            continue
        try:
            times[participant(row["Identifier"])] = (
                dates.parse(told).astimezone(UTC).replace(tzinfo=None)
            )
        except (ValueError, OverflowError):
            who = row.get("Full name") or row["Identifier"]
            attention.append(
                Attention(
                    who, f"the worksheet's time {told!r} is no English date: counted as in time"
                )
            )
    return times
