"""The kill matrix: nothing wrong survives, nearly all is named, nothing right is refused."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from bpkit.demo_answers import Answers
from tests.exercises.harness import SETS
from tests.exercises.kill_matrix import Row, refused, rows, summary


@pytest.mark.parametrize("ps", SETS, ids=lambda ps: ps.name)
def test_all_wrong_solutions_lose_their_mark_and_are_named(ps):
    table = list(rows(ps, range(500, 502)))
    assert all(row.killed == row.tries > 0 for row in table)
    assert sum(row.named for row in table) >= 0.95 * sum(row.tries for row in table)


def test_what_a_check_refuses_is_found():
    ps = next(ps for ps in SETS if ps.name == "ps3")
    right, *_ = ps.answers.RIGHT
    wrong = Answers("wrong", {**right.cells, "bias-gradient": "def bias_gradient(d): return d[0]"})
    claimed = replace(ps, answers=SimpleNamespace(RIGHT=(right, wrong)))
    assert refused(claimed, range(2)) == [
        "ps3: wrong, test-bias-gradient",
        "ps3: wrong, bias_gradient",
    ]


def test_the_summary_counts():
    row = Row("ps3", "bias_gradient", "M13", "BP-3", 4, 4, 3)
    good = summary([row, replace(row, named=4)], [], 7, 4)
    assert good.startswith("2 wrong solutions, 8 tries: all lost their mark, 87.50% named right")
    assert good.endswith("none refused")
    assert ": 1 SURVIVED," in summary([replace(row, killed=3)], ["ps3: loops, sigmoid"], 7, 4)
