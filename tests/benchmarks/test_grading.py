"""A class through `bpkit grade` and plain `nbgrader autograde`: the same files and machine.

The class is honest: with an endless loop in it nbgrader would mostly wait, and the broken file
would stop it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bpkit.demo_class import make_class
from bpkit.grading.course import CONFIG, open_course
from bpkit.grading.release import release

COURSE = Path(__file__).parents[2]
ASSIGNMENT, NOTEBOOK = "ps3", "backpropagation.ipynb"
SUBMISSIONS = 60
BROKEN = re.compile("loop|broken|crash|time")

COMMANDS = {
    "bpkit": [sys.executable, "-m", "bpkit.cli", "grade", ASSIGNMENT],
    "nbgrader autograde": [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT],
}


@pytest.fixture(scope="module")
def class_of_sixty(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    shutil.copyfile(COURSE / CONFIG, root / CONFIG)
    shutil.copytree(COURSE / "solutions" / ASSIGNMENT, root / "solutions" / ASSIGNMENT)
    course = open_course(root)
    release(course, ASSIGNMENT)
    released = (course.release(ASSIGNMENT) / NOTEBOOK).read_bytes()
    honest = (s for s in make_class(released, 3 * SUBMISSIONS, 0) if not BROKEN.search(s.kind))
    for _, student in zip(range(SUBMISSIONS), honest):
        folder = course.submitted(student.id, ASSIGNMENT)
        folder.mkdir(parents=True)
        (folder / NOTEBOOK).write_bytes(student.notebook)
        (folder / "timestamp.txt").write_text("2025-03-14 18:00:00 UTC\n")
    return root


@pytest.mark.slow
@pytest.mark.jail
@pytest.mark.benchmark(group=f"{SUBMISSIONS} submissions of {ASSIGNMENT}")
@pytest.mark.parametrize("who", COMMANDS)
def test_class(benchmark, who, class_of_sixty, tmp_path):
    if benchmark.disabled:
        pytest.skip("minutes long: make bench runs it")
    root = tmp_path / "course"

    def afresh():
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(class_of_sixty, root)
        if who != "bpkit":
            config = (root / CONFIG).read_text()
            plain = config.replace(
                "bpkit.grading.executor.JailedExecute", "nbgrader.preprocessors.Execute"
            )
            (root / CONFIG).write_text(plain)

    def run():
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(COMMANDS[who], cwd=root, env=environment, check=True, **quiet)

    benchmark.pedantic(run, setup=afresh, rounds=1)
    assert len(list(root.glob(f"autograded/*/{ASSIGNMENT}/{NOTEBOOK}"))) == SUBMISSIONS
