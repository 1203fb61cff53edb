"""Notebook bytes in, notebook bytes out: good cells, bad cells and forged answers."""

import base64
import json
import re

import pytest
from nbconvert.filters import markdown2html

from bpkit.grading import execution, jail, outputs, staff
from bpkit.grading.execution import Settings, execute_notebook
from bpkit.grading.jail import JailUnavailable
from bpkit.grading.outputs import checked
from tests.grading.courses import nbgrader

QUICK = Settings(cell_seconds=0.5, total_seconds=20)
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n123").decode()


def code(source: str | list[str], **metadata) -> dict:
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": ["old"]}


def test_cell(source: str, name: str = "test-it") -> dict:
    return code(source, **nbgrader(name, grade=True, locked=True, points=1))


test_cell.__test__ = False  # type: ignore[attr-defined]


def execute(*cells: dict | str, settings: Settings = QUICK, files=None) -> dict:
    cells = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.loads(execute_notebook(json.dumps(notebook).encode(), settings, files))


def errors(notebook: dict) -> list[str | None]:
    """For each cell the name of its error."""
    return [
        next((o["ename"] for o in cell.get("outputs", []) if "ename" in o), None)
        for cell in notebook["cells"]
    ]


# with the jail


@pytest.mark.jail
def test_good_cells_are_numbered_and_old_outputs_gone():
    markdown = {"cell_type": "markdown", "source": "text", "metadata": {}}
    notebook = execute("x = 3", markdown, "  \n", code(["x\\\n", "+ 1"]), settings=Settings())
    first, text, blank, last = notebook["cells"]
    assert first["outputs"] == [] and first["execution_count"] == 1
    assert text == markdown
    assert blank["outputs"] == [] and blank["execution_count"] is None
    assert last["execution_count"] == last["outputs"][0]["execution_count"] == 2
    assert last["outputs"][0]["data"] == {"text/plain": "4"}
    assert notebook["metadata"]["bpkit"]["events"] == []
    assert 0 < notebook["metadata"]["bpkit"]["seconds"] < 10


@pytest.mark.jail
def test_a_tag_does_not_keep_a_test_from_running():
    skipped = test_cell("assert False")
    skipped["metadata"]["tags"] = ["skip-execution", "raises-exception"]
    assert errors(execute(skipped)) == ["AssertionError"]


@pytest.mark.jail
def test_stderr_of_tests_is_left_out_because_nbgrader_counts_it_as_failure():
    warn = "import warnings, sys\nprint('o')\nwarnings.warn('careful')\nprint('e', file=sys.stderr)"
    plain, test = execute(warn, test_cell(warn))["cells"]
    assert {output["name"] for output in plain["outputs"]} == {"stdout", "stderr"}
    assert [output["text"] for output in test["outputs"]] == ["o\n"]


@pytest.mark.jail
def test_cells_that_break_python_cost_only_themselves():
    notebook = execute(
        "x = 1",
        code("import os\nos._exit(3)", **nbgrader("exit", solution=True)),
        "x += 1",
        code("import ctypes\nctypes.string_at(0)", **nbgrader("crash", solution=True)),
        code("while True: pass", **nbgrader("loop", solution=True)),
        code(
            "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
            "while True: pass",
            **nbgrader("deaf", solution=True),
        ),
        test_cell("assert x == 2"),
    )
    assert errors(notebook) == [None, "Stopped", None, "Stopped", "TimeLimit", "Stopped", None]
    assert notebook["metadata"]["bpkit"]["events"] == [
        "cell exit: it ended Python itself (exit status 3)",
        "cell crash: it crashed Python (signal 11, Segmentation fault)",
        "cell loop: it was stopped at its time limit",
        "cell deaf: it ran for more than 0.5 s and did not stop",
    ]


