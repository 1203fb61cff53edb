"""Executes a notebook in the jail: bytes of a notebook in, bytes of the notebook with outputs out.

The result depends on nothing but the arguments, and nothing is changed elsewhere: no database, no
file, no course. What a submission cannot do is decided by the jail; what its outputs may be is
decided here, since everything that comes out of the jail was written by whoever wrote the cells.
"""

import base64
import binascii
import json
import re
import signal
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bpkit.grading.jail import JailUnavailable, Limits, Outcome, run

WORKER = Path(__file__).with_name("worker.py")
RESTARTS = 3
"""How many cells of one notebook may break their process before the rest is not run."""
GRACE = 1.5
"""Seconds beyond the time limit of a cell in which it can still be stopped from inside."""
OUTPUT_LIMIT = 1_000_000
"""Characters that the outputs of one cell may have."""
IMAGES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
"""How files of these kinds begin."""
TEXTS = ("text/plain", "text/latex", "text/markdown")

Output = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """How notebooks are executed."""

    cell_seconds: float = 10
    total_seconds: float = 60
    memory: int = 1 << 30
    """Bytes."""
    seed: str | None = None
    """What the checks draw their instances from, as BPKIT_SEED; None lets them choose."""
    unsafe_no_jail: bool = False
    """Run student code with the grader's own rights: it can then read and change anything."""


@dataclass
class _Record:
    """What is known so far of the cells of one notebook."""

    outputs: dict[int, list[Output]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)


def execute_notebook(
    notebook: bytes, settings: Settings, files: Mapping[str, bytes] | None = None
) -> bytes:
    """Run the code cells of a notebook from the first to the last, and keep their outputs.

    A cell that runs for too long, or breaks its process, gets an error as its output and the cells
    after it run all the same. What was out of the ordinary is told in the notebook's metadata, as
    ``{"bpkit": {"seconds": 0.4, "events": ["cell test-sigmoid: ..."]}}``.

    Parameters
    ----------
    notebook : JSON of nbformat 4.
    files : what lies beside the notebook when it runs, by its relative path.

    Raises
    ------
    JailUnavailable : if this machine has no jail; nothing of the notebook has run then.
    """
    document = json.loads(notebook)
    cells = document["cells"]
    sources = {
        index: _joined(cell["source"])
        for index, cell in enumerate(cells)
        if cell["cell_type"] == "code"
    }
    to_run = {index: source for index, source in sources.items() if source.strip()}
    names = {index: _name(cells[index], index) for index in sources}
    start = time.monotonic()
    tests = {index for index in sources if _is_test(cells[index])}
    record = _run_cells(to_run, tests, names, settings, files or {})
    count = 0
    for index in sources:
        cell = cells[index]
        outputs = record.outputs.get(index, [])
        if index in tests:
            # nbgrader takes anything on stderr for a failed test, a warning too
            outputs = [output for output in outputs if output.get("name") != "stderr"]
        count += index in to_run
        for output in outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
        cell["outputs"] = outputs
        cell["execution_count"] = count if index in to_run else None
    document.setdefault("metadata", {})["bpkit"] = {
        "seconds": round(time.monotonic() - start, 3),
        "events": record.events,
    }
    return json.dumps(document).encode()


def _run_cells(
    cells: dict[int, str],
    tests: set[int],
    names: dict[int, str],
    settings: Settings,
    files: Mapping[str, bytes],
) -> _Record:
    """Run the cells in one process; when a cell breaks it, in another one without that cell.

    The new process runs the earlier cells again, for what they define; the tests among them define
    nothing, and are not run twice.
    """
    record = _Record()
    waiting = dict(cells)
    end = time.monotonic() + settings.total_seconds
    if settings.unsafe_no_jail:
        record.events.append("student code ran without a jail")
    for _ in range(1 + RESTARTS):
        left = end - time.monotonic()
        if not waiting.keys() - record.outputs.keys() or left <= 0:
            break
        outcome = _run_worker(waiting, settings, files, left)
        running = None
        for message in _messages(outcome.output):
            running = _note(message, waiting, names, record, running)
        missing = waiting.keys() - record.outputs.keys()
        if running is None:
            if not missing:
                break
            if not record.outputs:
                raise JailUnavailable(
                    f"Python did not start in the jail ({_reason(outcome, settings)}): "
                    "run `bpkit doctor` to see what is missing"
                )
            running = min(missing)
        del waiting[running]
        reason = f"the cell was stopped: {_reason(outcome, settings)}"
        record.outputs.setdefault(running, [_error("Stopped", reason)])
        record.events.append(f"cell {names[running]}: {_reason(outcome, settings)}")
        waiting = {
            index: source
            for index, source in waiting.items()
            if index not in tests or index not in record.outputs
        }
    not_run = sorted(waiting.keys() - record.outputs.keys())
    for index in not_run:
        reason = "the cell was not run: cells before it used up the time or broke too often"
        record.outputs[index] = [_error("NotRun", reason)]
    if not_run:
        record.events.append(f"not run: {', '.join(names[index] for index in not_run)}")
    return record


def _run_worker(
    cells: dict[int, str], settings: Settings, files: Mapping[str, bytes], seconds: float
) -> Outcome:
    job = {
        "cells": list(cells.items()),
        "cell_seconds": settings.cell_seconds,
        "output_limit": OUTPUT_LIMIT,
        "files": {name: base64.b64encode(content).decode() for name, content in files.items()},
    }
    env = {"NBGRADER_EXECUTION": "autograde"}
    if settings.seed is not None:
        env["BPKIT_SEED"] = settings.seed
    return run(
        [sys.executable, "-I", str(WORKER)],
        json.dumps(job).encode(),
        Limits(wall=seconds, cpu=int(settings.total_seconds) + 1, memory=settings.memory),
        env=env,
        silence=settings.cell_seconds + GRACE,
        jailed=not settings.unsafe_no_jail,
    )


