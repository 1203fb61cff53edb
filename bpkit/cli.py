"""``bpkit``: the instructor's commands.

Exit codes: 0 done; 1 done, but something needs a human; 2 wrong usage or environment; 70 a bug in
bpkit; 130 stopped from the keyboard.
"""

import errno
import gc
import os
import shlex
import shutil
import sys
import traceback
from collections.abc import Iterable, Sequence
from datetime import UTC
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
    from datetime import datetime

    from bpkit.grading.collect import Match
    from bpkit.grading.course import Attention, Counted, Course
    from bpkit.grading.demo import Demo

GARBAGE = 50_000
"""Objects that are made before garbage is looked for: nbgrader alone makes a million to stay."""

DONE, NEEDS_A_HUMAN, WRONG_USAGE, BUG, STOPPED = 0, 1, 2, 70, 130

PATH = os.environ.get("PATH", os.defpath)
"""Where the user's shell looks for commands; opening a course adds to it."""

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
    gc.set_threshold(GARBAGE)
    gc.disable()  # nothing that is imported is garbage: see _course
    code = _run()
    gc.freeze()  # Python would go through all that was ever imported once more before it ends
    sys.exit(code)


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
    """Make the students' version of an assignment, or of all, and a zip file to hand out."""
    from bpkit.grading.pack import WHEEL, pack, pack_for_each, wheel
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
            packed = pack_for_each(course, name)
            _say(f"to hand out: {len(packed)} zip files in {_near(handed.folder)}, one a student;")
            _say(f"who has which numbers is in {_near(handed.table)}")
        else:
            _say(f"to hand out: {_near(pack(course, name))}")
    if wheel(course) is None:
        _say(f"bpkit itself is not in there: put {WHEEL} into handouts/, and release again")


@commands.command()
@click.argument("table", metavar="FILE.csv", type=click.Path(path_type=Path))
@click.option(
    "--id", "id_column", metavar="COLUMN", help="The column that becomes the students' ids."
)
@course_dir
def students(table: Path, id_column: str | None, course_dir: Path) -> int:
    """Enter the students of a table into the gradebook.

    The table is Canvas's gradebook, or Moodle's participants or grades, exported as CSV.
    """
    from bpkit.grading.roster import import_students

    done = import_students(_course(course_dir), table, id_column)
    counts = f"{len(done.new)} new, {len(done.updated)} updated, {len(done.unchanged)} unchanged"
    _say(f"{counts}; their ids are the column {done.id_column}")
    return _show_attention(done.attention)


@commands.command()
@assignment
@click.argument("when", required=False)
@click.option("--student", "students", multiple=True, help="Give this student until then.")
@course_dir
def due(assignment: str, when: str | None, students: tuple[str, ...], course_dir: Path) -> None:
    """Say or set when an assignment is due.

    WHEN is like "2026-12-01 18:00", in this computer's time zone, or with one after it, like
    "2026-12-01 18:00 Europe/Berlin".
    """
    from bpkit.grading.due import parse_when, read_due, set_due

    course = _course(course_dir)
    if when is None and students:
        raise click.UsageError("until when? bpkit due ASSIGNMENT WHEN --student ID")
    told = set_due(course, assignment, parse_when(when), students) if when else None
    told = told or read_due(course, assignment)
    _say(f"{assignment} is due {_time(told.due)}" if told.due else f"{assignment} has no due date")
    for student, until in told.extended.items():
        _say(f"{student} has until {_time(until)}")
    if when and told.graded:
        again = " ".join(["bpkit grade", assignment, "--force"])
        _say(f"penalties are worked out when grading: for those graded already run {again}")


def _time(when: "datetime") -> str:
    """In this computer's time zone and, if that is another one, in nbgrader's."""
    here, there = (f"{when.astimezone(zone):%Y-%m-%d %H:%M %Z}" for zone in (None, UTC))
    return here if here == there else f"{here} ({there})"


