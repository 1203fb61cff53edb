"""A download of submissions -> submitted/, nothing lost on the way."""

import csv
import errno
import io
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dateutil import parser as dates
from nbgrader.api import MissingEntry
from nbgrader.utils import parse_utc

from bpkit.grading.course import Attention, Course, Track, UsageError
from bpkit.grading.download import UNREADABLE, Download, File, read_download
from bpkit.grading.files import replace_folder, staging, write_atomically
from bpkit.grading.lms import Owner, from_canvas, from_moodle
from bpkit.grading.preflight import Unreadable, read_submission
from bpkit.grading.quarantine import set_aside, supersede
from bpkit.grading.roster import Roster, Table, id_problem, participant, people, read_table

LARGEST_SUBMISSION = 200 * 2**20
"""Bytes of all files of one submission; what goes beyond stays in the download and is named."""
MOST_FILES = 200
"""Files that one submission may have."""
CHUNK = 2**20
TIMESTAMP = "timestamp.txt"
LONGEST_TIMESTAMP = 200
"""Bytes that are read of it."""

CLASS = "(class)"
"""Stands for everybody where a student's id would be."""
JUST_LATE = timedelta(seconds=1)
"""How late a submission counts that is late, nobody says by how much."""

COPY = re.compile(r"(copy of )?(?P<stem>.*?)([ _-]*\(\d+\)|-copy\d*|[ _-]+copy)*")
"""What browsers and file managers make of a name: "copy of x", "x (1)", "x-copy1"."""
AGAIN = r"-\d+"
"""What Canvas adds to the name of a file that is handed in again."""


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
        when = _When(_due(course, assignment), _times(table, attention))
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
        waiting: dict[str, tuple[_Taking, Path]] = {}
        for number, student in enumerate(track(sorted(owners), "collecting")):
            taking = _Taking(course, assignment, student, place, owners[student], when)
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


@dataclass(frozen=True)
class _When:
    """What is known of when submissions came. All times are in UTC, without a zone."""

    due: datetime | None
    times: Mapping[str, datetime]
    """From Moodle's worksheet, by participant number."""

    def told(self, owner: Owner) -> datetime | None:
        """When a platform says that it came; None stands for "in time"."""
        if self.is_known_of(owner):
            return self.times[owner.number]
        return self.due + JUST_LATE if owner.late and self.due else None

    def is_known_of(self, owner: Owner) -> bool:
        """Whether the worksheet says when it came."""
        return owner.system == "Moodle" and owner.number in self.times

    def is_missing_for(self, owner: Owner) -> bool:
        """Whether nothing says if it was late, though it would matter."""
        return bool(self.due) and owner.system == "Moodle" and not self.is_known_of(owner)


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


