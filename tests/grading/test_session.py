"""The session against a real kernel: the same cells must put out the same. And its snapshots."""

import json
import re
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from bpkit.grading.jail import Limits
from bpkit.grading.template import Student, Template
from bpkit.grading.view import hidden_by, make_view
from bpkit.grading.wire import LARGE_HEAD_LIMIT, Channel

pytestmark = pytest.mark.jail


@pytest.fixture(scope="module", autouse=True)
def template() -> Iterator[Template]:
    with tempfile.TemporaryDirectory() as folder:
        make_view(Path(folder) / "bpkit", hidden_by({}))
        with Template.start(Path(folder) / "bpkit") as started:
            outputs.template = started
            yield started


class Session:
    """What the grader has of a session, without its care."""

    def __init__(self, student: Student, seconds: float = 5, limit: int = 100_000):
        self.student, self.seconds, self.limit = student, seconds, limit
        self.channel = Channel(student.socket)

    def ask(self, **request):
        self.channel.send(request)
        return self.channel.receive(until=time.monotonic() + 30, head_limit=LARGE_HEAD_LIMIT)

    def run(self, source: str) -> list[dict]:
        reply = self.ask(op="run", source=source, seconds=self.seconds, limit=self.limit)
        return json.loads(reply["outputs"])

    def snapshot(self) -> Channel:
        ours, theirs = socket.socketpair()
        with theirs:
            self.channel.send({"op": "snapshot"}, fd=theirs.fileno())
        assert self.channel.receive(until=time.monotonic() + 30) == {}
        return Channel(ours)


@pytest.fixture
def session(template) -> Iterator[Session]:
    with template.spawn(Limits()) as student:
        yield Session(student)


def outputs(cells: list[str], cell_seconds=5, output_limit=100_000, files=None) -> list[list[dict]]:
    with outputs.template.spawn(Limits(wall=30), files) as student:
        session = Session(student, cell_seconds, output_limit)
        return [session.run(cell) for cell in cells]


def text(cell_outputs: list[dict]) -> str:
    return "".join(output["text"] for output in cell_outputs)


SAME_AS_KERNEL = {
    "nothing": "x = 1",
    "value": "x + 1",
    "value-hidden": "x + 1;",
    "only-last-value": "1\n2",
    "array": "import numpy as np\nnp.arange(6.0).reshape(2, 3)",
    "streams": "import sys\nprint('a')\nprint('b')",
    "stderr": "print('c', file=sys.stderr)",
    "function-over-cells": "def f(n):\n    return n / 0",
    "error": "print('before')\nf(3)",
    "error-in-library": "np.ones((2, 3)) @ np.ones((2, 3))",
    "syntax-error": "def g(:",
    "name-error": "undefined_name",
    "assertion": "assert x == 2, 'x is one'",
    "own-traceback": (
        "class Kind(AssertionError):\n"
        "    def _render_traceback_(self):\n"
        "        return ['BP-1 [M01] a kind message', 'and no stack']\n"
        "raise Kind('BP-1 [M01] a kind message')"
    ),
    "display": (
        "from IPython.display import display, Markdown, Latex\n"
        "display(3, Markdown('*a*'))\ndisplay(Latex('$x$'))\n[1, 2]"
    ),
    "update": "h = display('first', display_id=True)\nprint('then')\nh.update('second')",
    "clear": "from IPython.display import clear_output\nprint(1)\nclear_output()\nprint(2)",
    "clear-wait": "print(1)\nclear_output(wait=True)\nprint(2)",
    "magic": "%time x = 2\nget_ipython().run_line_magic('precision', '3')\n0.123456",
    "cell-magic": "%%capture held\nprint('unseen')",
    "await": "import asyncio\nawait asyncio.sleep(0, 'awaited')",
    "history": "_ + '!'",
    "shell": "!echo from the shell",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "figure-with-magic": "%matplotlib inline\nplt.plot([2, 1]);",
    "figure-closed": "fig, ax = plt.subplots()\nplt.show()\n'after'",
}


def test_a_formula_that_was_drawn_before_is_not_parsed_again_and_looks_the_same():
    source = """
import io
import matplotlib.pyplot as plt
from matplotlib.mathtext import MathTextParser
parsed = MathTextParser._parse_cached

def picture():
    fig, ax = plt.subplots(layout="constrained")
    ax.loglog([1e-12, 1], [1e-9, 1e3])
    buffer = io.BytesIO()
    fig.savefig(buffer)
    plt.close(fig)
    return buffer.getvalue()

before = parsed.cache_info().misses
warm = picture()
print(parsed.cache_info().misses - before)
parsed.cache_clear()
print(picture() == warm, parsed.cache_info().misses > 5)
"""
    assert text(outputs([source])[0]) == "0\nTrue True\n"


