"""Notebook bytes in, notebook bytes out: good cells, bad cells and forged answers."""

import base64
import json
import re
import struct
from pathlib import Path

import pytest
from nbconvert.filters import markdown2html

from bpkit.grading import execution, jail
from bpkit.grading.execution import Settings, execute_notebook
from bpkit.grading.jail import JailUnavailable, Outcome
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
        test_cell("import os\nos._exit(3)", "test-exit"),
        "x += 1",
        test_cell("import ctypes\nctypes.string_at(0)", "test-crash"),
        test_cell("while True: pass", "test-loop"),
        test_cell(
            "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
            "while True: pass",
            "test-deaf",
        ),
        test_cell("assert x == 2", "test-x"),
    )
    assert errors(notebook) == [None, "Stopped", None, "Stopped", "TimeLimit", "Stopped", None]
    assert notebook["metadata"]["bpkit"]["events"] == [
        "cell test-exit: it ended Python itself (exit status 3)",
        "cell test-crash: it crashed Python (signal 11, Segmentation fault)",
        "cell test-loop: it was stopped at its time limit",
        "cell test-deaf: it ran for more than 0.5 s and did not stop",
    ]


@pytest.mark.jail
def test_after_three_restarts_the_rest_is_not_run():
    exits = [test_cell("import os\nos._exit(1)", f"test-{i}") for i in range(4)]
    notebook = execute("x = 1", *exits, test_cell("x", "test-last"))
    assert errors(notebook) == [None, *["Stopped"] * 4, "NotRun"]
    assert notebook["metadata"]["bpkit"]["events"][-1] == "not run: test-last"


@pytest.mark.jail
def test_total_time_is_bounded_and_the_rest_is_not_run():
    settings = Settings(cell_seconds=1, total_seconds=1.6)
    loops = [test_cell("while True: pass", f"test-{i}") for i in range(5)]
    notebook = execute("x = 1", *loops, settings=settings)
    assert errors(notebook) == [None, "TimeLimit", "Stopped", "NotRun", "NotRun", "NotRun"]
    assert notebook["metadata"]["bpkit"]["seconds"] < 5
    assert "the notebook took more than 1.6 s" in notebook["cells"][2]["outputs"][0]["evalue"]


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
def test_seed_and_files_reach_the_notebook():
    settings = Settings(seed="4711")
    read = "import os\nos.environ['BPKIT_SEED'] + open('data/a.txt').read()"
    notebook = execute(read, settings=settings, files={"data/a.txt": b"!"})
    assert notebook["cells"][0]["outputs"][0]["data"]["text/plain"] == "'4711!'"


@pytest.mark.jail
def test_without_a_seed_there_is_none(monkeypatch):
    monkeypatch.setenv("BPKIT_SEED", "of the grader")
    (cell,) = execute("import os\n'BPKIT_SEED' in os.environ")["cells"]
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
        test_cell("while True: pass", "test-loop"),
        test_cell("import os\nos._exit(1)", "test-exit"),
        "'alive'",
        settings=settings,
    )
    assert mark.exists()
    assert errors(notebook) == [None, "TimeLimit", "Stopped", None]
    assert notebook["metadata"]["bpkit"]["events"][0] == "student code ran without a jail"


@pytest.mark.jail
def test_a_python_that_does_not_start_is_nobodys_fault(monkeypatch):
    monkeypatch.setattr(execution, "WORKER", Path("/nowhere/worker.py"))
    with pytest.raises(JailUnavailable, match="did not start in the jail"):
        execute("1")


@pytest.mark.jail
@pytest.mark.slow
def test_a_simple_submission_takes_well_under_a_second():
    seconds = min(
        execute("import numpy as np", "np.ones(3)")["metadata"]["bpkit"]["seconds"]
        for _ in range(3)
    )
    assert seconds < 1


# what comes out of the jail, forged


def forged(monkeypatch, *answers, cells=("1", "2")) -> dict:
    """The notebook after a worker that sent these bytes or messages."""

    def frame(message):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return struct.pack(">I", len(body)) + body

    output = b"".join(map(frame, answers))
    outcome = Outcome(output=output, stderr="", status=0, stopped=None, seconds=0.1)
    monkeypatch.setattr(execution, "run", lambda *args, **options: outcome)
    return execute(*cells)


