"""All cases. The first of them are honest, so that every attack has somebody to attack."""

from tests.attacks import broken, honest, judge, pages, peeking, stopping
from tests.attacks.case import Case

CASES: tuple[Case, ...] = (
    *honest.CASES,
    *judge.CASES,
    *peeking.CASES,
    *pages.CASES,
    *stopping.CASES,
    *broken.CASES,
)
