"""The table of all attacks: what each deserves, and what three graders give.

    python -m tests.attacks.table [NAME ...]

The graders are ``bpkit grade``, ``nbgrader autograde`` with the course's own configuration, and
plain nbgrader with its own executor. The last has no jail: it runs only what is safe without one,
in a course that is thrown away. The whole takes about half an hour.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.attacks import ground
from tests.attacks.case import ASSIGNMENT, Case
from tests.attacks.corpus import CASES
from tests.attacks.ground import Place
from tests.attacks.test_corpus import expected

MarksBy = dict[str, dict[str, Any]]
NOT_RUN, BROKEN_OFF = "not run", "broken off"
PLAIN_SECONDS = 90
"""For one submission by plain nbgrader; an endless loop takes it 30 s a cell."""


def by_bpkit(cases: Sequence[Case]) -> tuple[MarksBy, dict[str, str]]:
    """All marks by ``bpkit grade``."""
    return _all_at_once(cases, "-m", "bpkit.cli", "grade", ASSIGNMENT)


def by_plug_in(cases: Sequence[Case]) -> tuple[MarksBy, dict[str, str]]:
    """The marks by ``nbgrader autograde`` with our configuration.

    nbgrader copies what lies beside a notebook before anybody looks at it: files without an end are
    not for this machine.
    """
    cases = [case for case in cases if case.nbgrader or case.unjailed]
    return _all_at_once(cases, "-m", "nbgrader", "autograde", ASSIGNMENT)


def _all_at_once(cases: Sequence[Case], *command: str) -> tuple[MarksBy, dict[str, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="attacks-") as root,
        ground.adopting(),
        ground.build(Path(root), cases) as place,
    ):
        others = ground.children()
        ground.run(place, *command, timeout=1800)
        ground.reap_orphans(others)
        return ground.marks_of(place.course), _harmed(place, cases)


def by_plain_nbgrader(cases: Sequence[Case]) -> tuple[MarksBy, dict[str, str]]:
    """The marks by nbgrader's own executor, one submission after the other; see ``Case.unjailed``.

    A submission that does not end is broken off.
    """
    cases = [case for case in cases if case.unjailed]
    said: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="attacks-") as root,
        ground.adopting(),
        ground.build(Path(root), cases) as place,
    ):
        config = place.course / "nbgrader_config.py"
        text = config.read_text(encoding="utf-8")
        config.write_text(re.sub(r"c\.\w+\.\w*preprocessors = \[.*?\]", "", text, flags=re.DOTALL))
        others = ground.children()
        for case in _with_progress(cases):
            command = "-m", "nbgrader", "autograde", ASSIGNMENT, f"--student={case.name}"
            if ground.run(place, *command, timeout=PLAIN_SECONDS).returncode == ground.KILLED:
                said[case.name] = BROKEN_OFF
            ground.reap_orphans(others)
        return ground.marks_of(place.course), {**_harmed(place, cases), **said}


def _with_progress(cases: Sequence[Case]) -> Iterable[Case]:
    for number, case in enumerate(cases, start=1):
        print(f"plain nbgrader: {number} of {len(cases)}, {case.name}", file=sys.stderr)
        yield case


def _harmed(place: Place, cases: Sequence[Case]) -> dict[str, str]:
    """Which cases reached what they must not."""
    return {
        case.name: "escaped"
        for case in cases
        if place.canary(case).exists() or place.heard[case.name]
    }


def verdict(case: Case, marks: MarksBy, said: dict[str, str]) -> str:
    """What a grader made of a case, in a word: "=" stands for the ideal."""
    if said.get(case.name):
        return said[case.name]
    given = marks.get(case.name)
    if case.marks is None:
        return "= refused" if not given else f"{_total(given)} !"
    if not given:
        return "no marks !"
    if given != expected(case, given):
        return f"{_total(given)} !"
    return f"= {_total(given)}"


def _total(marks: dict[str, Any]) -> str:
    return f"{sum(mark or 0 for mark in marks.values()):g}"


def ideal(case: Case) -> str:
    """The marks that a case deserves, added up."""
    if case.marks is None:
        return "refused"
    return _total(dict(case.marks)) if case.marks else "any"


GRADERS: dict[str, Callable[[Sequence[Case]], tuple[MarksBy, dict[str, str]]]] = {
    "bpkit": by_bpkit,
    "plug-in": by_plug_in,
    "plain": by_plain_nbgrader,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases; all if none is named")
    names = parser.parse_args().names
    unknown = set(names) - {case.name for case in CASES}
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    cases = [case for case in CASES if not names or case.name in names or case.kind == "honest"]

    columns = {name: grader(cases) for name, grader in GRADERS.items()}
    line = "{:36} {:9} {:8} {:12} {:12} {:12} {}"
    print(line.format("case", "class", "ideal", *GRADERS, "tries"))
    right = dict.fromkeys(GRADERS, 0)
    run = dict.fromkeys(GRADERS, 0)
    for case in cases:
        words = {}
        for name, (marks, said) in columns.items():
            ran = name == "bpkit" or case.unjailed or (name == "plug-in" and case.nbgrader)
            words[name] = verdict(case, marks, said) if ran else NOT_RUN
            run[name] += ran
            right[name] += words[name].startswith("=")
        print(line.format(case.name, case.kind, ideal(case), *words.values(), case.tries))
    for name in GRADERS:
        print(f"{name}: as it should be in {right[name]} of {run[name]}")


if __name__ == "__main__":
    main()
