"""Everybody in the class but five attacks, and is graded by one ``bpkit grade ps3``.

One report for each case: the marks that an ideal grader gives, what the instructor is told, what
outputs and feedback show. Then what no case may do to others, to the course or to the machine.
"""

import base64
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.attacks import ground
from tests.attacks.case import ASSIGNMENT, FULL, Case
from tests.attacks.corpus import CASES
from tests.attacks.ground import Place
from tests.attacks.honest import CASES as HONEST

pytestmark = [pytest.mark.slow, pytest.mark.jail]

GRADABLE = [case for case in CASES if case.marks is not None]
WITH_REPORT = [case for case in CASES if case.reported is not None]
BY_NBGRADER = [case for case in CASES if case.nbgrader]
SHOWN = {"text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg"}
BEGINS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}


def each(cases: list[Case]) -> Any:
    """One test for each case."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@dataclass(frozen=True)
class Seen:
    """What there is to be seen after everybody is graded."""

    place: Place
    status: int
    stdout: str
    stderr: str
    marks: dict[str, dict[str, Any]]
    changed: list[str]
    """Files that were changed and must not be."""
    orphans: list[str]
    """Processes that were left behind."""
    temporary: list[str]
    """Files that were left behind in the folder for temporary ones."""
    left: list[str]
    """The same, of the course's own."""

    def outputs(self, case: Case, tests: bool = True) -> list[dict[str, Any]]:
        """All outputs in the graded notebook, with those of the tests or without."""
        cells = json.loads(self.place.graded(case).read_text(encoding="utf-8"))["cells"]
        return [
            output
            for cell in cells
            if tests or not cell["metadata"].get("nbgrader", {}).get("grade")
            for output in cell.get("outputs", [])
        ]


def grade(root: Path, cases: list[Case], *command: str, timeout: float) -> Iterator[Seen]:
    with ground.adopting(), ground.build(root, cases) as place:
        before, others = ground.fingerprint(place), ground.children()
        done = ground.run(place, *command, timeout=timeout)
        orphans = ground.reap_orphans(others)
        after = ground.fingerprint(place)
        yield Seen(
            place,
            done.returncode,
            done.stdout,
            done.stderr,
            ground.marks_of(place.course),
            [name for name in {**before, **after} if before.get(name) != after.get(name)],
            orphans,
            sorted(path.name for path in (root / "tmp").iterdir()),
            [path.name for path in place.course.glob(".*") if path.is_dir()],
        )


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Iterator[Seen]:
    """The class, graded by ``bpkit grade``."""
    command = "-m", "bpkit.cli", "grade", ASSIGNMENT
    for found in grade(tmp_path_factory.mktemp("attacks"), list(CASES), *command, timeout=1800):
        ground.run(found.place, "-m", "bpkit.cli", "feedback", ASSIGNMENT, timeout=600)
        ground.run(found.place, "-m", "bpkit.cli", "report", ASSIGNMENT, timeout=120)
        yield found


def expected(case: Case, given: dict[str, Any]) -> dict[str, Any]:
    """The marks that an ideal grader gives, as the gradebook has them."""
    free = FULL.keys() - (case.marks or {}).keys()
    wanted = {name: float(points) for name, points in (case.marks or {}).items()}
    return {**wanted, **{name: given[name] for name in free if name in given}}


# ------------------------------------------------------------------------------ case by case


@each(GRADABLE)
def test_marks(seen: Seen, case: Case):
    given = seen.marks.get(case.name, {})
    assert given == expected(case, given)
    assert seen.place.graded(case).exists()


@each([case for case in CASES if case.marks is None])
def test_what_cannot_be_graded_is_not(seen: Seen, case: Case):
    assert not seen.marks.get(case.name)
    assert not seen.place.graded(case).exists()


@each(WITH_REPORT)
def test_what_the_instructor_is_told(seen: Seen, case: Case):
    told = ground.lines_about(case, seen.stdout)
    if case.reported:
        assert re.search(case.reported, told.removeprefix(case.name)), told or "nothing"
    else:
        assert not told


@each(GRADABLE)
def test_outputs_show_nothing_secret(seen: Seen, case: Case):
    shown = json.dumps(seen.outputs(case))
    assert "FOUND" not in shown
    assert seen.place.secret not in shown
    # a test's own error may quote the test: feedback cuts that
    own = json.dumps(seen.outputs(case, tests=False))
    assert "rounds=20" not in own and "HIDDEN TESTS" not in own


@each(GRADABLE)
def test_outputs_are_passive(seen: Seen, case: Case):
    for output in seen.outputs(case):
        assert set(output.get("data", {})) <= SHOWN
        for kind, beginning in BEGINS.items():
            if kind in output.get("data", {}):
                data = base64.b64decode(output["data"][kind].replace("\n", ""), validate=True)
                assert data.startswith(beginning)


@each(GRADABLE)
def test_feedback_is_passive(seen: Seen, case: Case):
    page = seen.place.page(case).read_text(encoding="utf-8")
    honest = seen.place.page(HONEST[0]).read_text(encoding="utf-8")
    assert ground.active_content(page) - ground.active_content(honest) == set()
    assert "rounds=20" not in page and seen.place.secret not in page


@each(list(CASES))
def test_nothing_is_made_outside(seen: Seen, case: Case):
    assert not seen.place.canary(case).exists()
    assert not seen.place.heard[case.name]


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
def by_nbgrader(tmp_path_factory) -> Iterator[Seen]:
    """A few, graded by nbgrader's own command with the course's own configuration."""
    command = "-m", "nbgrader", "autograde", ASSIGNMENT
    yield from grade(tmp_path_factory.mktemp("plain"), BY_NBGRADER, *command, timeout=400)


@each([case for case in BY_NBGRADER if case.marks is not None])
def test_marks_by_nbgrader(by_nbgrader: Seen, case: Case):
    given = by_nbgrader.marks.get(case.name, {})
    assert given == expected(case, given)


@each([case for case in BY_NBGRADER if case.marks is None])
def test_what_nbgrader_cannot_grade_it_does_not(by_nbgrader: Seen, case: Case):
    assert not by_nbgrader.marks.get(case.name)


def test_nbgrader_comes_to_its_end(by_nbgrader: Seen):
    assert by_nbgrader.status != ground.KILLED


def test_nbgrader_harms_nobody(by_nbgrader: Seen):
    assert by_nbgrader.changed == []
    assert not by_nbgrader.place.heard
    assert by_nbgrader.orphans == []
    assert not list((by_nbgrader.place.root / "canaries").iterdir())
