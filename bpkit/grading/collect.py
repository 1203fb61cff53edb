"""A download of submissions -> submitted/, nothing lost on the way."""

import errno
import glob
import os
import re
import shutil
import unicodedata
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from bpkit.grading.course import Attention, Course, Track, UsageError
from bpkit.grading.download import UNREADABLE, File, read_download
from bpkit.grading.files import replace_folder, staging
from bpkit.grading.preflight import Unreadable, read_submission
from bpkit.grading.quarantine import set_aside, supersede

LARGEST_SUBMISSION = 200 * 2**20
"""Bytes of all files of one submission; what goes beyond stays in the download and is named."""
MOST_FILES = 200
"""Files that one submission may have."""
CHUNK = 2**20
TIMESTAMP = "timestamp.txt"
LONGEST_TIMESTAMP = 200
"""Bytes that are read of it."""

COPY = re.compile(r"(copy of )?(?P<stem>.*?)([ _-]*\(\d+\)|-copy\d*|[ _-]+copy)*")
"""What browsers and file managers make of a name: "copy of x", "x (1)", "x-copy1"."""


@dataclass(frozen=True)
class Collected:
    """What became of a download, by student."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    attention: tuple[Attention, ...]
    """What was set aside or could not be taken, with the reason."""


def collect(course: Course, assignment: str, download: Path, track: Track) -> Collected:
    """Take the submissions of an assignment out of a download.

    The download holds ``student/…ipynb`` or nbgrader's ``student/assignment/…ipynb`` for each
    student, with or without folders around them. A newer submission replaces an older one.

    Raises
    ------
    UsageError : if the download is neither a folder nor a zip file, or has no submission.
    """
    course.check_assignment(assignment)
    others = tuple(set(course.assignments) - {assignment})
    outcomes: dict[str, list[str]] = {"new": [], "updated": [], "unchanged": [], "": []}
    with course.alone(), ExitStack() as stack:
        found = read_download(download, assignment, others, stack)
        if not found.submissions and not found.refused:
            raise UsageError(
                f"no submission of {assignment} in {download}: expected a folder for each student "
                f"with the notebook in it, like student/{course.notebooks(assignment)[0]}"
            )
        attention = list(found.refused)
        place = stack.enter_context(staging(course.root, ".collecting-"))
        for student in track(sorted(found.submissions), "collecting"):
            remarks: list[str] = []
            taking = _Taking(course, assignment, student, place, remarks)
            outcomes[taking.take(found.submissions[student])].append(student)
            attention += [Attention(student, remark) for remark in remarks]
    return Collected(
        new=tuple(outcomes["new"]),
        updated=tuple(outcomes["updated"]),
        unchanged=tuple(outcomes["unchanged"]),
        attention=tuple(attention),
    )


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
    """Whether a submission came after the one that is graded."""
    try:
        now = handed_in(course.submitted(student, assignment))
        graded = handed_in(course.autograded(student, assignment))
    except (ValueError, OSError):
        return True
    return now is not None and (graded is None or now > graded)


@dataclass(frozen=True)
class _Taking:
    """One student's way from the download into ``submitted/`` or ``quarantine/``."""

    course: Course
    assignment: str
    student: str
    place: Path
    remarks: list[str]
    """Filled on the way: what a human has to know."""

    def take(self, files: list[File]) -> str:
        """Returns "new", "updated", "unchanged", or "" if there is nothing to grade."""
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
        if len(readable) == len(chosen) and outcome != "unchanged":
            supersede(self.course, self.assignment, self.student)
        return outcome

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
            alike = [path for path in found if _plain_name(path.name) == _plain_name(name)]
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
        """Write ``timestamp.txt``: nbgrader's own note, else the time of the newest notebook."""
        try:
            noted = handed_in(raw)
        except (ValueError, OSError):
            noted = None
        if noted is None:
            newest = max(path.stat().st_mtime for path in ready.glob("*.ipynb"))
            noted = datetime.fromtimestamp(newest, UTC)
        (ready / TIMESTAMP).write_text(f"{noted:%Y-%m-%d %H:%M:%S.%f} UTC\n", encoding="utf-8")

    def land(self, ready: Path) -> str:
        """Put the submission into ``submitted/``, unless a newer one is there."""
        target = self.course.submitted(self.student, self.assignment)
        if not target.exists():
            replace_folder(target, ready)
            return "new"
        if _contents(target) == _contents(ready):
            return "unchanged"
        try:
            before, now = handed_in(target), handed_in(ready)
        except ValueError:
            before = now = None
        if before and now and now < before:
            self.remarks.append("older than what is in submitted/, which was kept")
            return "unchanged"
        replace_folder(target, ready)
        return "updated"


def _problem(student: str, files: list[File]) -> str | None:
    if not student or student.startswith(".") or len(student) > 128 or not student.isprintable():
        return "the folder's name cannot be a student's id"
    if glob.has_magic(student):
        return "nbgrader takes the folder's name for a pattern: rename it without * ? ["
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
