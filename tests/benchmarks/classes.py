"""Courses with a made-up class of any size, to measure grading on."""

import re
import shutil
from pathlib import Path

from bpkit.demo_class import make_class
from bpkit.grading.course import CONFIG, Course, open_course
from bpkit.grading.release import release

COURSE = Path(__file__).parents[2]
ASSIGNMENT, NOTEBOOK = "ps3", "backpropagation.ipynb"
BROKEN = re.compile("loop|broken|crash|time")
"""Kinds of students without whom a class is honest: nbgrader would wait for them, or stop."""


def honest_class(root: Path, submissions: int) -> Course:
    """A course in a new folder, with so many submissions of ps3 handed in."""
    root.mkdir(parents=True)
    shutil.copyfile(COURSE / CONFIG, root / CONFIG)
    shutil.copytree(COURSE / "solutions" / ASSIGNMENT, root / "solutions" / ASSIGNMENT)
    course = open_course(root)
    release(course, ASSIGNMENT)
    released = (course.release(ASSIGNMENT) / NOTEBOOK).read_bytes()
    honest = (s for s in make_class(released, 2 * submissions + 60, 0) if not BROKEN.search(s.kind))
    for _, student in zip(range(submissions), honest):
        folder = course.submitted(student.id, ASSIGNMENT)
        folder.mkdir(parents=True)
        (folder / NOTEBOOK).write_bytes(student.notebook)
        (folder / "timestamp.txt").write_text("2025-03-14 18:00:00 UTC\n")
    return course
