"""Five who only do their homework: the attacks of the others must cost them nothing."""

from bpkit.demo_answers.right import EINSUM, LOOPS
from bpkit.demo_answers.slips import SLIPS
from bpkit.demo_answers.unfinished import PARTLY_BLANK
from tests.attacks.case import FULL, RIGHT, Case, Marks, known, notebook, without

QUIET = ""
SLIP = next(slip for slip in SLIPS if slip.kind == "M44")


def honest(name: str, tries: str, texts: dict[str, str], marks: Marks) -> Case:
    """Somebody who does not attack."""
    make = notebook(texts, explanation="The factor sigma' makes the difference.")
    return Case(name, "honest", tries, make, marks, QUIET, nbgrader=True)


CASES = (
    honest("ada", "is right", RIGHT, FULL),
    honest("ben", "is right, with loops", known(LOOPS.cells), FULL),
    honest("cleo", "is right, with einsum", known(EINSUM.cells), FULL),
    honest(
        "dan", "has half of the answers", known(PARTLY_BLANK.cells), without(*PARTLY_BLANK.fails)
    ),
    honest(
        "eve",
        "has a wrong sigmoid, which all her other right answers use",
        {**RIGHT, **known(SLIP.cells)},
        without(*SLIP.fails),
    ),
)
