"""The problem sets of the course, and how their cells run without a kernel.

Cells run by ``exec`` in one namespace, in the notebook's order, as a kernel would run them; the
test cells are those of the source, with their hidden tests. A cell of answers that raises leaves
behind what it had done so far, and the next cell runs.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from bpkit import checks
from bpkit.checks import CheckFailed
from bpkit.checks.check import by_hand, check
from bpkit.checks.task import Args, Task
from bpkit.demo_answers import Answers

matplotlib.use("Agg")
import matplotlib.pyplot as plt

REPOSITORY = Path(__file__).parents[2]
STUB = 'raise NotImplementedError("Not written yet: put your code in place of this line.")'
VARIANT = "variant = 0  # the numbers of this problem set are drawn from it"
REGION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)
BRACKETS = re.compile(r"^[^\n]*?\[([^\]\n]+)\]")


@dataclass(frozen=True)
class ProblemSet:
    """One assignment: its source notebook, its tasks and the answers to try on it."""

    name: str
    path: Path
    cells: dict[str, dict[str, Any]]
    """The notebook's cells by id, in order."""
    metadata: dict[str, Any]
    tasks: tuple[Task, ...]
    by_hand: frozenset[str]
    """The names of the tasks that students work out with a pencil."""
    answers: Any
    """The module tests/exercises/answers/psN.py: RIGHT, SLIPS, OTHERS."""

    def text(self, id: str) -> str:
        return "".join(self.cells[id]["source"])

    def role(self, id: str) -> dict[str, Any]:
        return self.cells[id]["metadata"].get("nbgrader", {})

    def released(self, id: str) -> str:
        """A cell of answers as students find it."""
        return REGION.sub(STUB, self.text(id))

    @property
    def marks(self) -> dict[str, int]:
        return {id: self.role(id)["points"] for id in self.cells if "points" in self.role(id)}

    @property
    def tests(self) -> list[str]:
        """The test cells, those of challenges included."""
        return [id for id in self.cells if self.role(id).get("grade") and not self.solution(id)]

    @property
    def solutions(self) -> list[str]:
        """The code cells that students fill in, figures included."""
        return [
            id for id in self.cells if self.solution(id) and self.cells[id]["cell_type"] == "code"
        ]

    @property
    def read_by_a_person(self) -> list[str]:
        return [id for id in self.marks if self.solution(id)]

    def solution(self, id: str) -> bool:
        return bool(self.role(id).get("solution"))

    def sections(self) -> dict[str, list[str]]:
        """The ids of each task's cells by the id of the task's text."""
        found: dict[str, list[str]] = {}
        for id, cell in self.cells.items():
            heading = cell["cell_type"] == "markdown" and self.text(id).startswith("## ")
            if heading or id.startswith("task-"):
                found[id] = []
            elif found:
                found[list(found)[-1]].append(id)
        return {id: ids for id, ids in found.items() if id.startswith("task-")}


def _tasks_of(name: str) -> tuple[tuple[Task, ...], frozenset[str]]:
    """The tuples PSn and PSn_BY_HAND, in whichever module of the checks they are."""
    for about in pkgutil.iter_modules(checks.__path__, "bpkit.checks."):
        module = importlib.import_module(about.name)
        if hasattr(module, name.upper()):
            named = getattr(module, f"{name.upper()}_BY_HAND", ())
            return getattr(module, name.upper()), frozenset(task.name for task in named)
    raise LookupError(f"no module of bpkit.checks has the tuple {name.upper()}")


def _problem_sets() -> Iterator[ProblemSet]:
    for path in sorted(REPOSITORY.glob("solutions/ps*/*.ipynb")):
        name = path.parent.name
        if not (Path(__file__).parent / "answers" / f"{name}.py").exists():
            continue
        notebook = json.loads(path.read_text(encoding="utf-8"))
        answers = importlib.import_module(f"tests.exercises.answers.{name}")
        cells = {cell["id"]: cell for cell in notebook["cells"]}
        yield ProblemSet(name, path, cells, notebook["metadata"], *_tasks_of(name), answers)


SETS = tuple(_problem_sets())
TASKS = [(ps, task) for ps in SETS for task in ps.tasks]


# ------------------------------------------------------------------------------- running notebooks