@commands.command()
@click.argument("download", type=click.Path(path_type=Path))
@assignment
@click.option("--yes", is_flag=True, help="Replace submissions without asking.")
@click.option(
    "--match",
    "matches",
    metavar="NUMBER=ID",
    multiple=True,
    help="Say whose a submission is: a number or name in the download, a student's id.",
)
@click.option(
    "--worksheet",
    metavar="FILE.csv",
    type=click.Path(path_type=Path),
    help="Moodle's grading worksheet of the assignment: it knows when each student handed in.",
)
@course_dir
def collect(
    download: Path,
    assignment: str,
    yes: bool,
    matches: tuple[str, ...],
    worksheet: Path | None,
    course_dir: Path,
) -> int:
    """Take submissions out of DOWNLOAD, a zip file or a folder.

    It is what Canvas or Moodle give for "all submissions", or it holds a folder for each student
    with the notebook in it. Exit code 1 without a terminal and --yes if there was something to ask.
    """
    from bpkit.grading.collect import CLASS, collect
    from bpkit.grading.course import Attention

    if not all(all(match.rpartition("=")[::2]) for match in matches):
        raise click.UsageError("--match takes a number and a student's id: --match 4711=ada")
    can_ask = sys.stdin.isatty()

    def may_replace(students: tuple[str, ...]) -> bool:
        count = "1 submission" if len(students) == 1 else f"{len(students)} submissions"
        which = f"{count} in submitted/ {'is' if len(students) == 1 else 'are'} different"
        _say(f"{which}: {', '.join(students)}; what is replaced is kept in replaced/")
        return yes or (can_ask and click.confirm("replace?"))

    done = collect(
        _course(course_dir),
        assignment,
        download,
        track,
        by_hand=dict(match.rsplit("=", 1) for match in matches),
        worksheet=worksheet,
        may_replace=may_replace,
    )
    _show_matches(done.matches)
    counts = f"{len(done.new)} new, {len(done.updated)} updated, {len(done.unchanged)} unchanged"
    _say(counts + (f", {len(done.kept)} kept as they were" if done.kept else ""))
    if done.unknown:
        _say(f"not in the gradebook, taken as new students: {', '.join(done.unknown)}")
    attention = list(done.attention)
    if done.kept and not can_ask:
        why = "not replaced, since nobody could be asked: run it again with --yes"
        attention.insert(0, Attention(CLASS, why))
    return _show_attention(attention)


def _show_matches(matches: "Sequence[Match]") -> None:
    if not matches:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in "in the download", "student", "":
        table.add_column(name, no_wrap=True)
    for match in matches:
        table.add_row(
            Text(_printable(match.found)),
            Text(_printable(match.student)),
            "late" if match.late else "",
        )
    out.print(table)


@commands.command()
@assignment
@click.option("--student", help="Grade this student only.")
@click.option("--force", is_flag=True, help="Grade again what is graded already.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1000),
    help="How many at a time on this machine; by default a few more than it has processors.",
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
@click.option("--canvas", "kind", flag_value="canvas", help="For Canvas's gradebook to import.")
@click.option("--moodle", "kind", flag_value="moodle", help="For Moodle's gradebook to import.")
@click.option(
    "--worksheet",
    metavar="FILE.csv",
    type=click.Path(path_type=Path),
    help="Fill in the grading worksheet of Moodle's assignment.",
)
@click.option(
    "--feedback",
    "kind",
    flag_value="feedback",
    help="The feedback pages, for Canvas or Moodle to give to the students.",
)
@click.option(
    "--column",
    metavar="NAME",
    help='What Canvas or Moodle call the column, like "Problem set 3 (4711)".',
)
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; by default one in reports/.",
)
@course_dir
def export(
    assignment: str,
    kind: str | None,
    worksheet: Path | None,
    column: str | None,
    to: Path | None,
    course_dir: Path,
) -> int:
    """Write the marks as CSV, for a spreadsheet, Canvas or Moodle."""
    from bpkit.grading import export as module

    if worksheet and kind:
        raise click.UsageError("--worksheet, --canvas, --moodle, --feedback: name one of them")
    if column and kind not in ("canvas", "moodle"):
        raise click.UsageError("--column goes with --canvas or --moodle")
    course = _course(course_dir)
    ending = {"feedback": "-feedback.zip", None: "-worksheet.csv" if worksheet else ".csv"}
    path = to or course.reports / f"{assignment}{ending.get(kind, f'-{kind}.csv')}"
    if worksheet:
        done = module.fill_worksheet(course, assignment, worksheet, path)
    elif kind == "canvas":
        done = module.export_canvas(course, assignment, path, column or assignment)
    elif kind == "moodle":
        done = module.export_moodle(course, assignment, path, column or assignment)
    elif kind == "feedback":
        done = module.export_feedback(course, assignment, path)
    else:
        module.export(course, assignment, path)
        _say(f"wrote {_near(path)}")
        return DONE
    _say(f"wrote {_near(path)}: {done.students} student{'' if done.students == 1 else 's'}")
    return _show_attention(done.attention)


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
    out.print()
    for name, path in (
        ("gradebook", root / "gradebook.db"),
        ("feedback", root / done.course.directory.feedback_directory),
        ("class report", done.report),
        ("marks as CSV", done.csv),
    ):
        _say(f"{name:<12}  {_near(path)}")
    here, jupyter = shlex.quote(_near(root)), shlex.quote(_jupyter(root))
    _say(f"to mark by hand: cd {here} && {jupyter} lab, then Nbgrader > Formgrader in the menu")


def _jupyter(folder: Path) -> str:
    """Jupyter of this installation, as one would type it in a folder."""
    own = Path(sys.executable).with_name("jupyter")
    found = shutil.which("jupyter", path=PATH)
    if found and Path(found) == own:
        return "jupyter"
    both_here = own.is_relative_to(Path.cwd()) and folder.is_relative_to(Path.cwd())
    return os.path.relpath(own, folder) if both_here else str(own)


def _course(start: Path) -> "Course":
    from bpkit.grading.course import find_course

    gc.enable()
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