def comparable(cell_outputs: list[dict]) -> list[dict]:
    """Outputs without what may differ: colours, times, pixels, sorts not kept, pieces of a stream.

    A kernel sends its streams on a clock, so that under load one print becomes two outputs.
    """
    kept: list[dict] = []
    for output in cell_outputs:
        output = json.loads(json.dumps(output))
        output.pop("metadata", None)
        if kept and "name" in output and kept[-1].get("name") == output["name"]:
            output["text"] = kept.pop()["text"] + output["text"]
        for name in "text", "evalue":
            if name in output:
                output[name] = output[name].replace("\r\n", "\n")
                output[name] = re.sub(r"[\d.e+]+ ?(ns|μs|us|ms|s)\b", "TIME", output[name])
                output[name] = re.sub(r"\([^()]*, line (\d+)\)$", r"(FILE, \1)", output[name])
        if "data" in output:
            output["data"].pop("text/html", None)
            if "image/png" in output["data"]:
                output["data"]["image/png"] = output["data"]["image/png"][:20]
        if "traceback" in output:
            lines = re.sub(r"\x1b\[[\d;]*m", "", "\n".join(output["traceback"]))
            output["traceback"] = re.sub(r"/tmp/ipykernel\S*|<ipython-\S*", "FILE", lines)
        kept.append(output)
    return kept


@pytest.mark.slow
def test_outputs_are_those_of_a_kernel():
    cells = list(SAME_AS_KERNEL.values())
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    ours = outputs(cells)
    for name, cell, mine in zip(SAME_AS_KERNEL, notebook.cells, ours):
        assert comparable(mine) == comparable(cell.outputs), name


def test_outputs_are_valid_in_a_notebook():
    cells = [
        "print(1)",
        "2",
        "1 / 0",
        "from IPython.display import Latex, display\ndisplay(Latex('x'))",
    ]
    found = outputs(cells)
    notebook = new_notebook(cells=[new_code_cell(c, outputs=o) for c, o in zip(cells, found)])
    nbformat.validate(json.loads(json.dumps(notebook)))


def test_streams_stay_in_order():
    code = "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c')\nprint('d', end='')"
    (found,) = outputs([code])
    assert [(output["name"], output["text"]) for output in found] == [
        ("stdout", "a\n"),
        ("stderr", "b\n"),
        ("stdout", "c\nd"),
    ]


def test_an_error_that_cannot_be_shown_is_an_error():
    bad = "class Bad(Exception):\n    __str__ = None\n"
    kind = "    def _render_traceback_(self):\n        return ['kind']\n"
    found = outputs([bad + "raise Bad()", bad + kind + "raise Bad()"])
    for first, *_ in found:
        assert first["ename"] == "Bad"
        assert first["evalue"] == "<the message of this exception cannot be shown>"


def test_html_and_scripts_do_not_leave():
    code = (
        "from IPython.display import *\n"
        "display(HTML('<script>1</script>'), Javascript('1'), SVG('<svg xmlns=\"x\"></svg>'))"
    )
    (found,) = outputs([code])
    assert {mime for output in found for mime in output["data"]} == {"text/plain"}


def test_endless_cells_are_stopped_and_the_next_ones_run():
    cells = [
        "def spin():\n    n = 0\n    while True:\n        n += 1",
        "spin()",
        "while True:\n    try:\n        spin()\n    except Exception:\n        pass",
        "import time\ntime.sleep(99)",
        "import threading\nthreading.Event().wait()",
        "try:\n    time.sleep(99)\nexcept BaseException:\n    spin()",
        "'alive'",
    ]
    found = outputs(cells, cell_seconds=0.4)
    for stopped in found[1:6]:
        (error,) = stopped
        assert error["output_type"] == "error" and error["ename"] == "TimeLimit"
        assert error["traceback"] == [f"TimeLimit: {error['evalue']}"]
    assert found[1][0]["evalue"] in (
        "the cell was stopped after 0.4 s, in line 3: while True:",
        "the cell was stopped after 0.4 s, in line 4: n += 1",
    )
    assert found[6][0]["data"] == {"text/plain": "'alive'"}


def test_a_cell_that_breaks_ipython_still_counts_as_failed():
    cells = [
        "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)\n1 / 0",
        "get_ipython().showtraceback = lambda *a, **k: None\n2 / 0",
        "get_ipython().run_cell = None",
        "3 / 0",
    ]
    found = outputs(["raise ExceptionGroup('two', [ValueError(), TypeError()])", *cells])
    for index in 0, 1, 2, 4:
        assert found[index][-1]["output_type"] == "error"


def test_exit_does_not_end_the_notebook():
    found = outputs(["exit()", "quit()", "raise SystemExit(2)", "'alive'"])
    assert found[0] == found[1] == []
    assert found[2][0]["ename"] == "SystemExit"
    assert found[3][0]["data"] == {"text/plain": "'alive'"}


def test_input_fails_instead_of_waiting():
    (found,) = outputs(["input('name? ')"])
    assert found[-1]["ename"] == "EOFError"


def test_output_past_the_limit_is_shortened_and_says_so():
    flood, figure, fine = outputs(
        [
            "for i in range(10**5): print('line', i)",
            "from IPython.display import display\ndisplay({'image/png': 'A' * 5000}, raw=True)",
            "print('x')",
        ],
        output_limit=1000,
    )
    assert text(flood).startswith("line 0\nline 1\n") and "[output shortened]" in text(flood)
    assert len(text(flood)) < 1100
    assert text(figure) == "\n[output shortened]\n"
    assert text(fine) == "x\n"


