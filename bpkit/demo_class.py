"""A made-up class that hands in problem set 3: to try grading on, without a single real student.

The class is drawn from a seed and is the same, byte for byte, whenever it is drawn again. It has
right answers in several hands, every misconception that the checks of ps3 know, unfinished work,
an endless loop and a file that was cut off.
"""

import itertools
import json
import random
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bpkit.demo_answers import Answers
from bpkit.demo_answers.right import EINSUM, LOOPS, MATRIX, RIGHT
from bpkit.demo_answers.slips import SLIPS
from bpkit.demo_answers.unfinished import ENDLESS_LOOP, OTHERS, PARTLY_BLANK

BROKEN_FILE = Answers("broken file", MATRIX.cells)
"""Its answers are right, but only the first half of its bytes arrives."""

PATTERN = "RSOSRSOSRS"
"""Right, slip or other: who comes after the first six, over and over."""

COMMON = "M01", "M07", "M13"
"""What many in a class get wrong, so that a report has something to say."""

EXPLANATIONS = (
    "With z = 8 the activation is a = 0.99966 and sigma'(z) = 0.000335.\n"
    "Quadratic: delta = 0.000335. Cross-entropy: delta = a - y = 0.99966.\n"
    "All gradients are proportional to delta, so with the quadratic cost this neuron hardly\n"
    "learns although it is totally wrong. The factor is sigma'(z^L); the cross-entropy cancels it.",
    "Quadratic: $\\delta^L = (a-y)\\,a(1-a) \\approx 3.4\\cdot 10^{-4}$. Cross-entropy:\n"
    "$\\delta^L = a - y \\approx 1$. The ratio is $1/\\sigma'(8) \\approx 3000$: the sigmoid is\n"
    "flat there, and only the quadratic cost suffers from it.",
    "- quadratic: 0.0003\n- cross-entropy: 1.0\n\n"
    "The cross-entropy learns faster because its delta is bigger.",
    "Cross-entropy is better for classification because it measures the distance between two\n"
    "probability distributions, while the quadratic cost is for regression.",
    "sigma' is what makes the difference. If it is close to 0 the neuron is saturated.",
    "The two deltas are the same because a - y = 1 in both cases.",
    "I ran both and the second one was better",
)

# fmt: off
FIRST_NAMES = (
    "Amara", "Beatriz", "Chen", "Dmitri", "Eleni", "Farid",
    "Greta", "Hiroshi", "Ines", "Jamal", "Katarzyna", "Lars",
    "Mei", "Nadia", "Oluwaseun", "Priya", "Quentin", "Rosa",
    "Søren", "Tala", "Umut", "Valentina", "Wanjiru", "Ximena",
    "Yusuf", "Zoë", "Aroha", "Bjørn", "Carlos", "Dana",
)

LAST_NAMES = (
    "Abara", "Bergström", "Castillo", "Dvořák", "Eriksen", "Fofanah",
    "Gruber", "Haddad", "Ivanova", "Jansen", "Kowalski", "Lindqvist",
    "Moreau", "Nakamura", "Okafor", "Pereira", "Quispe", "Rahman",
    "Schneider", "Tanaka", "Ueda", "Varga", "Whitaker", "Xu",
    "Yıldız", "Zhang", "Ngata", "O'Brien", "Papadakis", "Sithole",
)
# fmt: on


@dataclass(frozen=True)
class DemoStudent:
    """One student of the class, with the file they hand in."""

    id: str
    first_name: str
    last_name: str
    kind: str
    """What their answers are like: "right: einsum", "M07", "M07 + M13", "blank", ..."""
    notebook: bytes


