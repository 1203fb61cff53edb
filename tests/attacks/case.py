"""What an attack is made of: files to hand in, the marks they deserve, what must be told of them.

Every case starts from the released notebook of an assignment of the corpus's own, assignment.json,
with right answers, with zeros or with none. It is the course's ps3 as it once was, so that what is
expected here does not change with the course. Text between at-signs is filled in when the course
exists: ``@course@`` is its folder, ``@canary@`` a file of this case alone that only an escape can
create. See ``Ground`` for the others.

Nothing here endangers a machine whose defences fail: memory stops at 3 GB, processes at 300, disk
at 1 GB, floods at 200 MB, loops after 120 s; what kills others first looks whether it sees them.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from textwrap import indent
from typing import Any, Literal

from bpkit.demo_answers import Answers
from bpkit.demo_answers.right import MATRIX
from bpkit.demo_class import fill_in

ASSIGNMENT = "ps3"
NOTEBOOK = "backpropagation.ipynb"
SOURCE = Path(__file__).with_name("assignment.json")
"""The instructor's notebook."""

Kind = Literal["fooling", "stopping", "broken", "honest"]
Content = bytes | Callable[[Path], None]
"""What a file holds; or what makes a thing that is no file, at a path where nothing is yet."""
Files = Mapping[str, Content]
Marks = Mapping[str, float]
Notebook = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """Where a case will run, as an attacker would like to know it: all of it is right."""

    course: str
    repository: str
    home: str
    tcp: str
    """The port of a server on 127.0.0.1, for TCP and for UDP."""
    unix: str
    """The path of a server's Unix socket; its name in the abstract namespace is the same."""
    victim: str
    """The id of a process that must live on."""
    canary: str = ""
    name: str = ""

    def fill(self, text: bytes) -> bytes:
        """Put the values in the place of their names between at-signs."""
        for field in fields(self):
            text = text.replace(f"@{field.name}@".encode(), getattr(self, field.name).encode())
        return text


Make = Callable[[Ground, bytes], Files]
"""Makes the files to hand in, from the bytes of the released notebook."""

FULL: Marks = {
    "test-sigmoid": 1,
    "test-sigmoid-prime": 1,
    "test-output-delta-quadratic": 2,
    "test-output-delta-cross-entropy": 1,
    "test-hidden-delta": 2,
    "test-bias-gradient": 1,
    "test-weight-gradient": 2,
    "test-backward": 3,
}
NOTHING: Marks = dict.fromkeys(FULL, 0)


def without(*tests: str) -> Marks:
    """All marks but those of some tests."""
    return {**FULL, **dict.fromkeys(FULL.keys() & set(tests), 0)}


def only(*tests: str) -> Marks:
    """No marks but those of some tests."""
    return {**NOTHING, **{test: FULL[test] for test in tests}}


@dataclass(frozen=True)
class Case:
    """One submission, and what an ideal grader makes of it."""

    name: str
    """Of the case, and of the student who hands it in."""
    kind: Kind
    tries: str
    make: Make
    marks: Marks | None
    """By test cell, any for those that are left out; None if there is nothing to be graded."""
    reported: str | None = None
    """A pattern that what the instructor reads about this student must match; "" if nothing may be
    said, None if it does not matter."""
    nbgrader: bool = False
    """Whether it is among the few that ``nbgrader autograde`` is tried on at every change."""


SIGNATURES = {
    "sigmoid": "z",
    "sigmoid_prime": "z",
    "output_delta_quadratic": "z, y",
    "output_delta_cross_entropy": "z, y",
    "hidden_delta": "w_next, delta_next, z",
    "bias_gradient": "delta",
    "weight_gradient": "a_prev, delta",
    "backward": "w, b, X, Y",
}
ZERO_RESULTS = {
    "sigmoid": "np.zeros(z.shape)",
    "sigmoid_prime": "np.zeros(z.shape)",
    "output_delta_quadratic": "np.zeros(z.shape)",
    "output_delta_cross_entropy": "np.zeros(z.shape)",
    "hidden_delta": "np.zeros(z.shape)",
    "bias_gradient": "np.zeros(delta.shape[1])",
    "weight_gradient": "np.zeros((delta.shape[1], a_prev.shape[1]))",
    "backward": "[v if v is None else 0 * v for v in w], [v if v is None else 0 * v for v in b]",
}