def test_an_error_survives_a_flood():
    (found,) = outputs(["print('x' * 10**6)\nraise ValueError('y' * 10**6)"], output_limit=1000)
    (error,) = (output for output in found if output["output_type"] == "error")
    assert error["ename"] == "ValueError" and len(json.dumps(error)) < 100_000


def test_output_past_python_is_caught():
    code = "import os, subprocess\nos.write(1, b'one ')\nsubprocess.run(['echo', 'two']);"
    assert text(outputs([code, "1;"])[0]) == "one two\n"


def test_output_past_python_belongs_to_its_cell():
    first, second = outputs(["import os\nos.write(2, b'one');", "os.write(1, b'two');"])
    assert (text(first), text(second)) == ("one", "two")


def test_files_lie_beside_the_notebook():
    files = {"data.csv": b"1,2\n", "sub/tool.py": b"x = 3\n", "data.csv/never": b"x"}
    found = outputs(
        ["open('data.csv').read()", "from sub.tool import x\nx", "open('new', 'w').write('1')"],
        files=files,
    )
    assert found[0][0]["data"]["text/plain"] == "'1,2\\n'"
    assert found[1][0]["data"]["text/plain"] == "3"
    assert found[2][0]["output_type"] == "execute_result"


# -------------------------------------------------------------------------------- the session


def test_nothing_is_there_before_the_first_cell():
    (found,) = outputs(["sorted(name for name in globals() if name[0] != '_')"])
    names = "['In', 'Out', 'exit', 'get_ipython', 'open', 'quit']"
    assert found[0]["data"]["text/plain"] == names and found[0]["execution_count"] == 1


def test_no_figure_of_the_warming_up_is_left():
    assert outputs(["import matplotlib.pyplot as plt\nplt.get_fignums()"])[0][0]["data"] == {
        "text/plain": "[]"
    }


def test_nbgrader_is_named_and_the_seed_is_not():
    look = "import os\nos.environ.get('NBGRADER_EXECUTION'), 'BPKIT_SEED' in os.environ"
    assert outputs([look])[0][0]["data"]["text/plain"] == "('autograde', False)"


def test_a_flood_of_small_outputs_is_an_error_and_not_the_end(session):
    flood = (
        "from bpkit.grading.recorder import recorder\n"
        "recorder.outputs += [{'output_type': 'stream', 'text': ['a']}] * 1_000_000"
    )
    assert session.run(flood)[0]["ename"] == "TooMuch"
    assert session.run("1")[0]["data"] == {"text/plain": "1"}


def test_threads_and_exit_handlers_do_not_hold_up_the_end(session):
    session.run(
        "import atexit, threading, time\natexit.register(time.sleep, 60)\n"
        "threading.Thread(target=time.sleep, args=(60,)).start()"
    )
    session.channel.close()
    assert session.student.ended(5) == 0


# ------------------------------------------------------------------------------- its snapshots


def get(channel: Channel, name: str):
    channel.send({"op": "get", "name": name, "seconds": 5})
    return channel.receive(until=time.monotonic() + 10)


def test_a_snapshot_keeps_the_state_of_its_moment(session):
    session.run("x = [1]")
    first = session.snapshot()
    session.run("x.append(2)")
    second = session.snapshot()
    assert get(second, "x") == {"value": [1, 2]}
    assert get(first, "x") == {"value": [1]}


def test_a_snapshot_tells_which_names_are_new(session):
    def names(channel):
        channel.send({"op": "names", "seconds": 5})
        return channel.receive(until=time.monotonic() + 10)

    session.run("x, y = [1], [2]")
    session.snapshot()
    session.run("y = [2]\nz = 3")
    told = names(session.snapshot())
    assert {"x", "y", "z"} <= set(told["names"])
    assert {"y", "z"} <= set(told["fresh"]) and "x" not in told["fresh"]


def test_how_a_snapshot_ended_is_known(session):
    session.run("class Bad:\n    @property\n    def out(self):\n        os._exit(7)\nimport os")
    session.run("bad = Bad()\nclass Worse:\n    def __getattr__(self, n): os.kill(os.getpid(), 11)")
    session.run("worse = Worse()")
    alive, exits, crashes = session.snapshot(), session.snapshot(), session.snapshot()
    for channel, name in (exits, "bad"), (crashes, "worse"):
        channel.send({"op": "get", "name": name, "seconds": 5})
        handle = channel.receive(lambda node: node["id"], until=time.monotonic() + 10)["value"]
        channel.send({"op": "attribute", "handle": handle, "name": "out", "seconds": 5})
    assert session.ask(op="ended", snapshot=1) == {"status": 7}
    assert session.ask(op="ended", snapshot=2) == {"status": 128 + 11}
    assert session.ask(op="ended", snapshot=0) == {"status": None}
    assert get(alive, "__name__") == {"value": "__main__"}


def test_a_snapshot_ends_with_its_socket(session):
    session.snapshot().close()
    assert session.ask(op="ended", snapshot=0) == {"status": 0}
