"""Grade the submissions of an assignment: many at a time, in jails, into nbgrader's gradebook."""

import json
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nbgrader.api import Assignment, BaseCell, Notebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.api import Grade as Mark
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute
from sqlalchemy import or_, select
from sqlalchemy.exc import OperationalError

from bpkit.grading.assemble import Assembler, load, said_of
from bpkit.grading.course import Attention, Course, Track, UsageError
from bpkit.grading.execution import UNJAILED, Settings
from bpkit.grading.executor import JailedExecute
from bpkit.grading.files import staging
from bpkit.grading.handed_in import is_newer
from bpkit.grading.preflight import Unreadable
from bpkit.grading.quarantine import (
    DEADLY,
    NOT_GRADED,
    graded_after_all,
    is_deadly,
    quarantined,
    set_aside,
)
from bpkit.grading.save import OpenGradebook, Saver
from bpkit.grading.view import hidden_by
from bpkit.grading.work import Executed, Run, Work, here, not_graded

LEAST_DISK = 100 * 2**20
"""Free bytes below which grading does not go on."""
CLASS = "(class)"
"""Stands for everybody where a student's id would be."""
FEW = 4
"""So many submissions are graded in the time that it takes to start more processes."""


@dataclass(frozen=True)
class Graded:
    """What a grading run did, and what it leaves to a human."""

    graded: tuple[str, ...]
    already: tuple[str, ...]
    """Graded before, and nothing newer handed in."""
    attention: tuple[Attention, ...]
    by_hand: int
    """Answers that wait for marks by hand, as the instructor planned."""


@dataclass(frozen=True)
class Where:
    """Who executes the submissions."""

    jobs: int | None = None
    """How many at a time on this machine; None means a few more than it has processors."""
    scheduler: str | None = None
    """The address of a Dask scheduler, whose workers do it instead of this machine."""


def grade(
    course: Course,
    assignment: str,
    track: Track,
    *,
    student: str | None = None,
    force: bool = False,
    unsafe_no_jail: bool = False,
    where: Where = Where(),
) -> Graded:
    """Grade what is in ``submitted/`` and not graded yet.

    A submission that fails is named and never stops the others. A run that was interrupted is
    finished by the next one: what was half done is done again.

    Parameters
    ----------
    student : grade this one only.
    force : grade again what is graded already.
    unsafe_no_jail : run student code on the instructor's account, with all its rights.

    Raises
    ------
    UsageError : for an unknown assignment or student, without the workers of a cluster, or when the
        disk is full.
    JailUnavailable : without a jail.
    """
    course.check_assignment(assignment)
    settings = _settings(course, unsafe_no_jail)
    students = course.students("submitted", assignment)
    if student is not None:
        if student not in students:
            raise UsageError(f"no submission of {assignment} by {student!r} in submitted/")
        students = (student,)

    with ExitStack() as stack:
        stack.enter_context(_writing())
        stack.enter_context(course.alone())
        stack.enter_context(chdir(course.root))  # where nbgrader runs its steps and hooks
        gradebook = course.open(OpenGradebook)
        stack.callback(gradebook.end)
        _require_release(course, assignment, gradebook)
        complete = set() if force else _complete(course, assignment, gradebook)
        waiting = [
            name
            for name in students
            if (name not in complete or is_newer(course, assignment, name))
            and (force or not is_deadly(course, assignment, name))
        ]
        done = _Done()
        # also when nothing waits: it takes away what a killed run has left
        place = stack.enter_context(staging(course.root, ".grading-"))
        if waiting:
            source = course.source(assignment) / course.notebooks(assignment)[0]
            hides = hidden_by(said_of(source))
            with ThreadPoolExecutor(1) as meanwhile:
                assembler = meanwhile.submit(Assembler, course, assignment)
                runner = _runner(settings, len(waiting), where, place, hides)
                run = stack.enter_context(runner)
            saver = Saver(course, assignment, gradebook, place)
            unreadable: list[Executed] = []
            works = _assembled(waiting, assembler.result(), unreadable)
            for executed in track(_Arrivals(len(waiting), run(works), unreadable), "grading"):
                _save(executed, saver, done)
        aside = [a for a in quarantined(course, assignment) if student in (None, a.student)]
        gradebook.enter({*done.failed, *(a.student for a in aside)})
        missing, by_hand = _without_marks(course, assignment, gradebook)

    attention = list(aside)
    unjailed = 0
    for name in students:
        if name not in done.failed:
            noted = done.saved.get(name, ())
            events = list(noted if name in done.saved else _events(course, assignment, name))
            unjailed += UNJAILED in events
            events = [event for event in events if event != UNJAILED]
            if name in missing:
                events.append(f"test cells are missing: {', '.join(missing[name])}")
            attention += [Attention(name, event) for event in events]
        elif not any(a.student == name and done.failed[name] in a.reason for a in aside):
            attention.append(Attention(name, done.failed[name]))
    if unjailed:
        attention.append(Attention(CLASS, f"{UNJAILED}: {unjailed} of {len(students)} submissions"))
    return Graded(
        graded=tuple(name for name in waiting if name in done.saved),
        already=tuple(name for name in students if name in complete and name not in waiting),
        attention=tuple(sorted(attention, key=lambda a: a.student)),
        by_hand=by_hand,
    )


