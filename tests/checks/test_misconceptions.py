"""The catalogue: complete, and each row fit to be shown."""

import dataclasses

import pytest

from bpkit.checks.misconceptions import _CATALOGUE, MISCONCEPTIONS
from tests.exercises.harness import TASKS

ROWS = list(MISCONCEPTIONS.values())


def test_codes_run_from_m01_in_order_without_a_gap():
    codes = [row.code for row in _CATALOGUE]
    assert codes == [f"M{n:02}" for n in range(1, len(ROWS) + 1)]


def test_every_row_stands_under_its_code():
    assert all(MISCONCEPTIONS[row.code] is row for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_row_is_fit_to_be_shown(row):
    for field in dataclasses.fields(row):
        text = getattr(row, field.name)
        assert text and text == text.strip() and text.isascii() and "\n" not in text
    assert len(row.title) <= 80 and len(row.hint) <= 100 and len(row.reteach) <= 100
    assert row.hint.endswith(("?", ".")) and row.reteach.endswith(".")


@pytest.mark.parametrize("field", ["title", "hint", "reteach"])
def test_no_two_misconceptions_say_the_same(field):
    texts = [(getattr(row, field), row.equation) for row in ROWS]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    "task", [task for _, task in TASKS], ids=[f"{ps.name}-{task.name}" for ps, task in TASKS]
)
def test_every_slip_of_a_task_is_in_the_catalogue_with_its_equation(task):
    for slip in task.slips:
        listed = MISCONCEPTIONS[slip.code].equation
        assert slip.equation in listed or listed == "BP-1 to BP-4", (task.name, slip.code)
