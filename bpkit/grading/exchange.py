"""nbgrader's exchange, where several accounts of one machine hand in and get feedback.

A student writes into the exchange what they like: a folder in another's name, a link to a file that
only the instructor can read, a name that is none. nbgrader warns of the first, copies what the
second leads to, and stops at the third. The classes here, named in nbgrader_config.py, take what a
student's own account has put there, as files, and go on to the next.
"""

import os
import shutil
import stat
from datetime import datetime
from pathlib import Path
from pwd import getpwuid
from types import SimpleNamespace
from typing import Any

from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback

from bpkit.grading.course import Course
from bpkit.grading.handed_in import TIMESTAMP
from bpkit.grading.taking import LARGEST_SUBMISSION, MOST_FILES

SECRET = "submission_secret.txt"
"""nbgrader's name for the file whose text leads a student, and nobody else, to the feedback."""
DEEPEST = 8
"""Folders within each other that are looked into."""
NOT_A_FILE = "Not collected: %s is a link, belongs to somebody else, or is too large"
NOBODY: dict[str, Any] = {"username": "", "filename": "", "timestamp": datetime.min}
"""Stands for what is not collected."""


class CarefulCollect(ExchangeCollect):
    """nbgrader's ``collect`` of what each student put there themselves, links left out."""

    src_records: list[dict[str, Any]]

    def init_src(self) -> None:
        """Find the last submission of each student."""
        super().init_src()
        self.src_records = [record for record in self.src_records if record["username"]]

    def _path_to_record(self, path: str) -> dict[str, Any]:
        """Whose submission a folder is, and of when, by its name; and its owner has to agree."""
        try:
            record = super()._path_to_record(path)
            owner = self._owner(os.lstat(path), record)
        except (ValueError, OverflowError, ExchangeError, OSError, KeyError):
            self.log.error("Not collected: %s is not a submission", path)
            return NOBODY
        if record["username"] != owner:
            self.log.error("Not collected: %s was put there by %s", path, owner)
            return NOBODY
        return record

    def _owner(self, about: os.stat_result, record: dict[str, Any]) -> str:
        """The owner of a folder; whom its name says, if nbgrader is told not to check that."""
        return getpwuid(about.st_uid).pw_name if self.check_owner else record["username"]

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy the files that are really in the folder of a submission, and are the student's."""
        source, target = Path(src), Path(dest)
        target.mkdir(parents=True)
        try:
            top = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            self.log.error("Not collected: %s (%s)", source, error.strerror)
            return
        try:
            record = self._path_to_record(src)
            if record["username"] == self._owner(os.fstat(top), record):
                self._copy_below(top, source, target)
                handed_in = f"{record['timestamp']:%Y-%m-%d %H:%M:%S.%f} UTC\n"
                (target / TIMESTAMP).write_text(handed_in)
        finally:
            os.close(top)

    def _copy_below(self, top: int, source: Path, target: Path) -> None:
        ignored = shutil.ignore_patterns(*self.coursedir.ignore)
        owner, room, left = os.fstat(top).st_uid, LARGEST_SUBMISSION, MOST_FILES
        for folder, folders, names, fd in os.fwalk(".", dir_fd=top):
            links = [name for name in folders if _is_link(name, fd)]
            folders[:] = sorted({*folders} - ignored(folder, folders) - {*links})
            if folder.count("/") == DEEPEST:
                folders.clear()
            for name in sorted({*names, *links} - ignored(folder, names)):
                path = Path(folder, name)
                if left == 0:
                    self.log.error("Not collected: %s and later files", source / path)
                    return
                left -= 1
                content = _read_own_file(name, fd, owner, room)
                if content is None:
                    self.log.error(NOT_A_FILE, source / path)
                    continue
                room -= len(content)
                (target / path).parent.mkdir(parents=True, exist_ok=True)
                (target / path).write_bytes(content)


def _is_link(name: str, folder: int) -> bool:
    return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _read_own_file(name: str, folder: int, owner: int, limit: int) -> bytes | None:
    """A regular file of this owner's with at most limit bytes; None for any other."""
    how = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(name, how, dir_fd=folder), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode) or about.st_uid != owner:
                return None
            content = file.read(limit + 1)
    except OSError:
        return None
    return content if len(content) <= limit else None


class CarefulReleaseFeedback(ExchangeReleaseFeedback):
    """nbgrader's ``release_feedback`` for those who handed in through the exchange."""

    def copy_files(self) -> None:
        """Put the pages into the exchange."""
        about = self.coursedir
        course = Course(Path(about.root), SimpleNamespace(coursedir=about, log=self.log))
        elsewhere = []
        for student in course.students("feedback", about.assignment_id):
            if not _has_secret(course.feedback(student, about.assignment_id)):
                self.log.warning("%s did not hand in through the exchange: no feedback", student)
                elsewhere.append(student)
        kept = about.student_id_exclude
        about.student_id_exclude = ",".join(filter(None, [kept, *elsewhere]))
        try:
            super().copy_files()
        finally:
            about.student_id_exclude = kept


def _has_secret(feedback: Path) -> bool:
    """Whether nbgrader finds in the folder what it makes a page's name of."""
    try:
        (feedback / TIMESTAMP).read_text()
        return bool((feedback / SECRET).read_text())
    except (OSError, ValueError):
        return False