def answers(results: Mapping[str, str]) -> dict[str, str]:
    """The answer cells, each function with one expression as its result."""
    texts: dict[str, str] = {}
    for name, result in results.items():
        cell = "sigmoid" if name == "sigmoid_prime" else name.replace("_", "-")
        function = f"def {name}({SIGNATURES[name]}):\n    return {result}\n"
        texts[cell] = texts.get(cell, "") + function
    return texts


CELLS = {
    cell["metadata"].get("nbgrader", {}).get("grade_id")
    for cell in json.loads(SOURCE.read_text(encoding="utf-8"))["cells"]
}


def known(texts: Mapping[str, str]) -> dict[str, str]:
    """Of the answers of a made-up student those to the tasks of this assignment."""
    return {name: text for name, text in texts.items() if name in CELLS}


RIGHT = known(MATRIX.cells)
BLANK: dict[str, str] = {}
ZEROS = answers(ZERO_RESULTS)
"""Of the right shape, so that only the comparison stands between them and the marks."""
STOLEN = answers({name: f"STOLEN[{name!r}]({args})" for name, args in SIGNATURES.items()})
"""What is found in the dict ``STOLEN``, which an earlier cell tries to fill."""


def returning(expression: str) -> dict[str, str]:
    """Answers that all return the value of one expression."""
    return answers(dict.fromkeys(SIGNATURES, expression))


def notebook(
    texts: Mapping[str, str] = ZEROS,
    *,
    first: str = "",
    before: Mapping[str, str] | None = None,
    last: str = "",
    explanation: str | None = None,
    change: Callable[[Notebook], None] = lambda nb: None,
    files: Files | None = None,
) -> Make:
    """A submission that is a notebook.

    Parameters
    ----------
    texts : the answers, by grade_id.
    first : a cell of the student's own after the set-up; ``last`` one at the end, and ``before``
        others in front of the cells with these ids.
    change : what is done to the notebook in the end.
    files : what lies beside it.
    """
    added = {**(before or {}), **({"sigmoid": first} if first else {})}

    def make(ground: Ground, release: bytes) -> Files:
        nb = json.loads(fill_in(release, Answers("", texts, added), explanation))
        if last:
            nb["cells"].append(code_cell(last))
        change(nb)
        filled = {
            name: ground.fill(content) if isinstance(content, bytes) else content
            for name, content in (files or {}).items()
        }
        return {NOTEBOOK: ground.fill(encoded(nb)), **filled}

    return make


def raw(change: Callable[[bytes], bytes]) -> Make:
    """Right answers in a file whose bytes are then changed."""

    def make(ground: Ground, release: bytes) -> Files:
        return {NOTEBOOK: change(fill_in(release, Answers("", RIGHT), None))}

    return make


def encoded(nb: Any) -> bytes:
    """The bytes of a notebook."""
    return json.dumps(nb, indent=1).encode()


def code_cell(source: str, **metadata: Any) -> Notebook:
    """A cell that a student adds."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"added{len(source)}",
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def markdown_cell(source: str, **metadata: Any) -> Notebook:
    """The same, of text."""
    return {
        "cell_type": "markdown",
        "id": f"m{len(source)}",
        "metadata": metadata,
        "source": source,
    }


def cell(nb: Notebook, id: str) -> Notebook:
    """The cell with this id."""
    return next(cell for cell in nb["cells"] if cell.get("id") == id)


def each(nb: Notebook, pattern: str) -> list[Notebook]:
    """The cells whose id matches."""
    return [cell for cell in nb["cells"] if re.fullmatch(pattern, cell.get("id", ""))]


ATTACKED = "output-delta-cross-entropy"
"""The task that attacks from inside a call are put in: no other task uses its function."""


def in_call(body: str) -> Make:
    """Right answers, but for one function that does this; the others must not feel it."""
    function = "def output_delta_cross_entropy(z, y):\n" + indent(body.strip("\n"), "    ")
    return notebook({**RIGHT, ATTACKED: function + "\n    return sigmoid(z) - y\n"})


def in_cell(source: str) -> Make:
    """Right answers, and a cell that does this before any of them."""
    return notebook(RIGHT, first=source)