@dataclass
class _Done:
    """What is known so far of the submissions of a run."""

    saved: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By student: what a human has to know."""
    failed: dict[str, str] = field(default_factory=dict)
    """By student: why there are no marks."""


@dataclass(frozen=True)
class _Arrivals:
    """Executed submissions as they come, and at last those that could not be read."""

    count: int
    executed: Iterator[Executed]
    unreadable: Sequence[Executed]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Executed]:
        yield from self.executed
        yield from self.unreadable


@contextmanager
def _writing() -> Iterator[None]:
    """Say it in one sentence when the gradebook gets out of reach."""
    try:
        yield
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        raise UsageError(
            f"the gradebook cannot be written ({reason}); run the command again to finish the rest"
        ) from error


def _settings(course: Course, unsafe_no_jail: bool) -> Settings:
    """How nbgrader_config.py wants submissions to be executed."""
    configured = [load(step) for step in Autograde(parent=course.app).autograde_preprocessors]
    if not {Execute, JailedExecute}.intersection(configured):
        raise UsageError(
            "nbgrader_config.py runs student code with another executor than bpkit's: leave "
            "Autograde.autograde_preprocessors out of it"
        )
    executor = JailedExecute(parent=course.app)
    executor.unsafe_no_jail = unsafe_no_jail
    return executor.settings()


def _require_release(course: Course, assignment: str, gradebook: OpenGradebook) -> None:
    """Submissions are rebuilt from the release; the gradebook knows from it what earns marks."""
    released = [(course.release(assignment) / n).exists() for n in course.notebooks(assignment)]
    query = select(Notebook.id).join(Assignment).where(Assignment.name == assignment)
    if not all(released) or not gradebook.db.execute(query).first():
        raise UsageError(f"{assignment} is not released yet: run bpkit release {assignment}")


def _runner(
    settings: Settings, count: int, where: Where, place: Path, hides: frozenset[str]
) -> AbstractContextManager[Run]:
    """Who executes so many submissions."""
    jobs = where.jobs or (_at_a_time() if count > FEW else 1)
    if where.scheduler is None and min(jobs, count) == 1:
        return here(settings)
    from bpkit.grading import cluster  # takes half a second

    if where.scheduler is not None:
        return cluster.elsewhere(settings, where.scheduler)
    return cluster.on_this_machine(settings, min(jobs, count), place, hides)


def _at_a_time() -> int:
    """How many submissions keep all processors busy: each waits now and then for one of its own
    processes to answer another.
    """
    processors = len(os.sched_getaffinity(0))
    return processors + math.ceil(processors / 4)


def _assembled(
    students: Sequence[str], assembler: Assembler, unreadable: list[Executed]
) -> Iterator[Work]:
    """What is to be executed, made only when there is somebody to execute it."""
    for student in students:
        try:
            work = assembler.assemble(student)
        except Unreadable as problem:
            unreadable.append(Executed(student, problem=str(problem)))
        except Exception as error:
            assembler.course.app.log.exception("%s %s", student, assembler.assignment)
            unreadable.append(Executed(student, problem=not_graded(error)))
        else:
            yield work


def _save(executed: Executed, saver: Saver, done: _Done) -> None:
    """Save what came back, if anything did.

    Raises
    ------
    UsageError : if the disk is full.
    """
    course, student = saver.course, executed.student
    if shutil.disk_usage(course.root).free < LEAST_DISK:
        raise UsageError(
            f"the disk of {course.root} is full: less than {LEAST_DISK // 2**20} MB are "
            "left; make room and run the command again"
        )
    if executed.work is None or executed.notebooks is None:
        done.failed[student] = executed.problem
        if executed.deadly:
            _set_aside(course, saver.assignment, student, executed.problem)
        return
    try:
        done.saved[student] = saver.save(executed.work, executed.notebooks)
        graded_after_all(course, saver.assignment, student)
    except (OSError, OperationalError):
        raise
    except Exception as error:
        course.app.log.exception("%s %s", student, saver.assignment)
        done.failed[student] = not_graded(error)


def _set_aside(course: Course, assignment: str, student: str, problem: str) -> None:
    """Keep a submission that ended whoever ran it from being run by the next command again."""
    folder = course.submitted(student, assignment)
    for name in course.notebooks(assignment):
        if (folder / name).exists():
            reason = f"{name} {problem}: {DEADLY}"
            set_aside(course, assignment, student, folder / name, reason, NOT_GRADED)


def _complete(course: Course, assignment: str, gradebook: OpenGradebook) -> set[str]:
    """Who is graded: has a folder in ``autograded/``, and marks."""
    query = (
        select(SubmittedAssignment.student_id).join(Assignment).where(Assignment.name == assignment)
    )
    marked = set(gradebook.db.execute(query).scalars())
    return marked.intersection(course.students("autograded", assignment))


def _events(course: Course, assignment: str, student: str) -> list[str]:
    """What was noted of a submission when it was graded, in an earlier run."""
    events: list[str] = []
    for path in sorted(course.autograded(student, assignment).glob("*.ipynb")):
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        events += metadata.get("bpkit", {}).get("events", [])
    return events


def _without_marks(
    course: Course, assignment: str, gradebook: OpenGradebook
) -> tuple[dict[str, list[str]], int]:
    """Test cells that a graded notebook lacks, by student; and how many marks people have to give.

    A test whose cell is gone gives no mark, and nbgrader does not say so.
    """
    planned = {(task.notebook, task.name) for task in course.tasks(assignment) if task.by_hand}
    query = (
        select(
            SubmittedAssignment.student_id,
            Notebook.name,
            BaseCell.name,
            Mark.auto_score,
            Mark.needs_manual_grade,
        )
        .select_from(Mark)
        .join(BaseCell, BaseCell.id == Mark.cell_id)
        .join(SubmittedNotebook, SubmittedNotebook.id == Mark.notebook_id)
        .join(Notebook, Notebook.id == SubmittedNotebook.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .join(Assignment, Assignment.id == SubmittedAssignment.assignment_id)
        .where(Assignment.name == assignment)
        .where(or_(Mark.auto_score.is_(None), Mark.needs_manual_grade))
    )
    missing: dict[str, list[str]] = {}
    waiting = 0
    for student, notebook, name, score, by_hand in gradebook.db.execute(query):
        if (notebook, name) in planned:
            waiting += by_hand
        elif score is None:
            missing.setdefault(student, []).append(name)
    return missing, waiting
