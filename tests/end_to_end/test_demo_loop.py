"""``bpkit demo`` as a person runs it: to the end, and stopped at any moment."""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.jail]

REPOSITORY = Path(__file__).parents[2]
BPKIT = [sys.executable, "-m", "bpkit.cli"]
STUDENTS = 3
READ_BY_A_PERSON = 3  # marks: the figure and the explanation


def bpkit(*arguments):
    return subprocess.run(
        [*BPKIT, *map(str, arguments)], cwd=REPOSITORY, capture_output=True, text=True, timeout=300
    )


def demo_command(directory, students=STUDENTS):
    return "demo", "--dir", directory, "--students", students


def table(directory):
    """The marks, by student."""
    with (directory / "reports" / "ps3.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A demo with everything in it: a slip, an endless loop, a broken file."""
    directory = tmp_path_factory.mktemp("demo") / "demo"
    return directory, bpkit(*demo_command(directory, 6))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The marks of a small demo that nobody stopped."""
    directory = tmp_path_factory.mktemp("small") / "demo"
    done = bpkit(*demo_command(directory))
    assert done.returncode == 0, done.stderr
    return table(directory)


def test_it_succeeds_although_some_need_a_human(whole):
    _, done = whole
    assert done.returncode == 0, done.stderr
    assert "needs a human: " in done.stdout
    assert "is not JSON" in done.stdout and "stopped at its time limit" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_it_ends_with_a_table_and_the_places(whole):
    directory, done = whole
    for row in table(directory).values():
        line = next(line for line in done.stdout.splitlines() if row["last_name"] in line)
        assert row["first_name"] in line and line.split()[-1] == row["raw_score"]
    for name in "gradebook.db", "feedback", "reports/ps3.html", "reports/ps3.csv":
        assert str(directory / name) in done.stdout
        assert (directory / name).exists()


def test_its_last_line_starts_jupyterlab_as_it_stands(whole):
    directory, done = whole
    said = done.stdout.splitlines()[-1].removeprefix("to mark by hand: ")
    command = said.removesuffix(" lab, then Nbgrader > Formgrader in the menu") + " lab --version"
    started = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60)
    assert (started.returncode, started.stderr) == (0, "")
    assert command.startswith(f"cd {directory} && ")


def test_marks_are_what_the_answers_deserve(whole):
    directory, done = whole
    rows = table(directory)
    for row in rows.values():
        line = next(line for line in done.stdout.splitlines() if row["last_name"] in line)
        tests = [float(value or 0) for task, value in row.items() if task.startswith("test-")]
        if "right:" in line:
            assert sum(tests) == float(row["max_score"]) - READ_BY_A_PERSON, row
        else:
            assert sum(tests) < float(row["max_score"]) - READ_BY_A_PERSON, row


def test_everybody_who_is_graded_gets_a_page(whole):
    directory, _ = whole
    graded = {path.parts[-3] for path in directory.glob("autograded/*/ps3/*.ipynb")}
    pages = {path.parts[-3] for path in directory.glob("feedback/*/ps3/*.html")}
    assert graded == pages and len(pages) == 5


def test_every_cell_that_failed_says_why_without_the_answer(whole):
    directory, _ = whole
    for path in directory.glob("autograded/*/ps3/*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if not cell["metadata"].get("nbgrader", {}).get("points"):
                continue
            for output in cell.get("outputs", []):
                if output.get("ename") == "CheckFailed":
                    assert len(output["evalue"].splitlines()) <= 6
                    assert "expected array" not in output["evalue"]


MOMENTS = {
    "Ctrl-C while the release is made": (signal.SIGINT, "gradebook.db"),
    "Ctrl-C at the first grade": (signal.SIGINT, "autograded/*/ps3"),
    "Ctrl-C in the feedback": (signal.SIGINT, "feedback/*/ps3/*.html"),
    "killed while the download is written": (signal.SIGKILL, "download/*"),
    "killed between two grades": (signal.SIGKILL, "autograded/*/ps3/*.ipynb"),
}


@pytest.mark.parametrize(("stop", "moment"), MOMENTS.values(), ids=MOMENTS)
def test_stopped_and_run_again(small, tmp_path, stop, moment):
    directory = tmp_path / "demo"
    process = subprocess.Popen(
        [*BPKIT, *map(str, demo_command(directory))],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 120
        while not any(directory.glob(moment)) and time.monotonic() < end:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(stop)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    if stop == signal.SIGINT:
        assert process.returncode == 130, stderr
        assert stderr.endswith("bpkit: stopped; run the same command again to finish\n")
        assert "Traceback" not in stderr

    if any(directory.glob("submitted/*")):
        for command in ("grade", "ps3"), ("export", "ps3"):
            done = bpkit(*command, "--course-dir", directory)
            assert done.returncode == 0, done.stdout + done.stderr
    else:
        done = bpkit(*demo_command(directory))
        assert done.returncode == 0, done.stderr
    assert table(directory) == small
    assert not [*directory.glob(".grading-*"), *directory.glob("autograded/*/.unfinished-*")]
