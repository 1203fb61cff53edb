"""A class of attackers, graded by one command, and what there is to be seen afterwards."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks import ground
from tests.attacks.case import FULL, Case
from tests.attacks.ground import Place

BPKIT = "-m", "bpkit.cli"
NBGRADER = "-m", "nbgrader"


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

    def given(self, case: Case) -> dict[str, Any]:
        """The marks that the case has got."""
        return self.marks.get(case.name, {})


@contextmanager
def graded(cases: Sequence[Case], *command: str, timeout: float) -> Iterator[Seen]:
    """A course in which all cases were handed in, after a command of so many seconds at most."""
    with (
        tempfile.TemporaryDirectory(prefix="attacks-") as folder,
        ground.adopting(),
        ground.build(Path(folder), cases) as place,
    ):
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
            sorted(path.name for path in (place.root / "tmp").iterdir()),
            [path.name for path in place.course.glob(".*") if path.is_dir()],
        )


def expected(case: Case, given: dict[str, Any]) -> dict[str, Any]:
    """The marks that an ideal grader gives, as the gradebook has them."""
    free = FULL.keys() - (case.marks or {}).keys()
    wanted = {name: float(points) for name, points in (case.marks or {}).items()}
    return {**wanted, **{name: given[name] for name in free if name in given}}


def what_went_wrong(case: Case, given: dict[str, Any]) -> str:
    """One sentence on marks that are not the ideal ones; nothing if they are."""
    wanted = expected(case, given)
    if given == wanted:
        return ""
    if not given:
        return f"{case.name} {case.tries}, and was not graded at all"
    wrong = [
        f"{given.get(test, 'nothing')} for {test} in place of {wanted.get(test, 'nothing')}"
        for test in sorted({*given, *wanted})
        if given.get(test) != wanted.get(test)
    ]
    return f"{case.name} {case.tries}, and got {', '.join(wrong)}"
