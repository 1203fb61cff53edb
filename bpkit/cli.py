"""``bpkit``: the instructor's commands.

Exit codes: 0 done; 1 done, but something needs a human; 2 wrong usage or environment; 70 a bug in
bpkit; 130 stopped from the keyboard.
"""

import errno
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpkit

NOT_INSTALLED = 'bpkit: {} is not installed; type: pip install "bpkit[grade]"'

try:
    import click
    from rich.box import HORIZONTALS
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.table import Table
    from rich.text import Text
except ModuleNotFoundError as error:
    print(NOT_INSTALLED.format(error.name), file=sys.stderr)
    sys.exit(2)

if TYPE_CHECKING:
    from bpkit.grading.course import Attention, Counted, Course
    from bpkit.grading.demo import Demo

DONE, NEEDS_A_HUMAN, WRONG_USAGE, BUG, STOPPED = 0, 1, 2, 70, 130

ENVIRONMENT = {
    errno.EACCES,
    errno.EPERM,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EIO,
    errno.ENAMETOOLONG,
}
"""Errors of the operating system that are the machine's, not a bug of ours."""

out = Console(highlight=False)
progress_console = Console(stderr=True, highlight=False)


def main() -> None:
    """Run a command; whatever goes wrong for the user is one sentence."""
    # jsonschema would import a checker of web addresses that takes 1.8 s to load and that nothing
    # here uses; it is optional, and None is Python's way to say that a module is not to be had.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    sys.exit(_run())


def _run() -> int:
    try:
        return commands.main(prog_name="bpkit", standalone_mode=False) or DONE
    except (click.Abort, KeyboardInterrupt):
        print("bpkit: stopped; run the same command again to finish", file=sys.stderr)
        return STOPPED
    except click.ClickException as error:
        error.show()
        return WRONG_USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("bpkit"):
            return _bug()
        print(NOT_INSTALLED.format(error.name), file=sys.stderr)
        return WRONG_USAGE
    except OSError as error:
        if error.errno not in ENVIRONMENT:
            return _bug()
        where = f" ({error.filename})" if error.filename else ""
        print(f"bpkit: {error.strerror}{where}", file=sys.stderr)
        return WRONG_USAGE
    except Exception as error:
        from bpkit.grading.course import UsageError
        from bpkit.grading.jail import JailUnavailable

        if not isinstance(error, UsageError | JailUnavailable):
            return _bug()
        print(f"bpkit: {error}", file=sys.stderr)
        return WRONG_USAGE


def _bug() -> int:
    traceback.print_exc()
    print("bpkit: this is a bug in bpkit; please report it with the lines above", file=sys.stderr)
    return BUG


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(bpkit.__version__)
def commands() -> None:
    """Release, collect, grade and report on the assignments of a course.

    Run it in the course's folder: the one with nbgrader_config.py. Exit codes: 0 done; 1 done, but
    something needs a human; 2 wrong usage or environment.
    """


course_dir = click.option(
    "--course-dir",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The course's folder, or one inside it; by default the current one.",
)
assignment = click.argument("assignment")
unsafe_no_jail = click.option(
    "--unsafe-no-jail",
    is_flag=True,
    help="Run student code without a jail, with all of your own rights.",
)


@commands.command()
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...")
@click.option(
    "--per-student",
    is_flag=True,
    help="Also make a copy with numbers of their own for each student in the gradebook.",
)
@course_dir
def release(assignments: tuple[str, ...], per_student: bool, course_dir: Path) -> None:
    """Make the students' version of an assignment, or of all."""
    from bpkit.grading.release import release
    from bpkit.grading.variants import hand_out

    course = _course(course_dir)
    for name in assignments or course.assignments:
        made = release(course, name)
        for path in made.written:
            _say(f"wrote {_near(path)}")
        for path in made.removed:
            _say(f"removed {_near(path)}")
        _say(f"{name}: released; {made.unchanged} files unchanged")
        if per_student:
            handed = hand_out(course, name)
            _say(f"{name}: {handed.students} students, {len(handed.new)} of them new")
            _say(f"hand-outs in {_near(handed.folder)}, who has which in {_near(handed.table)}")


