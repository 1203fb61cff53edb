"""Runs a notebook's code cells inside the jail, and sends what each of them put out.

The job comes as JSON on standard input::

    {"cells": [[index, source], ...], "cell_seconds": 10, "output_limit": 1000000,
     "files": {"data.csv": base64, ...}}

and results leave as frames on descriptor 3, each a length (4 bytes, big-endian) and JSON of that
length: ``{"start": index}`` before a cell runs, ``{"cell": index, "outputs": [...]}`` after it, the
outputs as in nbformat 4. What was sent before a crash is safe with the reader.

Cells run in IPython's own shell, so magics, rich display, figures and tracebacks are those of a
notebook. This file runs by its path and imports nothing of bpkit.
"""

import base64
import contextlib
import io
import json
import linecache
import os
import signal
import struct
import sys
import tempfile
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

RESULTS = 3
KEPT = ("text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg")
"""The kinds of output that are shown to a grader; HTML, JavaScript and SVG could run code there."""
SHORTENED = "\n[output shortened]\n"
AGAIN = 1.0
"""Seconds after which a cell that swallowed the time limit gets it again."""

Output = dict[str, Any]


class TimeLimit(BaseException):
    """Raised in a cell that has run for too long; not an Exception, which cells often swallow."""

    def _render_traceback_(self):
        return [f"TimeLimit: {self}"]