def _reason(outcome: Outcome, settings: Settings) -> str:
    """Why a worker ended before its cells did, in words for the student and the grader."""
    if outcome.stopped is not None:
        return {
            "time": f"the notebook took more than {settings.total_seconds:g} s",
            "silence": f"it ran for more than {settings.cell_seconds:g} s and did not stop",
            "memory": f"it used more than {settings.memory >> 20} MB of memory",
            "files": "it made more files than a submission may",
            "output": "it sent more output than a submission may",
        }[outcome.stopped]
    if outcome.status > 128:
        with_signal = outcome.status - 128
        return f"it crashed Python (signal {with_signal}, {signal.strsignal(with_signal)})"
    return f"it ended Python itself (exit status {outcome.status})"


def _messages(output: bytes) -> Iterator[Any]:
    """The JSON of each whole frame, up to the first that is not what a worker sends."""
    start = 0
    while start + 4 <= len(output):
        (length,) = struct.unpack_from(">I", output, start)
        body = output[start + 4 : start + 4 + length]
        if len(body) < length:
            return
        try:
            yield json.loads(body)
        except (ValueError, RecursionError):
            return
        start += 4 + length


def _note(
    message: Any,
    waiting: dict[int, str],
    names: dict[int, str],
    record: _Record,
    running: int | None,
) -> int | None:
    """Put one message of the worker on record; return the cell that is running now, if any.

    A message counts only where it belongs: a cell starts when none runs, and ends after its start.
    """
    if not isinstance(message, dict):
        return running
    starting, ending = message.get("start"), message.get("cell")
    if running is None and type(starting) is int and starting in waiting:
        return starting
    if running is None or type(ending) is not int or ending != running:
        return running
    if running not in record.outputs:
        outputs = _checked(message.get("outputs"))
        record.outputs[running] = outputs
        if any(output.get("ename") == "TimeLimit" for output in outputs):
            record.events.append(f"cell {names[running]}: it was stopped at its time limit")
    return None


def _checked(outputs: Any) -> list[Output]:
    """The outputs of one cell, made only of what a notebook may show; an error if that fails."""
    if not isinstance(outputs, list):
        return [_error("Garbled", "what the cell put out cannot be read")]
    left = 2 * OUTPUT_LIMIT
    kept: list[Output] = []
    for output in outputs:
        try:
            checked = _checked_output(output)
        except (KeyError, TypeError, AttributeError):
            checked = _error("Garbled", "what the cell put out cannot be read")
        left -= len(json.dumps(checked))
        # an error is what makes a test fail: it is never left out
        if left >= 0 or checked["output_type"] == "error":
            kept.append(checked)
    return kept


def _checked_output(output: dict) -> Output:
    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output["name"] == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _clean(output["text"])}
    if kind == "error":
        lines = output["traceback"][:100]
        return _error(
            _clean(output["ename"])[:200],
            _clean(output["evalue"])[:20_000],
            [_clean(line)[:20_000] for line in lines],
        )
    if kind not in ("display_data", "execute_result"):
        raise KeyError(kind)
    data = {mime: _clean(output["data"][mime]) for mime in TEXTS if mime in output["data"]}
    for mime in "text/latex", "text/markdown":
        if mime in data:
            data[mime] = _without_links(data[mime])
    if "text/markdown" in data:
        data["text/markdown"] = _without_html(data["text/markdown"])
    for mime, beginning in IMAGES.items():
        if mime in output["data"] and _is_image(output["data"][mime], beginning):
            data[mime] = output["data"][mime]
    checked = {"output_type": kind, "data": data, "metadata": {}}
    if kind == "execute_result":
        checked["execution_count"] = None
    return checked


def _error(name: str, value: str, traceback: list[str] | None = None) -> Output:
    return {
        "output_type": "error",
        "ename": name,
        "evalue": value,
        "traceback": [f"{name}: {value}"] if traceback is None else traceback,
    }


def _clean(text: str) -> str:
    """The text, with halves of surrogate pairs replaced, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_html(markdown: str) -> str:
    """Markdown in which no HTML, link, image or reference is left: a space breaks each of them."""
    markdown = re.sub(r"<(?=\S)", "< ", markdown)
    return re.sub(r"\](?=[(\[:])", "] ", markdown)


def _without_links(tex: str) -> str:
    """Text without the TeX commands by which MathJax makes links, styles and more commands."""
    return re.sub(r"\\(href|require|style|class|cssId|data|mmlToken)\b", r"\1", tex)


def _is_image(data: Any, beginning: bytes) -> bool:
    try:
        return base64.b64decode(data.replace("\n", ""), validate=True).startswith(beginning)
    except (AttributeError, TypeError, ValueError, binascii.Error):
        return False


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _is_test(cell: dict) -> bool:
    """Whether nbgrader takes the cell's outputs for a grade."""
    marks = cell["metadata"].get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")


def _name(cell: dict, index: int) -> str:
    """What to call a cell in a message: its grade_id, or its place in the notebook."""
    grade_id = str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))
    return re.sub(r"[^\w.-]", "_", grade_id)[:60] or f"number {index + 1}"
