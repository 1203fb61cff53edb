"""The course directory: its folders, nbgrader's configuration of it, its gradebook.

A course is a folder with ``nbgrader_config.py`` and a folder of source notebooks; everything else
has nbgrader's own layout, so that its commands and ours can be mixed.
"""

import glob
import json
import logging
import os
import re
import shutil
import sysconfig
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Protocol, TypeVar

from nbgrader.api import Gradebook
from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import BaseConverter
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from bpkit.grading.files import only_one

CONFIG = "nbgrader_config.py"
LOG = "bpkit.log"
LOCK = ".bpkit.lock"

G = TypeVar("G", bound=Gradebook)


class Counted(Protocol):
    """What one can go through, and knows how long it is."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


Track = Callable[[Counted, str], Iterable[Any]]
"""Goes through things and shows how far it is: ``for name in track(names, "grading")``."""


class UsageError(Exception):
    """What the user can put right: one sentence that says what is wrong, where, and what to do."""


class ConversionFailed(Exception):
    """One of nbgrader's converters failed; the message is one line on why."""


@dataclass(frozen=True)
class Attention:
    """Something about one student's submission that a human has to look at."""

    student: str
    reason: str


@dataclass(frozen=True)
class Task:
    """A cell that earns marks."""

    notebook: str
    name: str
    points: float
    by_hand: bool
    """Whether a person gives the marks."""


class _Application(NbGrader):
    """nbgrader's application for a course that need not be the working directory."""

    name = "bpkit"
    load_cwd_config = False
    raise_config_file_errors = True

    def init_syspath(self) -> None:
        """Leave sys.path alone: nothing is imported from the working directory."""


@dataclass(frozen=True)
class Course:
    """A course directory and nbgrader's view of it."""

    root: Path
    app: NbGrader

    @property
    def directory(self) -> CourseDirectory:
        """nbgrader's own object for the course directory."""
        return self.app.coursedir

    @property
    def assignments(self) -> tuple[str, ...]:
        """The assignments that have a source notebook, sorted."""
        sources = Path(self.directory.format_path(self.directory.source_directory, ".", "."))
        return tuple(sorted({path.parent.name for path in sources.glob("*/*.ipynb")}))

    def source(self, assignment: str) -> Path:
        """The folder where an assignment is written."""
        return self._folder(self.directory.source_directory, ".", assignment)

    def release(self, assignment: str) -> Path:
        """The folder that students get."""
        return self._folder(self.directory.release_directory, ".", assignment)

    def submitted(self, student: str, assignment: str) -> Path:
        """The folder of what a student handed in."""
        return self._folder(self.directory.submitted_directory, student, assignment)

    def autograded(self, student: str, assignment: str) -> Path:
        """The folder of a graded submission."""
        return self._folder(self.directory.autograded_directory, student, assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        """The folder of the pages that a student gets back."""
        return self._folder(self.directory.feedback_directory, student, assignment)

    def quarantine(self, student: str, assignment: str) -> Path:
        """The folder of a student's files that could not be read, with the reason."""
        return self.root / "quarantine" / assignment / student

    @property
    def reports(self) -> Path:
        """The folder of class reports and tables of marks."""
        return self.root / "reports"

    def students(self, step: str, assignment: str) -> tuple[str, ...]:
        """Who has a folder for the assignment in ``submitted``, ``autograded`` or ``feedback``."""
        step = getattr(self.directory, f"{step}_directory")
        escaped = self.directory.format_path(step, "([^/]+)", re.escape(assignment), escape=True)
        pattern = re.compile(escaped)
        folders = glob.glob(self.directory.format_path(step, "*", assignment))
        found = (pattern.fullmatch(folder) for folder in folders if Path(folder).is_dir())
        return tuple(sorted(match[1] for match in found if match))

    def notebooks(self, assignment: str) -> tuple[str, ...]:
        """The file names of an assignment's notebooks, sorted."""
        return tuple(sorted(path.name for path in self.source(assignment).glob("*.ipynb")))

    def tasks(self, assignment: str) -> tuple[Task, ...]:
        """The cells that earn marks, in the order of the source notebooks."""
        tasks = []
        for name in self.notebooks(assignment):
            notebook = json.loads((self.source(assignment) / name).read_text(encoding="utf-8"))
            for cell in notebook["cells"]:
                about = cell["metadata"].get("nbgrader", {})
                if about.get("grade") or about.get("task"):
                    by_hand = bool(about.get("solution") or about.get("task"))
                    stem = name.removesuffix(".ipynb")
                    tasks.append(Task(stem, about["grade_id"], float(about["points"]), by_hand))
        return tuple(tasks)

    def check_assignment(self, assignment: str) -> None:
        """Make sure that the assignment exists.

        Raises
        ------
        UsageError : if it does not.
        """
        if assignment not in self.assignments:
            known = ", ".join(self.assignments) or "none yet"
            raise UsageError(f"unknown assignment {assignment!r}; there are: {known}")

    def gradebook(self) -> Gradebook:
        """nbgrader's gradebook, to be used in a ``with`` block.

        Raises
        ------
        UsageError : if the database cannot be opened.
        """
        return self.open(Gradebook)

    def open(self, kind: type[G]) -> G:
        """The same as an object of a class of our own.

        Raises
        ------
        UsageError : if the database cannot be opened.
        """
        url = self.directory.db_url
        try:
            return kind(url, self.directory.course_id)
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{_without_password(url)} needs {error.name}, which is not installed; for "
                'PostgreSQL type: pip install "bpkit[postgres]"'
            ) from error
        except DatabaseError as error:
            reason = " ".join(str(error.orig).split())
            raise UsageError(f"{_without_password(url)} cannot be used: {reason}") from error
        except ArgumentError as error:
            raise UsageError(f"db_url in {CONFIG} is not the address of a database") from error

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other commands that change the course out for a while.

        Raises
        ------
        UsageError : if one is at work.
        """
        with only_one(self.root / LOCK) as alone:
            if not alone:
                raise UsageError(f"another bpkit command is at work in {self.root}: wait for it")
            yield

    def convert(
        self, converter: type[BaseConverter], assignment: str, student: str | None = None
    ) -> None:
        """Run one of nbgrader's converters, overwriting what it made before.

        Its noise goes to the course's log file.

        Raises
        ------
        ConversionFailed : with the last line of the error; the log has all of it.
        """
        self.directory.assignment_id = assignment
        self.directory.student_id = student if student is not None else "*"
        conversion = converter(coursedir=self.directory, parent=self.app)
        conversion.force = True
        errors = _Errors()
        self.app.log.addHandler(errors)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                conversion.start()
        except Exception as error:
            self.app.log.info("%s %s %s", converter.__name__, assignment, student, exc_info=True)
            raise ConversionFailed(errors.reason or f"{type(error).__name__}: {error}") from error
        finally:
            self.app.log.removeHandler(errors)

    def _folder(self, step: str, student: str, assignment: str) -> Path:
        return Path(self.directory.format_path(step, student, assignment))


def _without_password(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


class _Errors(logging.Handler):
    """Keeps the one line that says why a converter failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.reason = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().strip()
        if "database is locked" in message:
            self.reason = "the gradebook is locked by another program; run the command again"
        elif message.startswith("Traceback"):
            self.reason = message.splitlines()[-1]
        elif "processing assignment" not in message and "error log" not in message:
            self.reason = self.reason or " ".join(message.split())


