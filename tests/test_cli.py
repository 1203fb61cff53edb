"""The commands as people type them: messages, exit codes, no traceback for a user's mistake."""

import errno
import gc
import io
import subprocess
import sys

import click
import nbformat
import pytest
from click.testing import CliRunner

from bpkit import cli
from bpkit.grading.course import Attention, UsageError
from bpkit.grading.files import only_one
from bpkit.grading.grade import Graded
from bpkit.grading.pack import WHEEL
from tests.grading import platforms
from tests.grading.courses import (
    ASSIGNMENT,
    NOTEBOOK,
    RIGHT,
    answer,
    hand_in,
    make_course,
    make_released_course,
)


@pytest.fixture
def course(tmp_path, monkeypatch):
    course = make_released_course(tmp_path / "course")
    monkeypatch.chdir(course.root)
    return course


@pytest.fixture
def run(capfd, monkeypatch):
    """Runs ``bpkit`` with arguments in this process; gives exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bpkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capfd.readouterr()
        return end.value.code, captured.out, captured.err

    threshold = gc.get_threshold()
    yield run
    # main leaves it as a process that ends may: this one goes on
    gc.set_threshold(*threshold)
    gc.unfreeze()
    gc.enable()


COMMANDS = (
    *("students", "release", "due", "collect", "grade", "feedback", "report", "export"),
    *("doctor", "demo"),
)


def test_help_is_quick_to_import_and_names_every_command():
    code = "import sys, bpkit.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "click" in loaded
    assert not {"nbgrader", "nbconvert", "sqlalchemy", "IPython", "matplotlib"} & loaded
    page = CliRunner().invoke(cli.commands, ["--help"]).output
    for name in [*COMMANDS]:
        assert f"  {name} " in page


@pytest.mark.parametrize(
    ("where", "found", "typed"),
    [
        ("course/.venv/bin", True, "jupyter"),
        ("course/.venv/bin", False, "../.venv/bin/jupyter"),
        ("elsewhere/bin", False, "{tmp}/elsewhere/bin/jupyter"),
    ],
    ids=["on the PATH", "in the course", "elsewhere"],
)
def test_jupyter_is_named_as_one_types_it(tmp_path, monkeypatch, where, found, typed):
    binaries, demo = tmp_path / where, tmp_path / "course" / "demo"
    binaries.mkdir(parents=True)
    demo.mkdir(parents=True)
    (binaries / "jupyter").touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(binaries / "python"))
    monkeypatch.setattr(cli, "PATH", str(binaries) if found else "/nowhere")
    monkeypatch.chdir(tmp_path / "course")
    assert cli._jupyter(demo) == typed.format(tmp=tmp_path)


def test_the_loop_by_hand(course, run, tmp_path):
    for student in "ada", "bob":
        hand_in(tmp_path / "download", student, answer(course, RIGHT))
    hand_in(tmp_path / "download", "max", b"")
    assert run("release")[:2] == (
        0,
        "ps1: released; 1 files unchanged\nto hand out: handouts/ps1.zip\n"
        f"bpkit itself is not in there: put {WHEEL} into handouts/, and release again\n",
    )

    code, out, err = run("collect", tmp_path / "download", ASSIGNMENT)
    assert (code, err.count("\n")) == (1, 1)
    assert out.startswith(
        "2 new, 0 updated, 0 unchanged\nneeds a human: 1\nmax  numbers.ipynb is empty"
    )

    code, out, err = run("grade", ASSIGNMENT)
    assert code == 1 and "2/2" in err
    assert out.startswith("2 graded, 0 graded before\n2 answers wait for marks by hand")
    assert "max  numbers.ipynb is empty" in out

    code, out, _ = run("feedback", ASSIGNMENT)
    assert (code, out) == (0, "2 pages in feedback\n")

    code, out, _ = run("export", ASSIGNMENT)
    assert (code, out) == (0, "wrote reports/ps1.csv\n")
    assert "ada,,,2,1,,3,0,3,6" in (course.root / "reports" / "ps1.csv").read_text()

    code, out, _ = run("report", ASSIGNMENT)
    assert (code, out) == (0, "wrote reports/ps1.html\n")
    assert "max" in (course.root / "reports" / "ps1.html").read_text()
    code, out, _ = run("report", ASSIGNMENT, "--anonymous")
    assert (code, out) == (0, "wrote reports/ps1-anonymous.html\n")
    assert "ada" not in (course.root / "reports" / "ps1-anonymous.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("release ps9", "bpkit: unknown assignment 'ps9'; there are: ps1\n"),
        ("grade ps9", "bpkit: unknown assignment 'ps9'; there are: ps1\n"),
        ("feedback ps1", "bpkit: nothing of ps1 is graded yet: run bpkit grade ps1\n"),
        ("report ps9", "bpkit: unknown assignment 'ps9'; there are: ps1\n"),
        ("export ps9", "bpkit: unknown assignment 'ps9'; there are: ps1\n"),
        ("collect nowhere.zip ps1", "bpkit: no such file or folder: nowhere.zip\n"),
        ("grade ps1 --student eve", "bpkit: no submission of ps1 by 'eve' in submitted/\n"),
        ("students nowhere.csv", "bpkit: no such file: nowhere.csv\n"),
        ("due ps9", "bpkit: unknown assignment 'ps9'; there are: ps1\n"),
        (
            "due ps1 soon",
            "bpkit: 'soon' is no time: write it like 2026-12-01 18:00 or 2026-12-01 18:00 "
            "Europe/Berlin\n",
        ),
        ("export ps1 --feedback", "bpkit: no feedback on ps1 yet: run bpkit feedback ps1\n"),
        ("export ps1 --worksheet nowhere.csv", "bpkit: no such file: nowhere.csv\n"),
        ("demo --dir x", "bpkit: unknown assignment 'ps3'; there are: ps1\n"),
    ],
)
def test_a_mistake_is_one_sentence(course, run, arguments, sentence):
    assert run(*arguments.split()) == (2, "", sentence)


@pytest.mark.parametrize(
    "arguments",
    [
        "grade",
        "frobnicate",
        "grade ps1 --fast",
        "demo --students 0",
        "due ps1 --student ada",
        "collect x ps1 --match 4711",
        "collect x ps1 --match =ada",
        "collect x ps1 --match 4711=",
        "export ps1 --canvas --worksheet x.csv",
        "export ps1 --column x",
    ],
)
def test_a_mistyped_command_is_explained(course, run, arguments):
    code, out, err = run(*arguments.split())
    assert (code, out) == (2, "")
    assert err.startswith("Usage: bpkit") and "Traceback" not in err


def test_no_course_here(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("grade", ASSIGNMENT)
    assert code == 2
    assert err == (
        f"bpkit: no course here: no nbgrader_config.py in {tmp_path} or above; run bpkit in the "
        "course's folder or name it with --course-dir\n"
    )


def test_the_course_can_be_elsewhere(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_course(tmp_path / "far away")
    code, out, _ = run("release", "--course-dir", "far away")
    assert code == 0
    assert out.startswith("wrote far away/exercises/ps1/numbers.ipynb\n")


def test_a_second_command_waits_its_turn(course, run):
    with only_one(course.root / ".bpkit.lock"):
        code, _, err = run("grade", ASSIGNMENT)
    assert (code, err) == (
        2,
        f"bpkit: another bpkit command is at work in {course.root}: wait for it\n",
    )


def raising(error):
    def command(*arguments, **options):
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UsageError("do this"), 2, "bpkit: do this\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "x"),
            2,
            "bpkit: No space left on device (x)\n",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), 2, "bpkit: Permission denied\n"),
        (ModuleNotFoundError(name="nbgrader"), 2, cli.NOT_INSTALLED.format("nbgrader") + "\n"),
        (KeyboardInterrupt(), 130, "bpkit: stopped; run the same command again to finish\n"),
        (click.FileError("x", "odd"), 2, "Error: Could not open file 'x': odd\n"),
    ],
)
def test_what_goes_wrong_outside_is_one_sentence(run, monkeypatch, error, code, sentence):
    monkeypatch.setattr(cli, "_course", raising(error))
    got, _, err = run("grade", "ps1")
    assert (got, err.strip()) == (code, sentence.strip())


@pytest.mark.parametrize("error", [KeyError("x"), FileNotFoundError(errno.ENOENT, "no such file")])
def test_a_bug_shows_itself(run, monkeypatch, error):
    monkeypatch.setattr(cli, "_course", raising(error))
    code, _, err = run("grade", "ps1")
    assert code == 70
    assert "Traceback" in err and err.endswith("please report it with the lines above\n")


def test_missing_packages_are_one_sentence(tmp_path):
    """In a Python that cannot see click; the same goes for rich."""
    code = "import sys; sys.modules['click'] = None; import bpkit.cli"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == 'bpkit: click is not installed; type: pip install "bpkit[grade]"\n'


def test_a_closed_pipe_is_no_error(course):
    done = subprocess.run(
        f"{sys.executable} -m bpkit.cli release | true", shell=True, capture_output=True, text=True
    )
    assert done.stderr == ""


def test_without_a_jail_grading_is_refused(course, run, monkeypatch, tmp_path):
    hand_in(course.root / "submitted", f"ada/{ASSIGNMENT}", answer(course, RIGHT))
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = run("grade", ASSIGNMENT)
    assert (code, out) == (2, "") and "Traceback" not in err
    assert "\nbpkit: student code runs only in a jail, and bubblewrap, which makes it, is " in err
    assert not (course.root / "autograded").exists()


def test_grading_without_a_jail_is_loud(course, run, monkeypatch):
    seen = {}

    def grade(course, assignment, track, **options):
        seen.update(options)
        return Graded((), (), (), 0)

    monkeypatch.setattr("bpkit.grading.grade.grade", grade)
    code, _, err = run("grade", ASSIGNMENT, "--unsafe-no-jail")
    assert code == 0 and seen["unsafe_no_jail"] is True
    assert err.startswith("bpkit: WARNING: no jail: student code runs with your rights")


def test_garbage_of_a_long_run_is_collected(course, run, monkeypatch):
    collecting = []

    def grade(*_, **__):
        collecting.append(gc.isenabled())
        return Graded((), (), (), 0)

    monkeypatch.setattr("bpkit.grading.grade.grade", grade)
    run("grade", ASSIGNMENT)
    assert collecting == [True]


def test_nothing_that_a_submission_says_moves_the_cursor(run, course, monkeypatch):
    evil = Attention("\x1b[2Jeve", "[red]boo[/red] \x1b]0;title\x07 \u202e")
    monkeypatch.setattr("bpkit.grading.grade.grade", lambda *_, **__: Graded((), (), (evil,), 0))
    code, out, _ = run("grade", ASSIGNMENT)
    assert code == 1
    assert "[red]boo[/red]" in out
    assert not {"\x1b", "\x07", "\u202e"} & set(out)


@pytest.mark.jail
def test_the_doctor(course, run):
    code, out, _ = run("doctor")
    assert code == 0
    assert out.count("✓") == 5


def test_the_doctor_with_bad_news(course, run, monkeypatch):
    monkeypatch.setattr("bpkit.grading.doctor.jail_problem", lambda: "no bubblewrap here")
    code, out, _ = run("doctor")
    assert code == 2
    assert "✗  jail" in out and "no bubblewrap here" in out


def test_the_doctor_installs_only_what_is_missing(course, run, monkeypatch):
    installed = []
    monkeypatch.setattr("bpkit.grading.jail.install_bubblewrap", lambda: installed.append(1))
    monkeypatch.setattr("bpkit.grading.doctor.jail_problem", lambda: None)
    run("doctor", "--install")
    assert installed == []
    monkeypatch.setattr("bpkit.grading.doctor.jail_problem", lambda: "missing")
    run("doctor", "--install")
    assert installed == [1]


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
def test_from_canvas_and_back(course, run, tmp_path):
    (tmp_path / "gradebook.csv").write_text(platforms.CANVAS_GRADEBOOK)
    code, out, _ = run("students", tmp_path / "gradebook.csv")
    assert (code, out) == (
        0,
        "5 new, 0 updated, 0 unchanged; their ids are the column SIS Login ID\n",
    )
    code, out, _ = run("due", ASSIGNMENT, "2026-12-01 18:00 Europe/Berlin")
    assert code == 0 and "17:00 UTC" in out and out.startswith("ps1 is due 2026-12-0")
    notebook = nbformat.writes(answer(course, RIGHT)).encode()
    files = {
        "byronada_101_1_numbers.ipynb": notebook,
        "weili_LATE_103_2_numbers.ipynb": notebook,
        "strangereve_777_3_numbers.ipynb": notebook,
    }
    download = platforms.zipped(tmp_path / "submissions.zip", files)
    code, out, _ = run("collect", download, ASSIGNMENT, "--match", "777=zob")
    assert code == 1
    lines = [line.split() for line in out.splitlines()]
    assert lines[1:5] == [
        ["byronada_101", "ada"],
        ["weili_103", "lwei2", "late"],
        ["strangereve_777", "zob"],
        ["3", "new,", "0", "updated,", "0", "unchanged"],
    ]
    with course.gradebook() as gradebook:
        gradebook.update_or_create_submission(ASSIGNMENT, "ada")
        gradebook.find_grade("test-double", "numbers", ASSIGNMENT, "ada").auto_score = 2
        gradebook.db.commit()
    code, out, _ = run("export", ASSIGNMENT, "--canvas", "--column", "PS 1 (4711)")
    assert (code, out.splitlines()[0]) == (1, "wrote reports/ps1-canvas.csv: 1 student")
    assert '"Byron, Ada",101,,ada,,2' in (course.root / "reports" / "ps1-canvas.csv").read_text()
    code, out, _ = run("export", ASSIGNMENT, "--moodle")
    assert (code, out.splitlines()[0]) == (1, "wrote reports/ps1-moodle.csv: 1 student")


@pytest.fixture
def different(course, tmp_path, run):
    """Ada has handed in; the next download has another answer of hers."""
    hand_in(tmp_path / "first", "ada", answer(course, RIGHT))
    assert run("collect", tmp_path / "first", ASSIGNMENT)[0] == 0
    hand_in(tmp_path / "second", "ada", answer(course, RIGHT + "  # better"))
    return tmp_path / "second"


def is_better(course):
    return "better" in (course.submitted("ada", ASSIGNMENT) / NOTEBOOK).read_text()


def test_without_anybody_to_ask_nothing_is_replaced(course, run, different, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, out, _ = run("collect", different, ASSIGNMENT)
    assert code == 1
    assert out.startswith("1 submission in submitted/ is different: ada; what is replaced is kept")
    assert "0 new, 0 updated, 0 unchanged, 1 kept as they were" in out
    assert "not replaced, since nobody could be asked: run it again with --yes" in out
    assert not is_better(course)
    assert run("collect", different, ASSIGNMENT, "--yes")[0] == 0
    assert is_better(course)


@pytest.mark.parametrize("word", ["y", "n", ""])
def test_a_person_is_asked(course, run, different, monkeypatch, word):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{word}\n"))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    code, out, _ = run("collect", different, ASSIGNMENT)
    assert code == 0 and "replace? [y/N]" in out
    assert is_better(course) == (word == "y")
    assert ("1 kept as they were" in out) == (word != "y")