class Recorder:
    """What the running cell has put out so far, up to a limit."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, limit: int) -> None:
        self.outputs: list[Output] = []
        self.ids: list[str | None] = []
        self.left = limit
        self.shortened = False
        self.clear_next = False

    def stream(self, name: str, text: str) -> None:
        text = self._fitting(text)
        if not text:
            return
        self._clear_if_asked()
        if self.outputs and self.outputs[-1].get("name") == name:
            self.outputs[-1]["text"].append(text)
        else:
            self._append({"output_type": "stream", "name": name, "text": [text]})

    def display(self, kind: str, data: dict, display_id: str | None = None, **fields: Any) -> None:
        bundle = {mime: _as_text(data[mime]) for mime in KEPT if mime in data}
        if not self._fits(sum(map(len, bundle.values()))):
            return
        output = {"output_type": kind, "data": bundle, "metadata": {}, **fields}
        self._clear_if_asked()
        self._append(output, display_id)

    def update(self, display_id: str, data: dict) -> None:
        """Change the displays of this cell that have this id, as ``update_display`` asks."""
        bundle = {mime: _as_text(data[mime]) for mime in KEPT if mime in data}
        if self._fits(sum(map(len, bundle.values()))):
            for output, known in zip(self.outputs, self.ids):
                if known == display_id:
                    output["data"] = bundle

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """An error is always kept, at a length that no notebook reaches by itself."""
        self._clear_if_asked()
        lines = [line[:20_000] for line in [*traceback[:50], *traceback[50:][-50:]]]
        self._append(
            {
                "output_type": "error",
                "ename": name[:200],
                "evalue": value[:20_000],
                "traceback": lines,
            }
        )

    def clear(self, wait: bool) -> None:
        if wait:
            self.clear_next = True
        else:
            self.outputs, self.ids = [], []

    def finished(self) -> list[Output]:
        """The outputs, with the text of a stream in one piece."""
        if self.shortened:
            self._append({"output_type": "stream", "name": "stdout", "text": [SHORTENED]})
        for output in self.outputs:
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"])
        return self.outputs

    def _append(self, output: Output, display_id: str | None = None) -> None:
        self.outputs.append(output)
        self.ids.append(display_id)

    def _clear_if_asked(self) -> None:
        if self.clear_next:
            self.outputs, self.ids, self.clear_next = [], [], False

    def _fits(self, size: int) -> bool:
        if size > self.left:
            self.shortened = True
            return False
        self.left -= size
        return True

    def _fitting(self, text: str) -> str:
        if len(text) > self.left:
            self.shortened = True
            text = text[: self.left]
        self.left -= len(text)
        return text


recorder = Recorder()


class Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of the cells."""

    encoding = "utf-8"

    def __init__(self, name: str, fd: int):
        self.name, self.fd = name, fd

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        recorder.stream(self.name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.fd


class Publisher(DisplayPublisher):
    """What ``display`` calls."""

    def publish(self, data, metadata=None, *, transient=None, update=False, **kwargs):
        display_id = (transient or {}).get("display_id")
        if update:
            recorder.update(display_id, data)
        else:
            recorder.display("display_data", data, display_id)

    def clear_output(self, wait=False):
        recorder.clear(wait)


class Hook(DisplayHook):
    """What shows the value of a cell's last expression."""

    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        recorder.display("execute_result", format_dict, execution_count=self.prompt_count)

    def finish_displayhook(self):
        self._is_active = False


class Shell(InteractiveShell):
    """IPython's shell with its outputs going to the recorder, as a kernel's go to the front end."""

    def showtraceback(self, *args, **kwargs):
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().showtraceback(*args, **kwargs)

    def _showtraceback(self, etype, evalue, stb):
        recorder.error(etype.__name__, _describe(evalue), [str(line) for line in stb])

    def ask_exit(self):
        """``exit()`` in a cell does nothing: the cells after it count too."""

    def enable_gui(self, gui=None):
        """Figures are drawn inline; there is no event loop of a window system to join."""


class DirectOutput:
    """What reaches descriptors 1 and 2 past Python: from subprocesses and libraries in C."""

    def __init__(self) -> None:
        self.fd, name = tempfile.mkstemp()
        os.unlink(name)
        os.dup2(self.fd, 1)
        os.dup2(self.fd, 2)

    def take(self, limit: int) -> str:
        """The text since the last call, at most limit bytes of it."""
        os.lseek(self.fd, 0, os.SEEK_SET)
        text = os.read(self.fd, limit)
        os.ftruncate(self.fd, 0)
        os.lseek(self.fd, 0, os.SEEK_SET)
        return text.decode(errors="replace")


def main() -> None:
    job = json.load(sys.stdin)
    os.set_inheritable(RESULTS, False)
    for name, content in job["files"].items():
        # a file that cannot be here is missing for its reader, and for nobody else
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
            with open(name, "wb") as file:
                file.write(base64.b64decode(content))
    direct = DirectOutput()
    config = Config()
    config.HistoryManager.enabled = False
    shell = Shell.instance(
        config=config, display_pub_class=Publisher, displayhook_class=Hook, colors="neutral"
    )
    sys.path.insert(0, os.getcwd())
    sys.stdout, sys.stderr = Stream("stdout", 1), Stream("stderr", 2)
    for index, source in job["cells"]:
        _send({"start": index})
        recorder.begin(job["output_limit"])
        _run(shell, source, job["cell_seconds"])
        recorder.stream("stdout", direct.take(recorder.left + 1))
        _send({"cell": index, "outputs": recorder.finished()})
    # no exit handlers, and no waiting for threads that the cells left behind
    os._exit(0)


def _run(shell: Shell, source: str, seconds: float) -> None:
    """Run one cell; whatever happens in it ends up among its outputs."""

    def out_of_time(signum, frame):
        raise TimeLimit(f"the cell was stopped after {seconds:g} s{_where(frame)}")

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        result = shell.run_cell(source, store_history=True)
        failure = result.error_before_exec or result.error_in_exec
    except BaseException as error:  # a cell can break IPython itself, or time out inside it
        failure = error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    shown = any(output["output_type"] == "error" for output in recorder.outputs)
    if failure is not None and not shown:
        name, value = type(failure).__name__, _describe(failure)
        recorder.error(name, value, [f"{name}: {value}"])


def _where(frame) -> str:
    """The innermost line of a cell that a frame is in, as in ", in line 3: while True:"."""
    while frame is not None:
        name = frame.f_code.co_filename
        if frame.f_globals.get("__name__") == "__main__" and name != __file__:
            line = linecache.getline(name, frame.f_lineno).strip()
            return f", in line {frame.f_lineno}: {line}"
        frame = frame.f_back
    return ""


def _describe(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "<the message of this exception cannot be shown>"


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, str) else str(value)


def _send(message: dict) -> None:
    body = json.dumps(message).encode()
    frame = memoryview(struct.pack(">I", len(body)) + body)
    while frame:
        frame = frame[os.write(RESULTS, frame) :]


if __name__ == "__main__":
    main()
