"""Broken files, and answers of the wrong kind: what happens to honest people too."""

import gzip
import io
import itertools
import json
import os
import socket
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.attacks.case import (
    FULL,
    NOTEBOOK,
    RIGHT,
    Case,
    Files,
    Ground,
    Make,
    Marks,
    Notebook,
    cell,
    code_cell,
    encoded,
    notebook,
    raw,
    without,
)

QUIET = ""
CUT = r"JSON|empty|UTF|larger|nested|cell|number|nbformat|link|not a file|no source"


def refused(
    name: str, tries: str, change: Callable[[bytes], bytes], *, nbgrader: bool = False
) -> Case:
    """A file that cannot be graded: it is set aside and named."""
    return Case(name, "broken", tries, raw(change), None, CUT, nbgrader=nbgrader)


def mended(
    name: str,
    tries: str,
    change: Callable[[bytes], bytes],
    *,
    reported: str | None = QUIET,
    nbgrader: bool = False,
) -> Case:
    """A file that looks odd but has all that is needed."""
    return Case(name, "broken", tries, raw(change), FULL, reported, nbgrader=nbgrader)


def with_notebook(act: Callable[[Notebook], Any]) -> Callable[[bytes], bytes]:
    """A change of bytes, from one of the notebook in place."""

    def change(data: bytes) -> bytes:
        nb = json.loads(data)
        act(nb)
        return encoded(nb)

    return change


def with_text(old: str, new: str) -> Callable[[bytes], bytes]:
    """A change of bytes that must hit."""

    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode())

    return change


def each_cell(act: Callable[[Notebook], Any]) -> Callable[[bytes], bytes]:
    """A change of every cell."""

    def change(nb: Notebook) -> None:
        for c in nb["cells"]:
            act(c)

    return with_notebook(change)


def to_3(nb: Notebook) -> None:
    cells = [
        {**c, "input": c["source"], "language": "python", "prompt_number": 1}
        if c["cell_type"] == "code"
        else c
        for c in nb.pop("cells")
    ]
    nb.update(nbformat=3, nbformat_minor=0, metadata={"name": ""})
    nb["worksheets"] = [{"cells": cells, "metadata": {}}]


def no_format(nb: Notebook) -> None:
    del nb["nbformat"], nb["nbformat_minor"]


def wrong_metadata(nb: Notebook) -> None:
    nb["metadata"] = []
    cell(nb, "step-sizes")["metadata"] = 3
    for c in nb["cells"]:
        if c["cell_type"] == "markdown" and not c["metadata"]:
            c["metadata"] = None


ODD_OUTPUTS: tuple[Any, ...] = (
    *("x", None, [None], [{"output_type": "new"}], [[]], {}, 3, [{}], [1], [""]),
)


def odd_outputs(nb: Notebook) -> None:
    cells = [c for c in nb["cells"] if c["cell_type"] == "code"]
    for c, outputs in zip(cells, itertools.cycle(ODD_OUTPUTS)):
        c.update(outputs=outputs, execution_count="x")


def zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(NOTEBOOK, data)
    return buffer.getvalue()