def run(
    ps: ProblemSet, answers: Answers, variant: int = 0, stop_before: str | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Grade answers: the names that the notebook has in the end, and the failed tests.

    A failed test comes with what stands in the brackets of its message, or with the type of another
    exception. ``answers.cells`` may also name a cell without a role; else such a cell is left out.
    """
    names: dict[str, Any] = {}
    failed: dict[str, str] = {}
    with no_figures_shown():
        for id, cell in ps.cells.items():
            if id == stop_before:
                break
            if cell["cell_type"] != "code" or not (ps.role(id) or id in answers.cells):
                continue
            if id in answers.added:
                _run_answer(answers.added[id], names)
            if ps.solution(id) or not ps.role(id):
                _run_answer(answers.cells.get(id, ps.released(id)), names)
            elif ps.role(id)["grade"]:
                try:
                    exec(ps.text(id), names)
                except CheckFailed as failure:
                    failed[id] = brackets(failure)
                except Exception as error:
                    failed[id] = type(error).__name__
            else:
                exec(ps.text(id).replace("variant = 0", f"variant = {variant}"), names)
    return names, failed


def run_source(
    ps: ProblemSet, variant: int = 0, leave_out: Collection[str] = ()
) -> tuple[dict[str, Any], list[Any]]:
    """Run the code cells of the source: the names in the end, and the figures that were drawn."""
    names: dict[str, Any] = {}
    with no_figures_shown():
        for id, cell in ps.cells.items():
            if cell["cell_type"] == "code" and id not in leave_out:
                exec(ps.text(id).replace("variant = 0", f"variant = {variant}"), names)
        return names, [plt.figure(number) for number in plt.get_fignums()]


def _run_answer(source: str, names: dict[str, Any]) -> None:
    try:
        exec(source, names)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


@contextmanager
def no_figures_shown() -> Iterator[None]:
    shown, plt.show = plt.show, lambda *args, **kwargs: None
    try:
        yield
    finally:
        plt.show = shown
        plt.close("all")


# --------------------------------------------------------------------------- one task at a time


def verdict(ps: ProblemSet, task: Task, answer: Callable[..., Any]) -> CheckFailed | None:
    """How a check ends for a function, or for what it would work out by hand of each instance."""
    try:
        if task.name in ps.by_hand:
            for args in task.draw(np.random.default_rng(0)):
                by_hand(task, answer(*args.values()), args)
        else:
            check(task, answer, rounds=1)
    except CheckFailed as failed:
        return failed
    return None


def named(ps: ProblemSet, task: Task, answer: Callable[..., Any]) -> str | None:
    """What stands in the brackets of the message; None if the answer passes."""
    failed = verdict(ps, task, answer)
    return None if failed is None else brackets(failed)


def brackets(failed: CheckFailed) -> str:
    found = BRACKETS.match(str(failed))
    assert found, f"the first line has no brackets: {failed}"
    return found.group(1)


def slip_verdicts(
    ps: ProblemSet, task: Task, seeds: Sequence[int]
) -> dict[int, list[tuple[int, str | None]]]:
    """For each slip of a task (by number): the seed and what its wrong formula is told.

    Each wrong formula is tried on the instances of each seed, one pass of the check a seed for a
    function, one pass an instance for numbers worked out by hand. The instances and what the slips
    make of them are drawn once a seed: that is what costs the time.
    """
    told: dict[int, list[tuple[int, str | None]]] = {n: [] for n in range(len(task.slips))}
    for seed in seeds:
        instances = task.draw(np.random.default_rng(seed))
        slips = tuple(
            replace(slip, wrong=_remembered(slip.wrong, instances)) for slip in task.slips
        )
        for group in [[args] for args in instances] if task.name in ps.by_hand else [instances]:
            fixed = replace(task, draw=lambda rng, group=group: group, slips=slips)
            for number, slip in enumerate(task.slips):
                told[number].append((seed, named(ps, fixed, _copy_of(slip.wrong))))
    return told


def _copy_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same under this module's names: a check looks into those of a student's function."""
    return lambda *args: function(*args)


def _remembered(wrong: Callable[..., Any], instances: Sequence[Args]) -> Callable[..., Any]:
    """The same formula, worked out once for each of these very instances; for copies, anew."""
    of_instance = cache(lambda number: wrong(*instances[number].values()))

    def remembering(*values: Any) -> Any:
        for number, args in enumerate(instances):
            if all(ours is theirs for ours, theirs in zip(args.values(), values)):
                return of_instance(number)
        return wrong(*values)

    return remembering
