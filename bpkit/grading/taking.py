"""One submission's way from a download into ``submitted/`` or ``quarantine/``."""

import errno
import os
import re
import shutil
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bpkit.grading.course import Course
from bpkit.grading.download import UNREADABLE, File
from bpkit.grading.files import replace_folder, write_atomically
from bpkit.grading.handed_in import TIMESTAMP, handed_in
from bpkit.grading.lms import Owner
from bpkit.grading.preflight import Unreadable, read_submission
from bpkit.grading.quarantine import set_aside, supersede
from bpkit.grading.roster import id_problem

LARGEST_SUBMISSION = 200 * 2**20
"""Bytes of all files of one submission; what goes beyond stays in the download and is named."""
MOST_FILES = 200
"""Files that one submission may have."""
CHUNK = 2**20
JUST_LATE = timedelta(seconds=1)
"""How late a submission counts that is late, nobody says by how much."""

COPY = re.compile(r"(copy of )?(?P<stem>.*?)([ _-]*\(\d+\)|-copy\d*|[ _-]+copy)*")
"""What browsers and file managers make of a name: "copy of x", "x (1)", "x-copy1"."""
AGAIN = r"-\d+"
"""What Canvas adds to the name of a file that is handed in again."""


@dataclass(frozen=True)
class When:
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


@dataclass(frozen=True)
class Taking:
    """One student's way from the download into ``submitted/`` or ``quarantine/``."""

    course: Course
    assignment: str
    student: str
    place: Path
    owner: Owner
    when: When
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