def shown(monkeypatch, *outputs) -> list[dict]:
    """What is kept of the outputs that a worker sent for its only cell."""
    done = {"cell": 0, "outputs": list(outputs)}
    return forged(monkeypatch, {"start": 0}, done, cells=["1"])["cells"][0]["outputs"]


@pytest.mark.parametrize(
    "message",
    [
        {"cell": 1, "outputs": []},
        {"cell": True, "outputs": []},
        {"cell": 1.0, "outputs": []},
        {"cell": [1], "outputs": []},
        {"start": 99},
        [1, 2],
        "text",
        b"not JSON",
        b"[" * 100_000,
    ],
    ids=str,
)
def test_a_cell_that_never_ran_has_no_good_outputs(monkeypatch, message):
    start, done = {"start": 0}, {"cell": 0, "outputs": []}
    notebook = forged(monkeypatch, start, done, message)
    assert errors(notebook) == [None, "Stopped"]


def test_a_second_answer_for_a_cell_is_not_heard(monkeypatch):
    stream = {"output_type": "stream", "name": "stdout", "text": "first"}
    notebook = forged(
        monkeypatch,
        {"start": 0},
        {"cell": 0, "outputs": [stream]},
        {"start": 0},
        {"cell": 0, "outputs": [{**stream, "text": "second"}]},
        {"start": 1},
        {"cell": 1, "outputs": []},
    )
    assert notebook["cells"][0]["outputs"][0]["text"] == "first"


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
def test_outputs_that_are_none_fail_the_cell(monkeypatch, output):
    assert shown(monkeypatch, output)[0]["ename"] == "Garbled"


def test_outputs_that_are_no_list_fail_the_cell(monkeypatch):
    notebook = forged(monkeypatch, {"start": 0}, {"cell": 0, "outputs": {}}, cells=["1"])
    assert errors(notebook) == ["Garbled"]


def test_only_known_kinds_and_no_metadata_are_kept(monkeypatch):
    data = {
        "text/plain": "p",
        "text/html": "<script>",
        "image/svg+xml": "<svg>",
        "application/javascript": "1",
        "image/png": PNG,
        "image/jpeg": PNG,
    }
    (output,) = shown(
        monkeypatch,
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
def test_what_is_no_image_is_dropped(monkeypatch, image):
    sent = {"output_type": "display_data", "data": {"text/plain": "p", "image/png": image}}
    assert shown(monkeypatch, sent)[0]["data"] == {"text/plain": "p"}


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
def test_markdown_has_no_html_links_or_images(monkeypatch, markdown):
    sent = {"output_type": "display_data", "data": {"text/markdown": markdown}}
    kept = shown(monkeypatch, sent)[0]["data"]["text/markdown"]
    html = markdown2html(kept)
    assert not re.search(r"<script|<img|<b|\\href|href=.(?!https?:)", html), html


def test_harmless_markdown_stays():
    text = "# Title\n\n*a* and `b`, $x < y$ and [1, 2]\n\n- item"
    assert execution._without_html(text) == text


def test_latex_has_no_links(monkeypatch):
    sent = {"output_type": "display_data", "data": {"text/latex": r"$\href{javascript:1}{x}$"}}
    assert "\\href" not in shown(monkeypatch, sent)[0]["data"]["text/latex"]


def test_an_error_is_kept_however_much_surrounds_it(monkeypatch):
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * 1_500_000}
    error = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["t"]}
    kept = shown(monkeypatch, flood, flood, error)
    assert [output["output_type"] for output in kept] == ["stream", "error"]


def test_an_error_cannot_hide_behind_many_outputs(monkeypatch):
    small = {"output_type": "stream", "name": "stdout", "text": "x"}
    error = {"output_type": "error", "ename": "E", "evalue": "e", "traceback": ["t"]}
    assert shown(monkeypatch, *[small] * 5000, error)[-1]["output_type"] == "error"


def test_half_characters_do_not_reach_the_file(monkeypatch):
    sent = {"output_type": "stream", "name": "stdout", "text": "a\ud800b"}
    assert shown(monkeypatch, sent)[0]["text"] == "a?b"


def test_names_of_cells_are_tame(monkeypatch):
    cell = code("1", **nbgrader("<b>" + "x" * 100))
    notebook = forged(monkeypatch, {"start": 0}, cells=[cell])
    (event,) = notebook["metadata"]["bpkit"]["events"]
    assert event.startswith("cell _b_xxx") and len(event) < 130
