"""A class through `bpkit grade` and plain `nbgrader autograde`: the same files and machine.

The class is honest: with an endless loop in it nbgrader would mostly wait, and the broken file
would stop it. The two take turns, so that a machine that is busy for a while is so for both.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bpkit.grading.course import CONFIG
from tests.benchmarks.classes import ASSIGNMENT, NOTEBOOK, honest_class

SUBMISSIONS = 60
TURNS = 3

PLAIN = """\
c = get_config()
c.CourseDirectory.course_id = "backpropagation"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
"""
"""nbgrader as it comes: no part of bpkit takes part."""
COMMANDS = {
    "bpkit": [sys.executable, "-m", "bpkit.cli", "grade", ASSIGNMENT],
    "nbgrader autograde": [sys.executable, "-m", "nbgrader", "autograde", ASSIGNMENT],
}


@pytest.fixture(scope="module")
def class_of_sixty(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("course") / "course"
    honest_class(root, SUBMISSIONS)
    return root


@pytest.mark.slow
@pytest.mark.jail
@pytest.mark.benchmark(group=f"{SUBMISSIONS} submissions of {ASSIGNMENT}")
@pytest.mark.parametrize("who", COMMANDS)
@pytest.mark.parametrize("turn", range(TURNS))
def test_class(benchmark, turn, who, request, tmp_path):
    if benchmark.disabled:
        pytest.skip("minutes long: make bench runs it")
    root = tmp_path / "course"
    shutil.copytree(request.getfixturevalue("class_of_sixty"), root)
    if who != "bpkit":
        (root / CONFIG).write_text(PLAIN)

    def run():
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(COMMANDS[who], cwd=root, env=environment, check=True, **quiet)

    benchmark.pedantic(run, rounds=1)
    assert len(list(root.glob(f"autograded/*/{ASSIGNMENT}/{NOTEBOOK}"))) == SUBMISSIONS