def make_class(release: bytes, students: int, seed: int) -> list[DemoStudent]:
    """Let a made-up class fill in the released notebook of ps3.

    Parameters
    ----------
    release : the notebook as students get it.
    students : how many there are.
    seed : of names, kinds and explanations; the same seed gives the same class.

    Raises
    ------
    ValueError : if the release lacks a cell that the answers belong to.
    """
    rng = random.Random(seed)
    names = _names(rng)
    made = []
    for answers in itertools.islice(_kinds(rng), students):
        id, first_name, last_name = next(names)
        notebook = fill_in(release, answers, rng.choice(EXPLANATIONS) if answers.cells else None)
        if answers is BROKEN_FILE:
            notebook = notebook[: len(notebook) // 2]
        made.append(DemoStudent(id, first_name, last_name, answers.kind, notebook))
    return made


def fill_in(release: bytes, answers: Answers, explanation: str | None) -> bytes:
    """The released notebook with a student's answers in it, as the bytes of a file.

    Raises
    ------
    ValueError : if the release lacks a cell that an answer belongs to.
    """
    notebook = json.loads(release)
    texts = dict(answers.cells)
    if explanation:
        texts["explain"] = explanation
    cells: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if grade_id in answers.added:
            cells.append(_code_cell(f"mine-before-{grade_id}", answers.added[grade_id]))
        if grade_id in texts:
            cell["source"] = _lines(texts.pop(grade_id))
        cells.append(cell)
    if texts:
        raise ValueError(f"the released notebook has no cell {', '.join(texts)}")
    return json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False).encode() + b"\n"


def _kinds(rng: random.Random) -> Iterator[Answers]:
    """The first six, then right answers, slips and others by the pattern, without an end."""
    first_slip = next(slip for slip in SLIPS if slip.kind == "M01")
    yield from (MATRIX, _over(MATRIX, first_slip), PARTLY_BLANK, LOOPS, ENDLESS_LOOP, BROKEN_FILE)
    rights = itertools.cycle(_shuffled(rng, RIGHT))
    slips = _with_common_ones(_each_code_first(_shuffled(rng, SLIPS)))
    others = itertools.cycle(_shuffled(rng, OTHERS))
    for number, letter in enumerate(itertools.cycle(PATTERN)):
        if letter == "R":
            yield next(rights)
        elif letter == "O":
            yield next(others)
        else:
            slip = next(slips)
            if number % 4 == 1:
                slip = _both(slip, next(slips))
            yield _over(rng.choice((MATRIX, LOOPS, EINSUM)), slip)


def _with_common_ones(slips: Sequence[Answers]) -> Iterator[Answers]:
    """The slips over and over, with one of the common ones before every other."""
    common = itertools.cycle([next(s for s in SLIPS if s.kind == kind) for kind in COMMON])
    for number, slip in enumerate(itertools.cycle(slips)):
        if number % 2 == 0:
            yield next(common)
        yield slip


def _over(base: Answers, slip: Answers) -> Answers:
    """A slip among otherwise right answers."""
    return Answers(slip.kind, {**base.cells, **slip.cells}, fails=slip.fails)


def _both(slip: Answers, other: Answers) -> Answers:
    """Two slips in one notebook; only the first if they are in the same cell or the same slip."""
    if slip.kind == other.kind or slip.cells.keys() & other.cells.keys():
        return slip
    return Answers(
        f"{slip.kind} + {other.kind}",
        {**slip.cells, **other.cells},
        fails={**slip.fails, **other.fails},
    )


def _each_code_first(slips: Sequence[Answers]) -> list[Answers]:
    """Every misconception once before any comes a second time."""
    seen: Counter[str] = Counter()
    turns = []
    for slip in slips:
        turns.append(seen[slip.kind])
        seen[slip.kind] += 1
    return [slip for _, slip in sorted(zip(turns, slips), key=lambda pair: pair[0])]


def _shuffled(rng: random.Random, answers: Iterable[Answers]) -> list[Answers]:
    shuffled = list(answers)
    rng.shuffle(shuffled)
    return shuffled


def _names(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Id, first and last name; no two students share a name before all pairs are used up."""
    pairs = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(pairs)
    taken: Counter[str] = Counter()
    for first, last in itertools.cycle(pairs):
        login = _ascii(first)[0] + _ascii(last)
        taken[login] += 1
        yield login + (str(taken[login]) if taken[login] > 1 else ""), first, last


def _ascii(name: str) -> str:
    """A name as it stands in a login: lower case letters of the English alphabet."""
    plain = unicodedata.normalize("NFKD", name).translate({ord("ø"): "o", ord("ı"): "i"}).lower()
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha())


def _lines(source: str) -> list[str]:
    return source.rstrip("\n").splitlines(keepends=True)


def _code_cell(id: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": id,
        "metadata": {},
        "outputs": [],
        "source": _lines(source),
    }
