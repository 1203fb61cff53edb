"""The table of all attacks, as Markdown: what each deserves, and what three graders give.

    python -m tests.attacks.table [NAME ...] > docs/attacks.md

The graders are ``bpkit grade``, ``nbgrader autograde`` with the course's own configuration, and
plain nbgrader with its own executor. The last has no jail: each submission gets a copy of the
course and a sandbox around the whole of nbgrader, without a network, in which nothing but that copy
can be written. All cases take about an hour on a quiet machine.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from tests.attacks import ground
from tests.attacks.case import ASSIGNMENT, Case
from tests.attacks.corpus import CASES
from tests.attacks.ground import KILLED, Place
from tests.attacks.seeing import BPKIT, NBGRADER, expected, graded

PLAIN_SECONDS = 90
"""For one submission by plain nbgrader, which has a limit for each cell only: here of 20 s."""
AT_ONCE = 2
PLAIN = """
del c.Autograde
c.Execute.timeout = 20
"""
"""What takes our steps out of the configuration again."""
KINDS = {
    "fooling": "Fooling the judge",
    "stopping": "Stopping the grading",
    "broken": "Broken files and odd answers",
    "honest": "Honest work",
}
HEAD = """\
# What grading does with attacks

{which} submissions in tests/attacks: what each tries, the marks that it deserves, and what three
graders make of it. A tick stands for exactly these marks in each test, and no harm done;
marks in bold are wrong.

- **bpkit**: `bpkit grade`
- **plug-in**: `nbgrader autograde`, with this course's nbgrader_config.py
- **nbgrader**: `nbgrader autograde` without our steps in it. Each submission has a run, a copy of
  the course and a sandbox of its own, so nbgrader looks better here than it is: in one run for the
  class some of them would stop it for all, or change the marks of others, and the sandbox has no
  network. What did not end within {seconds} s (on a quiet machine) was broken off.

Made by `python -m tests.attacks.table`, which takes the names of cases, or none for all.
"""


@dataclass(frozen=True)
class Verdict:
    """What a grader made of a case."""

    good: bool
    text: str


Verdicts = Mapping[str, Verdict]


def by_bpkit(cases: Sequence[Case]) -> Verdicts:
    """All verdicts on ``bpkit grade``."""
    return _all_at_once(cases, *BPKIT, "grade", ASSIGNMENT)


def by_plug_in(cases: Sequence[Case]) -> Verdicts:
    """All verdicts on ``nbgrader autograde`` with our configuration."""
    return _all_at_once(cases, *NBGRADER, "autograde", ASSIGNMENT)


def _all_at_once(cases: Sequence[Case], *command: str) -> Verdicts:
    with graded(cases, *command, timeout=3600) as seen:
        return {case.name: verdict(case, seen.given(case), seen.place) for case in cases}


def by_plain_nbgrader(cases: Sequence[Case]) -> Verdicts:
    """All verdicts on nbgrader as it comes, each in a sandbox of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="attacks-") as root,
        ground.adopting(),
        ground.build(Path(root), cases) as place,
        ThreadPoolExecutor(AT_ONCE) as threads,
    ):
        with (place.course / "nbgrader_config.py").open("a") as config:
            config.write(PLAIN)
        others = ground.children()
        verdicts = dict(threads.map(lambda case: (case.name, _alone(place, case)), cases))
        ground.reap_orphans(others)
        return verdicts


