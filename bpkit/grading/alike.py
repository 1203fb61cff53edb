"""Answers that two students have alike, and that hardly anybody else in the class wrote.

An answer is brought to a form without comments, layout and names of one's own. That two students
have the same form in one exercise says little: there are few ways to write a short right answer.
So only forms that are rare in the class count, each by how rare it is: if k of the other n - 1
students wrote it, it counts log2((n - 1) / k) bits. A pair's bits are added up, and the pair is
named when they are more than chance explains: when students who write independently of each other
would make one such pair in less than one class of a hundred. One answer alone is never enough.
"""

import builtins
import keyword
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

CLASSES = 100
"""A pair is named that chance alone makes in fewer than one of so many classes."""
FEWEST_TOKENS = 8
"""Shorter answers are alike for want of other ways to write them."""
LARGEST_ANSWER = 50_000
"""Characters of an answer that are looked at."""
KEPT = {*keyword.kwlist, *dir(builtins)}
"""Names that are nobody's own."""
TOKEN = re.compile(
    r"""
    (?P<string> (?:\b[A-Za-z]{1,2})?(?:
                "{3}(?:[^\\]|\\.)*?"{3} | '{3}(?:[^\\]|\\.)*?'{3}
              | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*') )
  | (?P<layout> \#[^\n]* | [^\S\n]+ | \\\n )
  | (?P<end>    \n )
  | (?P<name>   [^\W\d]\w* )
  | (?P<other>  \d[\w.]* | . )
    """,
    re.VERBOSE | re.DOTALL,
)
"""A token of Python, or of what a student takes for Python."""


@dataclass(frozen=True)
class Alike:
    """Students, each alike with another of them, in what hardly anybody else wrote."""

    students: tuple[str, ...]
    exercises: tuple[str, ...]
    """In which two of them wrote the same."""
    fewest: int
    """So many answers have two of them alike who are alike, at least."""
    most: int
    answers: int
    """How many answers they gave; the most of them."""
    bits: float
    """How surprising the most surprising pair is: one bit more is half as likely."""


def alike(answers: Mapping[str, Mapping[str, str]]) -> list[Alike]:
    """The students to look at, those who are alike together, the most surprising first.

    Forms that more than the square root of the class wrote are common, and are not looked at: the
    work grows with n to the power 1.5, not with all pairs.

    Parameters
    ----------
    answers : for each student the normal forms of their answers by exercise, as ``answer_forms``
        makes them. Empty answers, and those of the release, are left out.
    """
    n = len(answers)
    if n < 3:
        return []
    writers: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in sorted(answers):
        for exercise, form in answers[student].items():
            writers[exercise, form].append(student)
    shared: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for (exercise, _), students in writers.items():
        if 2 <= len(students) <= max(2, math.isqrt(n)):
            bits = math.log2((n - 1) / (len(students) - 1))
            for pair in combinations(students, 2):
                shared[pair][exercise] = bits
    enough = math.log2(math.comb(n, 2)) + math.log2(CLASSES)
    flagged = {pair: same for pair, same in shared.items() if sum(same.values()) > enough}
    found = []
    for group in _together(flagged):
        pairs = {pair: same for pair, same in flagged.items() if pair[0] in group}
        found.append(
            Alike(
                students=tuple(sorted(group)),
                exercises=tuple(dict.fromkeys(e for same in pairs.values() for e in same)),
                fewest=min(map(len, pairs.values())),
                most=max(map(len, pairs.values())),
                answers=max(len(answers[student]) for student in group),
                bits=max(sum(same.values()) for same in pairs.values()),
            )
        )
    return sorted(found, key=lambda group: (-group.bits, group.students))


def _together(pairs: Mapping[tuple[str, str], object]) -> Iterator[set[str]]:
    """Everybody who is in a pair, with whom they are connected through pairs."""
    beside: dict[str, set[str]] = defaultdict(set)
    for first, second in pairs:
        beside[first].add(second)
        beside[second].add(first)
    seen: set[str] = set()
    for start in beside:
        if start in seen:
            continue
        group, waiting = {start}, [start]
        while waiting:
            new = beside[waiting.pop()] - group
            group |= new
            waiting += new
        seen |= group
        yield group


def code_form(source: str) -> str:
    """Code without comments, docstrings and layout, with its names numbered in their order; "" if
    it is too short to tell anything.

    >>> code_form("def f(a):  # twice\\n    return 2*a") == code_form("def f(b): return 2 * b")
    True
    """
    tokens = [
        (found.lastgroup, found[0])
        for found in TOKEN.finditer(source[:LARGEST_ANSWER])
        if found.lastgroup != "layout"
    ]
    names: dict[str, str] = {}
    form: list[str] = []
    before: str | None = "end"
    for number, (kind, token) in enumerate(tokens):
        alone = before == "end" and (number + 1 == len(tokens) or tokens[number + 1][0] == "end")
        before = kind
        if kind == "end" or (kind == "string" and alone):
            continue
        own = kind == "name" and token not in KEPT and form[-1:] != ["."]
        form.append(names.setdefault(token, f"n{len(names)}") if own else token)
    return " ".join(form) if len(form) >= FEWEST_TOKENS else ""


def text_form(source: str) -> str:
    """The words and numbers of a text, without case, marks and layout; "" if they are too few."""
    words = re.findall(r"\w+", source[:LARGEST_ANSWER].casefold())
    return " ".join(words) if len(words) >= FEWEST_TOKENS else ""


def answer_forms(cells: list[dict], released: Mapping[str, str]) -> dict[str, str]:
    """The normal forms of a graded notebook's answers, by cell.

    Parameters
    ----------
    cells : of the notebook, as JSON has them.
    released : the source that students find in each cell.
    """
    forms = {}
    for cell in cells:
        about = cell["metadata"].get("nbgrader", {})
        if not about.get("solution"):
            continue
        make = code_form if cell["cell_type"] == "code" else text_form
        form = make("".join(cell["source"]))
        if form and form != make(released.get(about["grade_id"], "")):
            forms[about["grade_id"]] = form
    return forms