def find_course(start: Path) -> Course:
    """The course that ``start`` lies in: the nearest folder, upwards, that has a configuration.

    Raises
    ------
    UsageError : if there is none, or if it cannot be used.
    """
    start = start.resolve()
    if not start.is_dir():
        raise UsageError(f"no such folder: {start}")
    for root in (start, *start.parents):
        if (root / CONFIG).is_file():
            return open_course(root)
    raise UsageError(
        f"no course here: no {CONFIG} in {start} or above; run bpkit in the course's folder or "
        "name it with --course-dir"
    )


def open_course(root: Path) -> Course:
    """The course in the folder ``root``.

    Raises
    ------
    UsageError : if its configuration cannot be read, or its source folder is missing.
    """
    root = root.absolute()
    if glob.escape(str(root)) != str(root):
        raise UsageError(
            f"nbgrader cannot work in {root}: rename the folder so that its path has none of * ? ["
        )
    _let_nbgrader_find_alembic()
    app = _Application(log_level=logging.CRITICAL)
    try:
        app.initialize([], root=str(root))
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()) if isinstance(error, Exception) else "a wrong setting"
        raise UsageError(f"{root / CONFIG} cannot be used: {reason}") from error
    _log_to_file(app.log, root / LOG)
    sources = root / app.coursedir.source_directory
    if not sources.is_dir():
        raise UsageError(
            f"no folder {sources.name}/ in {root}: that is where the assignments are written "
            f"(CourseDirectory.source_directory in {CONFIG})"
        )
    return Course(root, app)


def _let_nbgrader_find_alembic() -> None:
    """It makes a gradebook with ``alembic``, which lies beside Python but maybe not on PATH."""
    if shutil.which("alembic") is None:
        scripts = sysconfig.get_path("scripts")
        os.environ["PATH"] = os.pathsep.join([scripts, os.environ.get("PATH", os.defpath)])


def _log_to_file(log: logging.Logger, path: Path) -> None:
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    handler = RotatingFileHandler(path, maxBytes=2**21, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(logging.INFO)