@pytest.mark.jail
def test_after_three_restarts_the_cells_are_not_run_but_the_tests_are():
    exits = ["import os\nos._exit(1)"] * 4
    notebook = execute(
        "x = 1", test_cell("assert x", "test-a"), *exits, "y = 1", test_cell("assert x", "test-b")
    )
    assert errors(notebook) == [None, None, *["Stopped"] * 4, "NotRun", None]
    assert notebook["metadata"]["bpkit"]["events"][-1] == (
        "not run: number 7 (cells before it used up the time or broke too often)"
    )


@pytest.mark.jail
def test_total_time_is_bounded_and_the_tests_have_time_of_their_own():
    settings = Settings(cell_seconds=1, total_seconds=1.6)
    loops = ["while True: pass"] * 4
    tests = [test_cell("f()", "test-0"), test_cell("g()", "test-1"), test_cell("1", "test-2")]
    functions = "def f():\n    while True: pass\ndef g():\n    while True: pass"
    notebook = execute(functions, test_cell("f", "test-f"), *loops, *tests, settings=settings)
    assert errors(notebook)[:6] == [None, None, "TimeLimit", "TimeLimit", "NotRun", "NotRun"]
    first, second, third = errors(notebook)[6:]
    assert (first, third) == ("TimeLimit", "NotRun")
    assert second in ("NotRun", "Stopped"), "time ran out before it or in it"
    assert notebook["metadata"]["bpkit"]["seconds"] < 6
    assert "the tests took more than 1.6 s" in notebook["cells"][-1]["outputs"][0]["evalue"]


@pytest.mark.jail
def test_the_tests_see_nothing_of_each_other_and_the_cells_nothing_of_the_tests():
    look = "open('/tmp/left', 'a').write('x')\nlen(open('/tmp/left').read())"
    notebook = execute("x = 1", test_cell("x = 2\nassert x == 2"), "x", look)
    assert notebook["cells"][2]["outputs"][0]["data"]["text/plain"] == "1"


@pytest.mark.jail
def test_memory_that_a_stopped_cell_left_others_to_fill_is_not_the_next_cells_fault():
    hungry = """
import os, time
for i in range(6):
    if os.fork() == 0:
        time.sleep(1.5)
        x = b'x' * (100 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""
    settings = Settings(cell_seconds=1, memory=400 << 20)
    notebook = execute(
        hungry,
        *["import time\ntime.sleep(0.7)"] * 3,
        "y = 1",
        test_cell("assert y == 1"),
        settings=settings,
    )
    assert errors(notebook) == ["TimeLimit", None, None, None, None, None]
    assert notebook["metadata"]["bpkit"]["events"] == [
        "cell number 1: it was stopped at its time limit",
        "cell number 1: it used more than 400 MB of memory",
    ]


@pytest.mark.jail
def test_processes_that_leave_no_room_for_a_test_are_told():
    bomb = "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(60)"
    notebook = execute(code(bomb, **nbgrader("bomb", solution=True)), test_cell("1"))
    assert errors(notebook) == ["BlockingIOError", "Stopped"]
    (event,) = notebook["metadata"]["bpkit"]["events"]
    assert event.startswith("cell test-it: there is no room for one more process")


@pytest.mark.jail
def test_a_notebook_without_tests_needs_no_judge(monkeypatch):
    monkeypatch.setattr(execution.Bench, "judge", None)
    assert errors(execute("1", "1 / 0")) == [None, "ZeroDivisionError"]


@pytest.mark.jail
def test_an_assignment_says_what_it_hides():
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"bpkit": {"hides": ["network"]}}}
    cells = ["from bpkit.backprop import bp1", "from bpkit.network import Network"]
    notebook["cells"] = [code(cell) for cell in cells]
    done = json.loads(execute_notebook(json.dumps(notebook).encode(), QUICK))
    assert errors(done) == [None, "ImportError"]
    assert done["metadata"]["bpkit"]["hides"] == ["network"]


@pytest.mark.jail
def test_memory_of_all_processes_together_is_bounded():
    hungry = """
