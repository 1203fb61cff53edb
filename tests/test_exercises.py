"""exercises/ is exactly what ``bpkit release`` makes of solutions/."""

import shutil
from pathlib import Path

import pytest

from bpkit.grading.course import CONFIG, open_course
from bpkit.grading.release import release

REPOSITORY = Path(__file__).parents[1]
ASSIGNMENTS = sorted(path.parent.name for path in REPOSITORY.glob("solutions/*/*.ipynb"))


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }


def test_there_are_assignments():
    assert "ps3" in ASSIGNMENTS


def test_every_exercise_has_a_solution():
    assert sorted(path.name for path in (REPOSITORY / "exercises").iterdir()) == ASSIGNMENTS


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_exercises_are_the_release_of_the_solutions(assignment, tmp_path):
    shutil.copyfile(REPOSITORY / CONFIG, tmp_path / CONFIG)
    source = REPOSITORY / "solutions" / assignment
    shutil.copytree(source, tmp_path / "solutions" / assignment)
    course = open_course(tmp_path)
    release(course, assignment)
    made = contents(course.release(assignment))
    stored = contents(REPOSITORY / "exercises" / assignment)
    stale = sorted(
        name for name in made.keys() | stored.keys() if made.get(name) != stored.get(name)
    )
    assert not stale, f"exercises/{assignment} is out of date ({stale}); type: bpkit release"
