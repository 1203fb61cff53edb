"""The kill matrix: which wrong solution loses its mark, and is told which slip it is?

``python -m tests.exercises.kill_matrix`` prints it for all problem sets. A wrong formula is tried
on the instances of 200 seeds, and right solutions in several hands are tried on as many draws.
``--seeds 20`` takes fewer. (What students would type is tried in test_problem_sets.py.)
"""

import argparse
import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bpkit.checks.check import check
from bpkit.checks.messages import CheckFailed
from tests.exercises.harness import SETS, ProblemSet, run, slip_verdicts

SEEDS = 200


@dataclass(frozen=True)
class Row:
    """One wrong solution, tried a number of times."""

    problem_set: str
    task: str
    code: str
    equation: str
    tries: int
    killed: int
    """How often the mark was lost."""
    named: int
    """How often the message bore the right code."""


def rows(ps: ProblemSet, seeds: Sequence[int]) -> Iterator[Row]:
    """The wrong formulas of each task, each with every seed."""
    for task in ps.tasks:
        for number, told in slip_verdicts(ps, task, seeds).items():
            slip = task.slips[number]
            killed = sum(name is not None for _, name in told)
            named = sum(name == slip.code for _, name in told)
            yield Row(ps.name, task.name, slip.code, slip.equation, len(told), killed, named)


def refused(ps: ProblemSet, seeds: Sequence[int]) -> list[str]:
    """The right solutions that a check refuses, by hand and task."""
    found = []
    for answers in ps.answers.RIGHT:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            names, failed = run(ps, answers)
            found += [f"{ps.name}: {answers.kind}, {id}" for id in failed]
            for task in ps.tasks:
                if task.name not in ps.by_hand:
                    try:
                        check(task, names[task.name], rounds=len(seeds))
                    except CheckFailed:
                        found.append(f"{ps.name}: {answers.kind}, {task.name}")
    return found


def summary(table: Sequence[Row], refusals: Sequence[str], hands: int, seeds: int) -> str:
    """The last line: how many were killed, how many named, how many right ones refused."""
    tries = sum(row.tries for row in table)
    named = sum(row.named for row in table) / tries
    survivors = sum(row.killed < row.tries for row in table)
    killed = "all lost their mark" if not survivors else f"{survivors} SURVIVED"
    return (
        f"{len(table)} wrong solutions, {tries:,} tries: {killed}, {named:.2%} named right; "
        f"{hands} right solutions on {seeds} seeds: {len(refusals) or 'none'} refused"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (default: 200)")
    seeds = range(parser.parse_args().seeds)
    table: list[Row] = []
    refusals: list[str] = []
    print(f"{'set':5}{'task':30}{'slip':6}{'equation':22}{'tries':>7}{'lost':>7}{'named':>7}")
    for ps in SETS:
        for row in rows(ps, seeds):
            table.append(row)
            print(
                f"{row.problem_set:5}{row.task:30}{row.code:6}{row.equation:22}"
                f"{row.tries:7}{row.killed:7}{row.named:7}"
            )
        refusals += refused(ps, seeds)
    for refusal in refusals:
        print(f"refused though right: {refusal}")
    print(summary(table, refusals, sum(len(ps.answers.RIGHT) for ps in SETS), len(seeds)))


if __name__ == "__main__":
    main()