def _alone(place: Place, case: Case) -> Verdict:
    """Have plain nbgrader grade one case, in a copy of the course that looks like the course."""
    print(f"plain nbgrader: {case.name}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="plain-", dir=place.root) as folder:
        copy = Path(folder) / "course"
        (copy / "submitted").mkdir(parents=True)
        kept = [*place.course.glob("*.*"), place.course / "solutions", place.course / "exercises"]
        subprocess.run(["cp", "-a", *map(str, kept), str(copy)], check=True)
        handed_in = place.course / "submitted" / case.name
        subprocess.run(["cp", "-a", str(handed_in), str(copy / "submitted")], check=True)
        done = ground.run(
            place,
            *(*NBGRADER, "autograde", ASSIGNMENT),
            timeout=PLAIN_SECONDS * ground.patience(),
            around=sandbox(place, copy),
        )
        try:
            given = ground.marks_of(copy).get(case.name, {})
        except DatabaseError:
            return Verdict(False, "gradebook destroyed")
        found = verdict(case, given, place)
        return Verdict(False, "broken off") if done.returncode == KILLED else found


def sandbox(place: Place, copy: Path) -> list[str]:
    """bubblewrap, with the machine as it is, read-only, and a copy in the place of the course."""
    line = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"]
    line += ["--dev", "/dev", "--proc", "/proc", "--size", str(1 << 30), "--tmpfs", "/tmp"]
    for name in "canaries", "home", "tmp", "server":
        line += ["--bind", str(place.root / name), str(place.root / name)]
    return [*line, "--bind", str(copy), str(place.course), "--chdir", str(place.course), "--"]


def verdict(case: Case, given: Mapping[str, float | None], place: Place) -> Verdict:
    """What a grader made of a case, in a few words."""
    total = f"{sum(mark or 0 for mark in given.values()):g}"
    if place.canary(case).exists() or place.heard[case.name]:
        return Verdict(False, "escaped")
    if case.marks is None:
        return Verdict(False, f"**{total}**") if given else Verdict(True, "refused")
    if not given:
        return Verdict(False, "no marks")
    good = dict(given) == expected(case, dict(given))
    return Verdict(good, total if good else f"**{total}**")


def ideal(case: Case) -> str:
    """The marks that a case deserves, added up."""
    if case.marks is None:
        return "refused"
    return f"{sum(case.marks.values()):g}" if case.marks else "any"


GRADERS: dict[str, Callable[[Sequence[Case]], Verdicts]] = {
    "bpkit": by_bpkit,
    "plug-in": by_plug_in,
    "nbgrader": by_plain_nbgrader,
}


def written(cases: Sequence[Case], columns: Mapping[str, Verdicts]) -> str:
    """The page: how many of each kind come out well, then each case."""
    some = len(cases) < len(CASES)
    which = f"{len(cases)} of the {len(CASES)}" if some else f"All {len(CASES)}"
    lines = [HEAD.format(which=which, seconds=PLAIN_SECONDS)]
    lines += [f"| | cases | {' | '.join(columns)} |", "|---|--:|" + "--:|" * len(columns)]
    by_kind = {kind: [case for case in cases if case.kind == kind] for kind in KINDS}
    for kind, members in by_kind.items():
        good = [sum(verdicts[c.name].good for c in members) for verdicts in columns.values()]
        counts = " | ".join(map(str, good))
        lines.append(f"| {KINDS[kind]} | {len(members)} | {counts} |")
    all_good = [sum(v[c.name].good for c in cases) for v in columns.values()]
    lines.append(f"| **all** | {len(cases)} | {' | '.join(map(str, all_good))} |")
    for kind, members in by_kind.items():
        lines += ["", f"## {KINDS[kind]}", "", f"| case | ideal | {' | '.join(columns)} |"]
        lines.append("|---|---|" + "---|" * len(columns))
        for case in members:
            cells = [
                f"✓ {found.text}" if found.good else found.text
                for found in (verdicts[case.name] for verdicts in columns.values())
            ]
            tries = case.tries.replace("|", "\\|")
            lines.append(f"| {case.name}: {tries} | {ideal(case)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases; all if none is named")
    names = parser.parse_args().names
    unknown = set(names) - {case.name for case in CASES}
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}")
    cases = [case for case in CASES if not names or case.name in names or case.kind == "honest"]
    print(written(cases, {name: grader(cases) for name, grader in GRADERS.items()}), end="")


if __name__ == "__main__":
    main()
