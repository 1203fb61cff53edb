"""The whole loop on a synthetic class: release, collect, grade, feedback, report, CSV."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bpkit.demo_class import DemoStudent, make_class
from bpkit.grading.collect import collect
from bpkit.grading.course import CONFIG, LOCK, LOG, Course, Task, Track, UsageError, open_course
from bpkit.grading.export import Marks, export, marks
from bpkit.grading.feedback import feedback
from bpkit.grading.files import only_one, write_atomically
from bpkit.grading.grade import Graded, grade
from bpkit.grading.release import release
from bpkit.grading.report import write_report

ASSIGNMENT = "ps3"
NOTEBOOK = "backpropagation.ipynb"
MARKER = ".bpkit-demo"
DOWNLOAD = "download"
HANDED_IN = datetime(2025, 3, 14, 18, 0, tzinfo=UTC)
"""When the first student hands in; the others follow, 7 minutes apart."""


@dataclass(frozen=True)
class Demo:
    """A graded synthetic class, and where everything is."""

    course: Course
    students: tuple[DemoStudent, ...]
    tasks: tuple[Task, ...]
    marks: tuple[Marks, ...]
    graded: Graded
    report: Path
    csv: Path


def run_demo(source: Course, directory: Path, students: int, seed: int, track: Track) -> Demo:
    """Make a course in ``directory`` from another one's assignments and run the loop in it.

    A demo that is there already is made anew; a folder that is not a demo is not touched.

    Raises
    ------
    UsageError : if the directory is not ours, or ``source`` does not have the assignment.
    """
    source.check_assignment(ASSIGNMENT)
    _make_room(directory, source)
    course = open_course(directory)
    release(course, ASSIGNMENT)
    class_ = make_class((course.release(ASSIGNMENT) / NOTEBOOK).read_bytes(), students, seed)
    _hand_in(course, class_)
    collect(course, ASSIGNMENT, directory / DOWNLOAD, track)
    graded = grade(course, ASSIGNMENT, track)
    feedback(course, ASSIGNMENT, track)
    report = write_report(course, ASSIGNMENT, course.reports / f"{ASSIGNMENT}.html")
    csv = export(course, ASSIGNMENT, course.reports / f"{ASSIGNMENT}.csv")
    tasks, rows = marks(course, ASSIGNMENT)
    return Demo(course, tuple(class_), tasks, rows, graded, report, csv)


def _make_room(directory: Path, source: Course) -> None:
    """An empty course directory with the configuration and the assignments of another."""
    directory = directory.absolute()
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise UsageError(f"{directory} is not a folder: choose another --dir")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MARKER).is_file():
        raise UsageError(
            f"{directory} holds files and is not a demo of bpkit's, so nothing in it was touched: "
            "choose another --dir"
        )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARKER).write_text("bpkit demo makes this folder anew each time it runs.\n")
    with only_one(directory / LOCK) as alone:
        if not alone:
            raise UsageError(f"another bpkit command is at work in {directory}: wait for it")
        _empty(directory, source)


def _empty(directory: Path, source: Course) -> None:
    folders = source.directory
    for name in (
        folders.source_directory,
        folders.release_directory,
        folders.submitted_directory,
        folders.autograded_directory,
        folders.feedback_directory,
        "quarantine",
        "replaced",
        "collected",
        "handouts",
        "variants",
        "reports",
        DOWNLOAD,
    ):
        if (directory / name).is_dir() and not (directory / name).is_symlink():
            shutil.rmtree(directory / name)
        else:
            (directory / name).unlink(missing_ok=True)
    for name in ("gradebook.db", LOG):
        (directory / name).unlink(missing_ok=True)
    shutil.copyfile(source.root / CONFIG, directory / CONFIG)
    shutil.copytree(source.source(ASSIGNMENT), directory / folders.source_directory / ASSIGNMENT)


def _hand_in(course: Course, class_: list[DemoStudent]) -> None:
    """A download folder as a learning platform gives it, and the class in the gradebook."""
    for number, student in enumerate(class_):
        path = course.root / DOWNLOAD / student.id / NOTEBOOK
        write_atomically(path, student.notebook)
        os.utime(path, times=((HANDED_IN + number * timedelta(minutes=7)).timestamp(),) * 2)
    with course.gradebook() as gradebook:
        for student in class_:
            gradebook.update_or_create_student(
                student.id, first_name=student.first_name, last_name=student.last_name
            )