@dataclass(frozen=True)
class _Taking:
    """One student's way from the download into ``submitted/`` or ``quarantine/``."""

    course: Course
    assignment: str
    student: str
    place: Path
    owner: Owner
    when: _When
    remarks: list[str] = field(default_factory=list)
    """Filled on the way: what a human has to know."""

    def take(self, files: list[File]) -> str:
        """Returns "new", "unchanged", "replacing" if it is ready to replace another one, or "" if
        there is nothing to grade.
        """
        if problem := _problem(self.student, files):
            self.remarks.append(f"left in the download: {problem}")
            return ""
        raw, ready = self.place / "raw", self.place / "ready"
        for folder in raw, ready:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        self.copy(files, raw)
        chosen = self.choose_notebooks(raw)
        readable = {name: path for name, path in chosen.items() if self.is_readable(path)}
        if not readable:
            return ""
        for name, path in readable.items():
            path.rename(ready / name)
        self.move_the_rest(raw, ready, set(chosen.values()))
        self.note_time(raw, ready)
        outcome = self.land(ready)
        if self.owner.late and outcome != "unchanged":
            self.remarks.append(
                "late, says Canvas, not by how much: "
                + (
                    f"counted as just late; correct submitted/…/{TIMESTAMP} if it matters"
                    if self.when.due
                    else f"{self.assignment} has no due date here, so nothing is taken off"
                )
            )
        if len(readable) == len(chosen) and outcome == "new":
            supersede(self.course, self.assignment, self.student)
        return outcome

    def replace(self, ready: Path) -> None:
        """Put a submission in the place of another, which is kept in ``replaced/``."""
        target = self.course.submitted(self.student, self.assignment)
        kept = self.course.root / "replaced" / self.assignment / self.student
        kept.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.name) for path in kept.iterdir() if path.name.isdecimal()]
        target.rename(kept / str(max(numbers, default=0) + 1))
        ready.rename(target)
        if all((target / name).is_file() for name in self.course.notebooks(self.assignment)):
            supersede(self.course, self.assignment, self.student)

    def copy(self, files: list[File], raw: Path) -> None:
        """Copy the files as they are, within the limits."""
        room = LARGEST_SUBMISSION
        for file in files:
            path = raw.joinpath(*file.parts)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with file.open() as source, path.open("xb") as target:
                    while room >= 0 and (chunk := source.read(CHUNK)):
                        room -= len(chunk)
                        target.write(chunk)
                if room < 0:
                    raise OSError(f"more than {LARGEST_SUBMISSION // 2**20} MB in one submission")
            except (OSError, *UNREADABLE) as error:
                if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise
                if path.is_file():
                    path.unlink()
                self.remarks.append(f"{file}: left in the download: {error}")
            else:
                os.utime(path, times=(file.modified.timestamp(),) * 2)

    def choose_notebooks(self, raw: Path) -> dict[str, Path]:
        """For each notebook of the assignment the student's file, renamed or not."""
        expected = self.course.notebooks(self.assignment)
        found = sorted(p for p in raw.rglob("*") if p.suffix.lower() == ".ipynb" and p.is_file())
        chosen = {}
        for name in expected:
            plain = _plain_name(name)
            alike = [path for path in found if _plain_name(path.name) == plain]
            if not alike and self.owner.system == "Canvas":
                again = re.compile(re.escape(plain) + AGAIN)
                alike = [path for path in found if again.fullmatch(_plain_name(path.name))]
            if not alike and len(expected) == 1:
                alike = found
            if not alike:
                self.remarks.append(f"{name} is missing")
                continue
            chosen[name] = max(alike, key=lambda path: (path == raw / name, path.stat().st_mtime))
            for path in set(alike) - {chosen[name]}:
                self.remarks.append(f"{path.relative_to(raw)} could be {name} too: not graded")
        return chosen

    def is_readable(self, path: Path) -> bool:
        """Whether the file is a notebook; if it is not, it goes into quarantine."""
        try:
            read_submission(path)
        except Unreadable as unreadable:
            set_aside(self.course, self.assignment, self.student, path, str(unreadable))
            self.remarks.append(str(unreadable))
            return False
        return True

    def move_the_rest(self, raw: Path, ready: Path, unreadable: set[Path]) -> None:
        """Bring the other files along, except where a notebook has their place."""
        for path in sorted(raw.rglob("*")):
            target = ready / path.relative_to(raw)
            if path.is_file() and path not in unreadable and target != ready / TIMESTAMP:
                if any(place.is_file() for place in (target, *target.parents)):
                    self.remarks.append(f"{path.relative_to(raw)}: left in the download")
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.rename(target)

    def note_time(self, raw: Path, ready: Path) -> None:
        """Write ``timestamp.txt``: nbgrader's own note, else the time of the newest notebook.

        A platform puts the time of the download there; what it knows better counts, and where it
        knows nothing the note is left empty, which nbgrader takes for "in time".
        """
        if self.owner.system:
            told = self.when.told(self.owner)
            text = f"{told:%Y-%m-%d %H:%M:%S.%f} UTC\n" if told else ""
            (ready / TIMESTAMP).write_text(text, encoding="utf-8")
            return
        try:
            noted = handed_in(raw)
        except (ValueError, OSError):
            noted = None
        if noted is None:
            newest = max(path.stat().st_mtime for path in ready.glob("*.ipynb"))
            noted = datetime.fromtimestamp(newest, UTC)
        (ready / TIMESTAMP).write_text(f"{noted:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="utf-8")

    def land(self, ready: Path) -> str:
        """Put the submission into ``submitted/``, unless another one is there."""
        target = self.course.submitted(self.student, self.assignment)
        if not target.exists():
            replace_folder(target, ready)
            return "new"
        if _contents(target) == _contents(ready):
            self.date_anew(target, ready)
            return "unchanged"
        try:
            before, now = handed_in(target), handed_in(ready)
        except ValueError:
            before = now = None
        if not self.owner.system and before and now and now < before:
            self.remarks.append("older than what is in submitted/, which was kept")
            return "unchanged"
        return "replacing"

    def date_anew(self, target: Path, ready: Path) -> None:
        """Let the same files have the time that a platform's worksheet now tells."""
        if self.when.is_known_of(self.owner):
            write_atomically(target / TIMESTAMP, (ready / TIMESTAMP).read_bytes())


def _problem(student: str, files: list[File]) -> str | None:
    if problem := id_problem(student):
        return problem
    if len(files) > MOST_FILES:
        return f"{len(files)} files, more than {MOST_FILES}"
    if not any(file.is_notebook for file in files):
        return "no notebook in the folder"
    return None


def _plain_name(name: str) -> str:
    """The name without what copying, downloading or another system made of it."""
    stem = unicodedata.normalize("NFKC", name).casefold().removesuffix(".ipynb").strip()
    match = COPY.fullmatch(stem)
    return re.sub(r"[\s_-]+", "-", match["stem"] if match else stem)


def _contents(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != TIMESTAMP
    }