@commands.command()
@click.argument("download", type=click.Path(path_type=Path))
@assignment
@course_dir
def collect(download: Path, assignment: str, course_dir: Path) -> int:
    """Take submissions out of DOWNLOAD, a zip file or a folder.

    It holds a folder for each student, with the notebook in it.
    """
    from bpkit.grading.collect import collect

    done = collect(_course(course_dir), assignment, download, track)
    _say(f"{len(done.new)} new, {len(done.updated)} updated, {len(done.unchanged)} unchanged")
    return _show_attention(done.attention)


@commands.command()
@assignment
@click.option("--student", help="Grade this student only.")
@click.option("--force", is_flag=True, help="Grade again what is graded already.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    help="How many at a time on this machine; as many as it has processors by default.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Have the workers of a Dask scheduler do it, like tcp://10.0.0.1:8786.",
)
@unsafe_no_jail
@course_dir
def grade(
    assignment: str,
    student: str | None,
    force: bool,
    jobs: int | None,
    scheduler: str | None,
    unsafe_no_jail: bool,
    course_dir: Path,
) -> int:
    """Grade the submissions that are new. Student code runs in a jail."""
    from bpkit.grading.grade import Where, grade

    if jobs and scheduler:
        raise click.UsageError("--jobs is for this machine and --scheduler for others: name one")
    course = _course(course_dir)
    if unsafe_no_jail:
        print(
            "bpkit: WARNING: no jail: student code runs with your rights, and can read and change "
            "your files, the gradebook and the network",
            file=sys.stderr,
        )
    done = grade(
        course,
        assignment,
        track,
        student=student,
        force=force,
        unsafe_no_jail=unsafe_no_jail,
        where=Where(jobs, scheduler),
    )
    _say(f"{len(done.graded)} graded, {len(done.already)} graded before")
    if done.by_hand:
        _say(f"{done.by_hand} answers wait for marks by hand, in formgrader")
    return _show_attention(done.attention)


@commands.command()
@assignment
@course_dir
def feedback(assignment: str, course_dir: Path) -> int:
    """Make the page that each student gets back."""
    from bpkit.grading.feedback import feedback

    course = _course(course_dir)
    done = feedback(course, assignment, track)
    _say(f"{len(done.written)} pages in {_near(course.root / course.directory.feedback_directory)}")
    return _show_attention(done.attention)


@commands.command()
@assignment
@click.option("--anonymous", is_flag=True, help="Without names, to be shown in class.")
@course_dir
def report(assignment: str, anonymous: bool, course_dir: Path) -> None:
    """Write the class report: marks, misconceptions, who needs a human."""
    from bpkit.grading.report import write_report

    course = _course(course_dir)
    course.check_assignment(assignment)
    name = f"{assignment}-anonymous.html" if anonymous else f"{assignment}.html"
    path = write_report(course, assignment, course.reports / name, anonymous=anonymous)
    _say(f"wrote {_near(path)}")


@commands.command()
@assignment
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; reports/ASSIGNMENT.csv by default.",
)
@course_dir
def export(assignment: str, to: Path | None, course_dir: Path) -> None:
    """Write the marks as CSV."""
    from bpkit.grading.export import export

    course = _course(course_dir)
    path = export(course, assignment, to or course.reports / f"{assignment}.csv")
    _say(f"wrote {_near(path)}")


@commands.command()
@click.option("--install", is_flag=True, help="Install bubblewrap, the jail, if it is missing.")
@course_dir
def doctor(install: bool, course_dir: Path) -> int:
    """Is this machine ready to grade?"""
    from bpkit.grading.doctor import diagnose, jail_problem
    from bpkit.grading.jail import install_bubblewrap

    if install and jail_problem():
        install_bubblewrap()
    checks = diagnose(course_dir)
    table = Table(box=None, show_header=False, pad_edge=False)
    for check in checks:
        sign = Text("✓", "green") if check.ok else Text("✗", "red") if check.needed else Text("–")
        table.add_row(sign, check.name, Text(_printable(check.found)))
    out.print(table)
    return DONE if all(check.ok or not check.needed for check in checks) else WRONG_USAGE


