"""Everybody in the class but five attacks, and is graded by one ``bpkit grade ps3``.

One report for each case: the marks that an ideal grader gives, what the instructor is told, what
outputs and feedback show. Then what no case may do to others, to the course or to the machine. A
few of each kind are then graded by ``nbgrader autograde``.

This is the part of the corpus for every change: about five minutes. See test_corpus_in_full.py.
"""

import base64
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bpkit.grading.course import open_course
from bpkit.grading.feedback import FeedbackForOne
from tests.attacks import broken, ground, pages
from tests.attacks.case import ASSIGNMENT, Case
from tests.attacks.corpus import CASES
from tests.attacks.honest import CASES as HONEST
from tests.attacks.seeing import BPKIT, NBGRADER, Seen, graded, what_went_wrong

pytestmark = [pytest.mark.slow, pytest.mark.jail]

GRADABLE = [case for case in CASES if case.marks is not None]
WITH_REPORT = [case for case in CASES if case.reported is not None]
WITH_PAGE = [case for case in (*HONEST, *pages.CASES, *broken.NAMES) if case.marks is not None]
BY_NBGRADER = [case for case in CASES if case.nbgrader]
SHOWN = {"text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg"}
BEGINS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def each(cases: list[Case]) -> Any:
    """One test for each case."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """The class, graded by ``bpkit grade``."""
    with graded(CASES, *BPKIT, "grade", ASSIGNMENT, timeout=1800) as found:
        course = open_course(found.place.course)
        for case in WITH_PAGE:
            course.convert(FeedbackForOne, ASSIGNMENT, case.name)
        ground.run(found.place, *BPKIT, "report", ASSIGNMENT, timeout=120)
        yield found


# ------------------------------------------------------------------------------ case by case


@each(GRADABLE)
def test_marks(seen: Seen, case: Case):
    problem = what_went_wrong(case, seen.given(case))
    assert not problem, problem
    assert seen.place.graded(case).exists()


@each([case for case in CASES if case.marks is None])
def test_what_cannot_be_graded_is_not(seen: Seen, case: Case):
    assert not seen.given(case), f"{case.name} {case.tries}, and got {seen.given(case)}"
    assert not seen.place.graded(case).exists()


@each(WITH_REPORT)
def test_what_the_instructor_is_told(seen: Seen, case: Case):
    told = ground.lines_about(case, seen.stdout)
    if case.reported:
        about = f"{case.name} {case.tries}, and the instructor reads: {told or 'nothing'}"
        assert re.search(case.reported, told.removeprefix(case.name)), about
    else:
        assert not told, f"{case.name} {case.tries}, which needs nobody, but is told: {told}"


@each(GRADABLE)
def test_outputs_show_nothing_secret(seen: Seen, case: Case):
    shown = json.dumps(seen.outputs(case))
    assert "FOUND" not in shown, f"{case.name} {case.tries}, and found: {around('FOUND', shown)}"
    assert seen.place.secret not in shown, f"{case.name} {case.tries}, and has read a secret"
    # a test's own error may quote the test: feedback cuts that
    own = json.dumps(seen.outputs(case, tests=False))
    for hidden in "rounds=20", "HIDDEN TESTS":
        assert hidden not in own, f"{case.name} {case.tries}, and shows {around(hidden, own)}"


def around(found: str, text: str) -> str:
    """What stands around a word in a text."""
    at = text.index(found)
    return text[max(0, at - 20) : at + 100]


@each(GRADABLE)
def test_outputs_are_passive(seen: Seen, case: Case):
    for output in seen.outputs(case):
        assert set(output.get("data", {})) <= SHOWN
        for kind, beginning in BEGINS.items():
            if kind in output.get("data", {}):
                data = base64.b64decode(output["data"][kind].replace("\n", ""), validate=True)
                assert data.startswith(beginning)


@each(WITH_PAGE)
def test_feedback_is_passive(seen: Seen, case: Case):
    page = seen.place.page(case).read_text(encoding="utf-8")
    honest = seen.place.page(HONEST[0]).read_text(encoding="utf-8")
    active = ground.active_content(page) - ground.active_content(honest)
    assert not active, f"{case.name} {case.tries}, and has in its page: {active}"
    assert "rounds=20" not in page and seen.place.secret not in page


@each(list(CASES))
def test_nothing_is_made_outside(seen: Seen, case: Case):
    assert not seen.place.canary(case).exists(), f"{case.name} {case.tries}, and made a file"
    assert not seen.place.heard[case.name], f"{case.name} {case.tries}, and reached a server"


# ---------------------------------------------------------------------------------- all together


def test_it_ends_well_and_says_that_some_need_a_human(seen: Seen):
    assert seen.status == 1
    assert "Traceback" not in seen.stdout + seen.stderr
    assert "bug in bpkit" not in seen.stderr


def test_nothing_of_the_course_is_changed(seen: Seen):
    assert seen.changed == []


def test_nobody_reaches_a_server(seen: Seen):
    assert not seen.place.heard


def test_nothing_is_left_behind(seen: Seen):
    assert seen.orphans == []
    assert seen.temporary == []
    assert seen.left == []
    assert set(os.listdir(seen.place.root / "home")) == {".netrc"}
    segments = Path("/proc/sysvipc/shm").read_text().splitlines()
    assert str(0x1EAF) not in {line.split()[0] for line in segments}


def test_the_terminal_gets_no_control_characters(seen: Seen):
    assert all(c.isprintable() or c == "\n" for c in seen.stdout)


def test_the_class_report_is_passive(seen: Seen):
    page = (seen.place.course / "reports" / f"{ASSIGNMENT}.html").read_text(encoding="utf-8")
    assert not [found for found in ground.active_content(page) if "owned" in str(found)]
    assert seen.place.secret not in page


def test_the_corpus_has_every_name_once():
    assert len({case.name for case in CASES}) == len(CASES)


# ------------------------------------------------------------------ a few by ``nbgrader autograde``


@pytest.fixture(scope="module")
def by_nbgrader() -> Iterator[Seen]:
    """A few, graded by nbgrader's own command with the course's own configuration."""
    with graded(BY_NBGRADER, *NBGRADER, "autograde", ASSIGNMENT, timeout=400) as found:
        yield found


@each(BY_NBGRADER)
def test_marks_by_nbgrader(by_nbgrader: Seen, case: Case):
    given = by_nbgrader.given(case)
    problem = what_went_wrong(case, given) if case.marks is not None else given
    assert not problem, problem


def test_nbgrader_comes_to_its_end_and_says_that_some_failed(by_nbgrader: Seen):
    assert by_nbgrader.status == 1


def test_nbgrader_harms_nobody(by_nbgrader: Seen):
    assert by_nbgrader.changed == []
    assert not by_nbgrader.place.heard
    assert by_nbgrader.orphans == [] and by_nbgrader.temporary == [] and by_nbgrader.left == []
    assert not list((by_nbgrader.place.root / "canaries").iterdir())
