"""What takes too long for every change: every case by ``nbgrader autograde``, and its feedback.

nbgrader runs the same jail one submission after the other; about eight minutes.
"""

from collections.abc import Iterator

import pytest

from tests.attacks import ground
from tests.attacks.case import ASSIGNMENT, Case
from tests.attacks.corpus import CASES
from tests.attacks.honest import CASES as HONEST
from tests.attacks.seeing import BPKIT, NBGRADER, Seen, graded, what_went_wrong
from tests.attacks.test_corpus import GRADABLE, each

pytestmark = [pytest.mark.slow, pytest.mark.jail]


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    """The class, graded by nbgrader's command with the course's own configuration."""
    with graded(CASES, *NBGRADER, "autograde", ASSIGNMENT, timeout=1800) as found:
        ground.run(found.place, *BPKIT, "feedback", ASSIGNMENT, timeout=600)
        yield found


@each(list(CASES))
def test_marks(seen: Seen, case: Case):
    given = seen.given(case)
    problem = what_went_wrong(case, given) if case.marks is not None else given
    assert not problem, problem


@each(GRADABLE)
def test_feedback_is_passive(seen: Seen, case: Case):
    page = seen.place.page(case).read_text(encoding="utf-8")
    honest = seen.place.page(HONEST[0]).read_text(encoding="utf-8")
    active = ground.active_content(page) - ground.active_content(honest)
    assert not active, f"{case.name} {case.tries}, and has in its page: {active}"
    assert "rounds=20" not in page and seen.place.secret not in page


def test_nobody_is_harmed(seen: Seen):
    assert seen.status == 1
    assert seen.changed == []
    assert not seen.place.heard
    assert seen.orphans == [] and seen.temporary == [] and seen.left == []
    assert not list((seen.place.root / "canaries").iterdir())