@commands.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    show_default=True,
    help="Where the demo's course is made.",
)
@click.option("--students", type=click.IntRange(1, 1000), default=30, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@course_dir
def demo(directory: Path, students: int, seed: int, course_dir: Path) -> None:
    """Run the whole loop on a class that does not exist.

    Among its submissions are wrong ones, a broken file and an endless loop.
    """
    from bpkit.grading.demo import run_demo
    from bpkit.grading.doctor import jail_problem
    from bpkit.grading.jail import install_bubblewrap

    course = _course(course_dir)
    if jail_problem():
        _say("the jail is missing: installing bubblewrap")
        install_bubblewrap()
    _show_demo(run_demo(course, directory, students, seed, track))


def _show_demo(done: "Demo") -> None:
    table = Table(box=HORIZONTALS, pad_edge=False, padding=0)
    table.add_column("student", no_wrap=True)
    table.add_column("handed in")
    for number in range(1, len(done.tasks) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    table.add_column("total", justify="right", no_wrap=True)
    kinds = {student.id: student.kind for student in done.students}
    for row in done.marks:
        person = f"{row.first_name} {row.last_name}"
        marks = ["·" if mark is None else f"{mark:g}" for mark in row.by_task]
        table.add_row(person, kinds.get(row.student, ""), *marks, f"{row.total:g}")
    table.add_section()
    most = sum(task.points for task in done.tasks)
    table.add_row("out of", "", *(f"{task.points:g}" for task in done.tasks), f"{most:g}")
    out.print(table)
    names = [task.name.removeprefix("test-").replace("-", " ") for task in done.tasks]
    out.print(Text(", ".join(f"{number} {name}" for number, name in enumerate(names, 1))))
    out.print(Text("·  not marked: a person has yet to mark it, or nothing readable was handed in"))
    out.print()
    _show_attention(done.graded.attention)
    root = done.course.root
    places = Table(box=None, show_header=False, pad_edge=False)
    for name, path in (
        ("gradebook", root / "gradebook.db"),
        ("feedback", root / done.course.directory.feedback_directory),
        ("class report", done.report),
        ("marks as CSV", done.csv),
    ):
        places.add_row(name, Text(_near(path)))
    out.print()
    out.print(places)
    _say(
        f"to mark by hand: cd {_near(root)} && jupyter lab, then Nbgrader > Formgrader in the menu"
    )


def _course(start: Path) -> "Course":
    from bpkit.grading.course import find_course

    return find_course(start)


def track(items: "Counted", what: str) -> Iterable[Any]:
    """A progress bar, with the rate and the time left, while one goes through the items."""
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=progress_console) as progress:
        yield from progress.track(items, total=len(items), description=what)


class _Rate(ProgressColumn):
    """How many a minute."""

    def render(self, task: Task) -> Text:
        """For example "54/min"."""
        speed = task.finished_speed or task.speed
        return Text(f"{60 * speed:.0f}/min" if speed else "")


def _show_attention(attention: "Sequence[Attention]") -> int:
    if not attention:
        return DONE
    out.print(f"needs a human: {len(attention)}", style="bold")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for item in attention:
        table.add_row(Text(_printable(item.student)), Text(_printable(item.reason)))
    out.print(table)
    return NEEDS_A_HUMAN


def _say(text: str) -> None:
    out.print(Text(_printable(text)), soft_wrap=True)


def _printable(text: str) -> str:
    """Names and messages come from submissions: no control character reaches the terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _near(path: Path) -> str:
    """A path as one would type it here."""
    path = path.absolute()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    main()