import os, time
for _ in range(6):
    if not os.fork():
        x = b'x' * (100 << 20)
        time.sleep(20)
time.sleep(20)
"""
    settings = Settings(cell_seconds=15, memory=400 << 20)
    notebook = execute("x = 1", hungry, "x", settings=settings)
    assert errors(notebook) == [None, "Stopped", None]
    assert "more than 400 MB of memory" in notebook["cells"][1]["outputs"][0]["evalue"]


@pytest.mark.jail
def test_files_reach_the_notebook_and_the_seed_only_the_tests():
    settings = Settings(seed="4711")
    read = "import os\nos.environ.get('BPKIT_SEED', '') + open('data/a.txt').read()"
    notebook = execute(read, test_cell(read), settings=settings, files={"data/a.txt": b"!"})
    seen = [cell["outputs"][0]["data"]["text/plain"] for cell in notebook["cells"]]
    assert seen == ["'!'", "'4711!'"]


@pytest.mark.jail
def test_without_a_seed_there_is_none(monkeypatch):
    monkeypatch.setenv("BPKIT_SEED", "of the grader")
    staff.dismiss()
    (cell,) = execute(test_cell("import os\n'BPKIT_SEED' in os.environ"))["cells"]
    assert cell["outputs"][0]["data"]["text/plain"] == "False"


@pytest.mark.jail
def test_without_a_jail_nothing_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JailUnavailable, match="bubblewrap"):
        execute(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert not (tmp_path / "ran").exists()


def test_no_jail_only_on_the_explicit_word(monkeypatch, tmp_path):
    monkeypatch.setattr(jail.shutil, "which", lambda name: None)
    mark = tmp_path / "ran"
    settings = Settings(cell_seconds=1, unsafe_no_jail=True)
    notebook = execute(
        f"open({str(mark)!r}, 'w').close()",
        "while True: pass",
        "import os\nos._exit(1)",
        "def f(x):\n    return x",
        test_cell("assert f(1) == 1"),
        settings=settings,
    )
    assert mark.exists()
    assert errors(notebook) == [None, "TimeLimit", "Stopped", None, None]
    assert notebook["metadata"]["bpkit"]["events"][0] == "student code ran without a jail"


@pytest.mark.jail
@pytest.mark.slow
def test_a_simple_submission_takes_well_under_a_second():
    seconds = min(
        execute("import numpy as np", "np.ones(3)")["metadata"]["bpkit"]["seconds"]
        for _ in range(3)
    )
    assert seconds < 0.5


# what comes out of the jail, forged


def shown(*outputs) -> list[dict]:
    """What is kept of the outputs that a session sent for a cell."""
    return checked(list(outputs))


@pytest.mark.parametrize(
    "output",
    [
        None,
        7,
        [],
        {},
        {"output_type": "stream"},
        {"output_type": "stream", "name": "stdout", "text": 7},
        {"output_type": "update", "data": {}},
        {"output_type": "display_data", "data": 7},
        {"output_type": "display_data", "data": {"text/plain": ["a"]}},
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": 7},
        {"output_type": "error", "ename": "E", "evalue": "e", "traceback": [None]},
    ],
    ids=str,
)
def test_outputs_that_are_none_fail_the_cell(output):
    assert shown(output)[0]["ename"] == "Garbled"


@pytest.mark.parametrize("sent", [None, 7, {}, "text"])
def test_outputs_that_are_no_list_fail_the_cell(sent):
    assert [output["ename"] for output in checked(sent)] == ["Garbled"]


def test_only_known_kinds_and_no_metadata_are_kept():
    data = {
        "text/plain": "p",
        "text/html": "<script>",
        "image/svg+xml": "<svg>",
        "application/javascript": "1",
        "image/png": PNG,
        "image/jpeg": PNG,
    }
    (output,) = shown(
        {
            "output_type": "display_data",
            "data": data,
            "metadata": {"filenames": {"a": "b"}},
            "x": 1,
        },
    )
    assert output == {
        "output_type": "display_data",
        "data": {"text/plain": "p", "image/png": PNG},
        "metadata": {},
    }


@pytest.mark.parametrize("image", ['" onerror="alert(1)', "bm90IGEgUE5H", "%%%", 7, None])
def test_what_is_no_image_is_dropped(image):
    sent = {"output_type": "display_data", "data": {"text/plain": "p", "image/png": image}}
    assert shown(sent)[0]["data"] == {"text/plain": "p"}


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<\u200bb>x</b>",
        "[x](javascript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x]\n\n[x]: javascript:alert(1)",
        "[x][y]\n\n[y]: javascript:alert(1)",
        "![x](http://example.org/seen.png)",
        "<javascript:alert(1)>",
        "**<b onclick=alert(1)>**",
        "`` <script> `` <script>",
        r"$\href{javascript:alert(1)}{x}$",
    ],
)
def test_markdown_has_no_html_links_or_images(markdown):
    sent = {"output_type": "display_data", "data": {"text/markdown": markdown}}
    kept = shown(sent)[0]["data"]["text/markdown"]
    html = markdown2html(kept)
    assert not re.search(r"<script|<img|<b|\\href|href=.(?!https?:)", html), html


def test_harmless_markdown_stays():
    text = "# Title\n\n*a* and `b`, $x < y$ and [1, 2]\n\n- item"
    assert outputs._without_html(text) == text


def test_latex_has_no_links():
    sent = {"output_type": "display_data", "data": {"text/latex": r"$\href{javascript:1}{x}$"}}
    assert "\\href" not in shown(sent)[0]["data"]["text/latex"]


def test_an_error_is_kept_however_much_surrounds_it():
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * 1_500_000}
    error = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["t"]}
    kept = shown(flood, flood, error)
    assert [output["output_type"] for output in kept] == ["stream", "error"]


def test_an_error_cannot_hide_behind_many_outputs():
    small = {"output_type": "stream", "name": "stdout", "text": "x"}
    error = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["t"]}
    assert shown(*[small] * 5000, error)[-1]["output_type"] == "error"


def test_half_characters_do_not_reach_the_file():
    sent = {"output_type": "stream", "name": "stdout", "text": "a\ud800b"}
    assert shown(sent)[0]["text"] == "a?b"


FORGERIES = [
    "{}",
    "{'outputs': 7}",
    "{'outputs': 'not JSON'}",
    "{'outputs': '[' * 100_000}",
    "{'outputs': '{}'}",
    "{'status': 0}",
]


@pytest.mark.jail
@pytest.mark.parametrize("message", FORGERIES)
def test_a_forged_answer_of_a_session_fails_its_cell(message):
    forge = "from bpkit.grading.session import Session\nimport gc\n"
    forge += "(session,) = (o for o in gc.get_objects() if isinstance(o, Session))\n"
    notebook = execute(forge + f"session.channel.send({message})")
    assert errors(notebook) == ["Garbled"]


@pytest.mark.jail
def test_bytes_that_are_no_message_break_only_their_cell():
    forge = "import gc\nfrom bpkit.grading.session import Session\n"
    forge += "(session,) = (o for o in gc.get_objects() if isinstance(o, Session))\n"
    forge += "session.channel.socket.send(b'\\xff' * 12)"
    notebook = execute("x = 1", forge, test_cell("assert x == 1"))
    assert errors(notebook) == [None, "Stopped", None]
    assert "cannot be read" in notebook["cells"][1]["outputs"][0]["evalue"]


@pytest.mark.jail
def test_names_of_cells_are_tame():
    cell = code("import os\nos._exit(1)", **nbgrader("<b>" + "x" * 100))
    (event,) = execute(cell)["metadata"]["bpkit"]["events"]
    assert event.startswith("cell _b_xxx") and len(event) < 130
