"""Runs cells as a notebook does, and records what each of them puts out.

Cells run in IPython's own shell, so magics, rich display, figures and tracebacks are those of a
notebook. Outputs are as in nbformat 4, of the kinds that a grader may look at, up to a limit.
This file runs on both sides and imports nothing of bpkit.
"""

import base64
import io
import linecache
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

KEPT = ("text/plain", "text/latex", "text/markdown", "image/png", "image/jpeg")
"""The kinds of output that are shown to a grader; HTML, JavaScript and SVG could run code there."""
OWN = "bpkit.grading."
MAGIC = re.compile(r"[%!?]|^\s*[,;/]", re.MULTILINE)
"""What every magic has; other code may have it too."""
AWAITS = re.compile(r"\b(?:await|async)\b")
SHORTENED = "\n[output shortened]\n"
AGAIN = 1.0
"""Seconds after which a cell that swallowed the time limit gets it again."""

Output = dict[str, Any]


WARMING = ("import numpy as np", "1 / 0", "def f(:", "[1.5]")
"""Cells that use what is slow when it is used for the first time."""
DRAWING = (
    "import matplotlib.pyplot as plt\nimport numpy as np",
    "fig, ax = plt.subplots()\n"
    "ax.loglog([1, 2], 'o-', label='$a$')\n"
    "ax.set(xlabel='x', ylabel='y', title='t', xticks=10.0 ** np.arange(-16, 7))\n"
    "ax.legend()\n"
    "fig.canvas.draw()\n"
    "plt.close()",
)
"""The same for figures, of which students draw many and tests none."""


class Ended(BaseException):
    """Ends a cell from outside; not an Exception, which cells often swallow."""

    def _render_traceback_(self):
        return [f"{type(self).__name__}: {self}"]


class TimeLimit(Ended):
    """Raised in a cell that has run for too long."""

    def __init__(self, seconds: float, where: str):
        super().__init__(f"the cell was stopped after {seconds:g} s{where}")
        self.where = where


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


class Transformer(TransformerManager):
    """Finds magics in cells, and does not look for them where there are none: most of the time that
    it takes to run a short cell is spent on looking."""

    def do_token_transforms(self, lines):
        return super().do_token_transforms(lines) if MAGIC.search("".join(lines)) else lines


class Shell(InteractiveShell):
    """IPython's shell with its outputs going to the recorder, as a kernel's go to the front end."""

    def should_run_async(self, raw_cell, *, transformed_cell=None, **kwargs):
        """Whether a cell awaits something; IPython compiles it to see that."""
        return bool(AWAITS.search(transformed_cell or raw_cell)) and super().should_run_async(
            raw_cell, transformed_cell=transformed_cell, **kwargs
        )

    def showtraceback(self, *args, **kwargs):
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().showtraceback(*args, **kwargs)

    def _get_exc_info(self, exc_tuple=None):
        """The exception, with a traceback that ends where it comes to the grader's own files."""
        kind, value, entry = super()._get_exc_info(exc_tuple)
        first, last = entry, None
        while entry is not None:
            if not entry.tb_frame.f_globals.get("__name__", "").startswith(OWN):
                last = entry
            entry = entry.tb_next
        if last is not None:
            last.tb_next = None
        return kind, value, first

    def _showtraceback(self, etype, evalue, stb):
        recorder.error(etype.__name__, _describe(evalue), [str(line) for line in stb])

    def ask_exit(self):
        """``exit()`` in a cell does nothing: the cells after it count too."""

    def system(self, cmd):
        """``!command``: IPython would give it a terminal, of which a jail has none."""
        done = subprocess.run(
            self.var_expand(cmd, depth=1),
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        recorder.stream("stdout", done.stdout.decode(errors="replace"))
        self.user_ns["_exit_code"] = done.returncode

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


@cache
def warm_shell() -> Shell:
    """The shell of this process, with nothing in it; what is slow at first has been done once."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = Shell.instance(
        config=config, display_pub_class=Publisher, displayhook_class=Hook, colors="neutral"
    )
    shell.input_transformer_manager = Transformer()
    _rehearse(shell, WARMING)
    return shell


def warm_drawing() -> None:
    """Draw a figure in the shell of this process, which is then as empty as before."""
    shell = warm_shell()
    # the inline backend joins a shell by itself only if it is imported when there is one
    shell.run_line_magic("matplotlib", "inline")
    _rehearse(shell, DRAWING)


def _rehearse(shell: Shell, cells: Sequence[str]) -> None:
    for source in cells:
        run_cell(shell, source, 60, 1 << 20)
    shell.reset(new_session=True)
    linecache.clearcache()


class CellRecorder:
    """Takes over the standard streams of this process, and runs cells in its shell."""

    def __init__(self) -> None:
        self.shell = warm_shell()
        self.direct = DirectOutput()
        sys.stdout, sys.stderr = Stream("stdout", 1), Stream("stderr", 2)

    def run(self, source: str, seconds: float, limit: int) -> list[Output]:
        """The outputs of a cell, which may run for so long and put out so many characters."""
        run_cell(self.shell, source, seconds, limit)
        recorder.stream("stdout", self.direct.take(recorder.left + 1))
        return recorder.finished()

    def stop(self) -> None:
        """Drop everything that is put out from now on."""
        recorder.begin(0)
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        for fd in 1, 2:
            os.dup2(nowhere, fd)
        os.close(nowhere)


def run_cell(shell: Shell, source: str, seconds: float, limit: int) -> None:
    """Run one cell; whatever happens in it ends up among the recorder's outputs."""
    recorder.begin(limit)
    try:
        with time_limit(seconds, shell.user_ns):
            result = shell.run_cell(source, store_history=True)
        failure = result.error_before_exec or result.error_in_exec
    except BaseException as error:  # a cell can break IPython itself, or time out inside it
        failure = error
    shown = any(output["output_type"] == "error" for output in recorder.outputs)
    if failure is not None and not shown:
        name, value = type(failure).__name__, _describe(failure)
        recorder.error(name, value, [f"{name}: {value}"])


@contextmanager
def time_limit(seconds: float, namespace: dict[str, Any]) -> Iterator[None]:
    """Raise `TimeLimit` in what runs for longer, and again as long as it goes on.

    Parameters
    ----------
    namespace : the names of the notebook, by which its own lines are known.
    """

    def out_of_time(signum, frame):
        raise TimeLimit(seconds, _where(frame, namespace))

    before = signal.signal(signal.SIGALRM, out_of_time)
    left = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *left)


def _where(frame, namespace: dict[str, Any]) -> str:
    """The innermost line of a cell that a frame is in, as in ", in line 3: while True:"."""
    while frame is not None:
        if frame.f_globals is namespace:
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
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