def tarred(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as file:
        info = tarfile.TarInfo("../../" + NOTEBOOK)
        info.size = len(data)
        file.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


def old_outputs(size: int) -> Callable[[Notebook], None]:
    def change(nb: Notebook) -> None:
        text = {"output_type": "stream", "name": "stdout", "text": "x" * size}
        cell(nb, "step-sizes")["outputs"] = [text]

    return change


UNREADABLE = (
    refused("empty-file", "is a file of zero bytes", lambda data: b"", nbgrader=True),
    refused("blank-file", "is a file of blanks", lambda data: b" \n\t\n" * 100),
    refused(
        "cut-off",
        "is the first half of a notebook",
        lambda data: data[: len(data) // 2],
        nbgrader=True,
    ),
    refused("cut-off-at-the-end", "lacks the last character", lambda data: data.rstrip()[:-1]),
    refused("not-json", "is a page of HTML", lambda data: b"<!doctype html><title>Log in</title>"),
    refused("random-bytes", "is noise", lambda data: bytes(range(256)) * 400),
    refused("utf-16", "is UTF-16", lambda data: data.decode().encode("utf-16")),
    refused(
        "latin-1",
        "is Latin-1, with a letter that UTF-8 writes otherwise",
        lambda data: with_text("Problem set", "Prøblem set")(data).decode().encode("latin-1"),
    ),
    refused("zip", "is an archive with the notebook in it", zipped),
    refused("tar", "is an archive whose names climb out of the folder", tarred),
    refused(
        "gzip-bomb", "is a compressed file that grows", lambda d: gzip.compress(b"0" * (1 << 26))
    ),
    refused(
        "pickle", "is a pickle that runs a command", lambda data: b"cos\nsystem\n(S'true'\ntR."
    ),
    refused(
        "fifty-megabytes",
        "has outputs of 50 MB",
        with_notebook(old_outputs(50_000_000)),
        nbgrader=True,
    ),
    refused(
        "three-thousand-cells",
        "has thousands of cells",
        with_notebook(lambda nb: nb["cells"].extend([code_cell("1")] * 3000)),
    ),
    refused(
        "deep-json",
        "is JSON nested a hundred thousand deep",
        with_text('"nbformat": 4', f'"x": {deep(100_000)}, "nbformat": 4'),
        nbgrader=True,
    ),
    refused("deep-json-alone", "is nothing but brackets", lambda d: deep(1_000_000).encode()),
    refused(
        "deep-metadata",
        "has metadata nested a thousand deep",
        with_text('"nbformat": 4', f'"x": {deep(900)}, "nbformat": 4'),
    ),
    refused(
        "long-number-in-json",
        "has a number of a hundred thousand digits",
        with_text('"nbformat": 4', f'"x": {"9" * 100_000}, "nbformat": 4'),
    ),
    refused("json-list", "is a list", lambda data: b"[" + data + b"]"),
    refused("json-text", "is a text in quotes", lambda data: json.dumps(data.decode()).encode()),
    refused("json-null", "is null", lambda data: b"null"),
    refused(
        "two-notebooks-in-one", "has two notebooks, one after the other", lambda data: data * 2
    ),
    refused("no-cells", "has no list of cells", with_notebook(lambda nb: nb.pop("cells"))),
    refused("cells-are-text", "has text for cells", with_notebook(lambda nb: nb.update(cells="x"))),
    refused(
        "cells-are-null",
        "has null among its cells",
        with_notebook(lambda nb: nb["cells"].append(None)),
    ),
    refused(
        "unknown-cells",
        "has a cell of an unknown kind",
        with_notebook(lambda nb: nb["cells"].append({**code_cell("1"), "cell_type": "heading"})),
    ),
    refused("no-source", "has cells without a source", each_cell(lambda c: c.pop("source"))),
    refused(
        "sources-are-numbers",
        "has numbers for sources",
        each_cell(lambda c: c.update(source=[1, 2])),
    ),
    refused(
        "nul-in-source",
        "has a NUL character in an answer",
        with_notebook(lambda nb: cell(nb, "sigmoid").update(source="x = 1\0")),
        nbgrader=True,
    ),
    refused(
        "half-a-character",
        "has half of a surrogate pair in an answer",
        with_notebook(lambda nb: cell(nb, "sigmoid").update(source="x = '\ud800'")),
    ),
    refused("nbformat-2", "is of nbformat 2", with_notebook(lambda nb: nb.update(nbformat=2))),
    refused(
        "nbformat-is-text",
        "has text for its nbformat",
        with_notebook(lambda nb: nb.update(nbformat="x")),
    ),
)

MENDED = (
    mended("byte-order-mark", "begins with a byte order mark", lambda data: b"\xef\xbb\xbf" + data),
    mended("windows-lines", "has Windows line ends", lambda data: data.replace(b"\n", b"\r\n")),
    mended(
        "windows-lines-inside",
        "has Windows line ends in its cells",
        each_cell(lambda c: c.update(source="".join(c["source"]).replace("\n", "\r\n"))),
    ),
    mended(
        "one-line", "is written in one line", lambda data: json.dumps(json.loads(data)).encode()
    ),
    mended("nbformat-3", "is of nbformat 3", with_notebook(to_3), nbgrader=True),
    mended(
        "future-nbformat",
        "is of an nbformat to come",
        with_notebook(lambda nb: nb.update(nbformat=5, nbformat_minor=99, new={"a": []})),
        nbgrader=True,
    ),
    mended(
        "no-nbformat",
        "does not say its nbformat",
        with_notebook(no_format),
    ),
    mended(
        "old-minor",
        "has an old minor number, with ids or without",
        with_notebook(lambda nb: nb.update(nbformat_minor=0)),
    ),
    mended(
        "metadata-is-a-list",
        "has lists, numbers and null for metadata",
        with_notebook(wrong_metadata),
    ),
    mended(
        "no-cell-metadata",
        "has cells without metadata, as another tool saved it",
        each_cell(lambda c: c.pop("metadata")),
        reported="without their ids, known by what they define: sigmoid, ",
        nbgrader=True,
    ),
    mended(
        "odd-metadata",
        "has tags, names and times of the wrong kinds",
        each_cell(lambda c: c["metadata"].update(tags="x", name=3, jupyter=[], collapsed="no")),
    ),
    mended(
        "same-ids", "has one id for all cells", each_cell(lambda c: c.update(id="x")), nbgrader=True
    ),
    mended(
        "bad-ids",
        "has ids that are no ids",
        each_cell(lambda c: c.update(id=["<b>", 3, None, " " * 100, "é", "../../x"][len(c) % 6])),
    ),
    mended("no-ids", "has no ids", each_cell(lambda c: c.pop("id"))),
    mended(
        "odd-outputs",
        "has outputs of the wrong kinds",
        with_notebook(odd_outputs),
    ),
    mended(
        "large-outputs",
        "has outputs of 15 MB from an earlier run",
        with_notebook(old_outputs(15_000_000)),
    ),
    mended(
        "not-a-number",
        "has NaN and infinity, which JSON does not know",
        with_text('"nbformat": 4', '"x": [NaN, -Infinity, 1e999], "nbformat": 4'),
    ),
    mended(
        "double-keys",
        "has keys twice",
        with_text('"nbformat": 4', '"cells_": 1, "cells_": 2, "nbformat": 4'),
    ),
    mended(
        "thousand-cells",
        "has a thousand cells of its own, as somebody has who tries everything",
        with_notebook(lambda nb: nb["cells"].extend([code_cell("1 + 1")] * 1000)),
        reported=None,
    ),
    mended(
        "long-line",
        "has a line of a million characters in a comment",
        with_notebook(lambda nb: nb["cells"].append(code_cell("# " + "x" * 1_000_000))),
        reported=None,
    ),
    Case(
        "cells-missing",
        "broken",
        "lacks an answer cell",
        notebook(
            RIGHT,
            change=lambda nb: nb["cells"].remove(cell(nb, "bias-gradient")),
        ),
        # ``backward`` calls it, and is tested with the right one beside it
        without("test-bias-gradient"),
        reported="missing",
    ),
    Case(
        "one-cell-does-not-parse",
        "broken",
        "has a syntax error in one answer",
        notebook({**RIGHT, "output-delta-cross-entropy": "def output_delta_cross_entropy(z, y:\n"}),
        without("test-output-delta-cross-entropy"),
        reported=QUIET,
    ),
)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def folder(path: Path) -> None:
    path.mkdir()
    (path / "x").write_text("x")


def unix_socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path must be short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


def sparse(size: int) -> Callable[[Path], None]:
    """A file that says it is large, and takes no room."""

    def make(path: Path) -> None:
        path.touch()
        os.truncate(path, size)

    return make


def many(path: Path) -> None:
    path.mkdir()
    for number in range(3000):
        (path / str(number)).touch()


def device(path: Path) -> None:
    """/dev/zero, or where only root may make one, a link to it."""
    try:
        os.mknod(path, 0o644 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        path.symlink_to("/dev/zero")


def forbidden(path: Path) -> None:
    path.write_bytes(b"{}")
    path.chmod(0)


def things(by_name: Mapping[str, Any]) -> Make:
    """Things at paths, with their targets filled in; no notebook."""

    def make(ground: Ground, release: bytes) -> Files:
        return {
            name: link(ground.fill(thing.encode()).decode()) if isinstance(thing, str) else thing
            for name, thing in by_name.items()
        }

    return make


def named(name: str) -> Make:
    """A right submission whose file has another name."""

    def make(ground: Ground, release: bytes) -> Files:
        files = dict(notebook(RIGHT)(ground, release))
        files[name] = files.pop(NOTEBOOK)
        return files

    return make


def beside(files: Mapping[str, Any], first: str = "") -> Make:
    """A right submission with things beside it."""

    def make(ground: Ground, release: bytes) -> Files:
        return {
            **notebook(RIGHT, first=first)(ground, release),
            **things(files)(ground, release),
        }

    return make


def odd(name: str, tries: str, make: Make, reported: str = CUT, *, nbgrader: bool = False) -> Case:
    """Something in the place of the notebook."""
    return Case(name, "broken", tries, make, None, reported, nbgrader=nbgrader)


READ_ALL = """\
import glob
for path in glob.glob("**", recursive=True):
    try:
        text = open(path, errors="replace").read(2000)
    except OSError:
        continue
    if path.startswith("linked"):
        print("FOU" + "ND", path, text)
"""
COURSE = "@course@/solutions/ps3/" + NOTEBOOK

TAKES_OVER = b"open('@canary@', 'w').close()\nraise SystemExit('taken over')\n"
READ_BY_THEMSELVES = (
    *("sitecustomize.py", "usercustomize.py", "nbgrader_config.py", "ipython_config.py"),
    *("jupyter_config.py", "conftest.py", "json.py", "alembic.py", "x.pth", ".bashrc", "numpy.py"),
    *("bpkit.py", "pdb.py", "pickle.py", "unittest.py", "doctest.py", "difflib.py", "secrets.py"),
    *("matplotlib.py", "matplotlibrc", "PIL.py", "stack_data.py", "executing.py", "pygments.py"),
    *("IPython.py", "traitlets.py", "linecache.py", "tracemalloc.py", "distributed.py"),
)

THINGS = (
    odd("link-to-passwd", "is a link to the system's users", things({NOTEBOOK: "/etc/passwd"})),
    odd(
        "link-to-the-solution",
        "is a link to the solution",
        things({NOTEBOOK: COURSE}),
        nbgrader=True,
    ),
    odd(
        "link-to-the-neighbour",
        "is a link to somebody else's submission",
        things({NOTEBOOK: f"../../ada/ps3/{NOTEBOOK}"}),
    ),
    odd("link-to-nowhere", "is a link that leads nowhere", things({NOTEBOOK: "/nowhere/x"})),
    odd("link-to-itself", "is a link to itself", things({NOTEBOOK: NOTEBOOK})),
    odd("link-to-a-device", "is a link to a file without an end", things({NOTEBOOK: "/dev/zero"})),
    odd("device", "is a device without an end", things({NOTEBOOK: device})),
    odd("pipe", "is a pipe that nobody writes to", things({NOTEBOOK: os.mkfifo}), nbgrader=True),
    odd("socket", "is a socket", things({NOTEBOOK: unix_socket}), r"opened|device"),
    odd("directory", "is a directory", things({NOTEBOOK: folder}), r"directory", nbgrader=True),
    odd("nothing-handed-in", "is an empty folder", things({}), r"no .*ipynb"),
    odd("wrong-name", "has another name", named("ps3 final (2).ipynb"), r"no .*ipynb"),
    odd("wrong-ending", "has two endings", named(NOTEBOOK + ".txt"), r"no .*ipynb"),
    odd(
        "other-case",
        "is written with other capitals",
        named("Backpropagation.IPYNB"),
        r"no .*ipynb",
    ),
    Case(
        "extra-notebooks",
        "broken",
        "hands in two more notebooks, one of them broken",
        beside(
            {
                "scratch.ipynb": lambda path: path.write_bytes(b"{"),
                "Copy of é .ipynb": lambda path: path.write_bytes(b""),
            }
        ),
        FULL,
        nbgrader=True,
    ),
    Case(
        "odd-names-beside-it",
        "broken",
        "has files beside it whose names hold line ends, quotes, escapes and bytes",
        beside(
            {
                name: lambda path: path.write_bytes(b"x")
                for name in (
                    "a\nb",
                    "'; touch x; '",
                    "\x1b[31mred",
                    "-rf",
                    "*",
                    "é\u202e",
                    "\udcff",
                )
            }
        ),
        FULL,
    ),
    Case(
        "links-beside-it",
        "broken",
        "has links beside it, to files and folders that it then reads",
        beside(
            {
                "linked-passwd": "/etc/passwd",
                "linked-solution": COURSE,
                "linked-course": "@course@",
                "linked-root": "/",
                "linked-loop": "linked-loop",
                "linked-proc": "/proc/self/environ",
            },
            READ_ALL,
        ),
        FULL,
        nbgrader=True,
    ),
    Case(
        "pipes-beside-it",
        "broken",
        "has a pipe, a socket and a device beside it",
        beside({"pipe.csv": os.mkfifo, "socket.csv": unix_socket, "device.csv": device}),
        FULL,
    ),
    Case(
        "large-file-beside-it",
        "broken",
        "has a file of a gigabyte beside it that takes no room",
        beside({"data.bin": sparse(1 << 30)}),
        FULL,
        nbgrader=True,
    ),
    Case(
        "many-files-beside-it",
        "broken",
        "has three thousand files beside it",
        beside({"many": many}),
        FULL,
    ),
    Case(
        "deep-folders-beside-it",
        "broken",
        "has folders beside it, two hundred deep",
        beside({"deep": lambda path: (path / "/".join(["d"] * 200)).mkdir(parents=True)}),
        FULL,
    ),
    Case(
        "modules-beside-it",
        "broken",
        "has files beside it that Python, IPython, matplotlib or nbgrader would read by themselves",
        notebook(RIGHT, files=dict.fromkeys(READ_BY_THEMSELVES, TAKES_OVER)),
        {},
        nbgrader=True,
    ),
)


def time_file(thing: Any) -> Make:
    return beside({"timestamp.txt": thing})


TIMES = (
    Case(
        "time-is-no-time",
        "broken",
        "says that it came at no time",
        time_file(lambda path: path.write_text("yesterday\x1b[31m")),
        None,
        "timestamp",
        nbgrader=True,
    ),
    Case(
        "time-is-bytes",
        "broken",
        "has bytes where its time should be",
        time_file(lambda path: path.write_bytes(b"\xff\xfe\0\1")),
        None,
        "timestamp",
    ),
    Case(
        "time-is-far-away",
        "broken",
        "came in the year 9999, at the end of all time zones",
        time_file(lambda path: path.write_text("9999-12-31 23:59:59 -14:00")),
        FULL,
    ),
    Case(
        "time-is-a-pipe",
        "broken",
        "has a pipe where its time should be",
        time_file(os.mkfifo),
        None,
        "timestamp",
    ),
    Case(
        "time-is-a-link",
        "broken",
        "has a link to the neighbour's time",
        time_file("../../ada/ps3/timestamp.txt"),
        None,
        "timestamp",
    ),
    Case(
        "time-is-a-folder",
        "broken",
        "has a folder where its time should be",
        time_file(folder),
        None,
        "timestamp",
    ),
    Case(
        "time-is-endless",
        "broken",
        "has a file without an end where its time should be",
        time_file(sparse(1 << 30)),
        None,
        "timestamp",
    ),
)


def kind(
    name: str, tries: str, function: str, marks: Marks = FULL, reported: str | None = QUIET
) -> Case:
    """Right answers, but for one function, given as text."""
    texts = {**RIGHT, "output-delta-cross-entropy": function}
    return Case(name, "broken", tries, notebook(texts), marks, reported)


def gives(name: str, tries: str, result: str, marks: Marks = FULL) -> Case:
    """The same, with a function of which only the result differs; ``right`` is the right one."""
    return kind(
        name,
        tries,
        f"def output_delta_cross_entropy(z, y):\n    right = sigmoid(z) - y\n    return {result}\n",
        marks,
    )


LOST = without("test-output-delta-cross-entropy")
RIGHT_LINE = "    return sigmoid(z) - y\n"
HEAD = "def output_delta_cross_entropy(z, y):\n"

NAMES = tuple(
    Case(name, "broken", "is of somebody with an unusual name", notebook(RIGHT), FULL, QUIET)
    for name in ("Zoë Müller", "o'neil; touch owned", "a+b (2)", "-rf", "[ab]", "{x}%s", "名前")
)

KINDS = (
    gives("answer-none", "returns None", "None", LOST),
    gives("answer-scalar", "returns one number", "0.5", LOST),
    gives("answer-text", "returns text", "'right'", LOST),
    gives("answer-transposed", "returns the transpose", "right.T", LOST),
    gives("answer-flat", "returns the numbers in a row", "right.ravel()", LOST),
    gives("answer-complex", "returns complex numbers", "right + 0j", LOST),
    gives("answer-objects", "returns an array of objects", "right.astype(object)", LOST),
    gives("answer-texts", "returns an array of texts", "right.astype(str)", LOST),
    gives("answer-record", "returns a structured array", "np.rec.fromarrays([right])", LOST),
    gives("answer-dates", "returns dates", "right.astype('datetime64[s]')", LOST),
    gives("answer-set", "returns a set", "set(right.ravel())", LOST),
    gives("answer-dict", "returns a dict", "{'delta': right}", LOST),
    gives("answer-half", "returns half precision", "right.astype(np.float16)", LOST),
    gives("answer-float32", "returns single precision", "right.astype(np.float32)"),
    gives("answer-longdouble", "returns extended precision", "right.astype(np.longdouble)"),
    gives("answer-big-endian", "returns numbers the other way round", "right.astype('>f8')"),
    gives("answer-list", "returns lists", "right.tolist()"),
    gives("answer-tuple", "returns tuples of arrays", "tuple(right)"),
    gives("answer-of-scalars", "returns lists of NumPy's scalars", "[list(row) for row in right]"),
    gives("answer-read-only", "returns a read-only array", "np.broadcast_to(right, right.shape)"),
    gives("answer-strided", "returns a view with odd strides", "np.repeat(right, 2, 1)[:, ::2]"),
    gives("answer-backwards", "returns a view with negative strides", "right[::-1].copy()[::-1]"),
    gives(
        "answer-columns-first", "returns an array in Fortran's order", "np.asfortranarray(right)"
    ),
    gives("answer-matrix", "returns a matrix", "np.asmatrix(right)"),
    gives("answer-masked", "returns a masked array without a mask", "np.ma.array(right)"),
    kind(
        "function-lambda",
        "is a lambda",
        "output_delta_cross_entropy = lambda z, y: sigmoid(z) - y\n",
    ),
    kind(
        "function-partial",
        "is a partial function",
        "from functools import partial\ndef delta(k, z, y):\n    return k * (sigmoid(z) - y)\n"
        "output_delta_cross_entropy = partial(delta, 1)\n",
    ),
    kind(
        "function-object",
        "is an object that can be called",
        "class Delta:\n    def __call__(self, z, y):\n        return sigmoid(z) - y\n"
        "output_delta_cross_entropy = Delta()\n",
    ),
    kind(
        "function-decorated",
        "is decorated, and counts its calls",
        "import functools\ndef counted(f):\n    @functools.wraps(f)\n    def g(*a, **k):\n"
        "        g.calls += 1\n        return f(*a, **k)\n    g.calls = 0\n    return g\n@counted\n"
        + HEAD
        + RIGHT_LINE,
    ),
    kind(
        "function-bound",
        "is a method",
        "class Net:\n    def delta(self, z, y):\n        return sigmoid(z) - y\n"
        "output_delta_cross_entropy = Net().delta\n",
    ),
    kind(
        "function-in-unicode",
        "is defined in letters that Python takes for the same",
        "def output_delta_𝒄ross_entropy(z, y):\n" + RIGHT_LINE,
    ),
    kind(
        "function-by-exec",
        "is made by exec",
        "exec('def output_delta_cross_entropy(z, y): return sigmoid(z) - y')\n",
    ),
    kind(
        "function-timed",
        "is in a cell with a magic",
        "%%time\n" + HEAD + RIGHT_LINE,
    ),
    kind(
        "function-prints",
        "prints what it does, also to stderr, and shows pictures",
        HEAD
        + "    import sys, warnings\n    print('z is', z)\n    print('careful', file=sys.stderr)\n"
        "    warnings.warn('careful')\n    display(z)\n    plt.plot(z)\n    plt.close()\n"
        + RIGHT_LINE,
    ),
    kind(
        "function-asserts",
        "has assertions of its own, and divides by zero on the way",
        HEAD + "    assert z.shape == y.shape\n    np.ones(1) / 0\n    try:\n        1 / 0\n"
        "    except ZeroDivisionError:\n        pass\n" + RIGHT_LINE,
    ),
    kind(
        "function-writes-files",
        "keeps what it sees in a file, in its own folder",
        "import numpy as np\n"
        + HEAD
        + "    np.save('seen.npy', z)\n    z = np.load('seen.npy')\n"
        + RIGHT_LINE,
    ),
    kind(
        "function-starts-threads",
        "computes in a thread",
        "from concurrent.futures import ThreadPoolExecutor\n"
        + HEAD
        + "    with ThreadPoolExecutor(2) as pool:\n"
        "        return pool.submit(lambda: sigmoid(z) - y).result()\n",
    ),
    kind(
        "function-changes-its-input",
        "is right, and changes its input on the way",
        HEAD + "    z -= y\n    z += y\n    z *= 1.0\n    y *= -1\n    return sigmoid(z) + y\n",
        LOST,
    ),
    kind(
        "function-needs-more",
        "takes more arguments than it is given",
        "def output_delta_cross_entropy(z, y, w):\n" + RIGHT_LINE,
        LOST,
    ),
    Case(
        "function-later",
        "broken",
        "is defined in the last cell only, after its test",
        notebook(
            {**RIGHT, "output-delta-cross-entropy": ""},
            last=HEAD + RIGHT_LINE,
        ),
        LOST,
    ),
)

CASES = (*UNREADABLE, *MENDED, *THINGS, *TIMES, *NAMES, *KINDS)
