"""What is started once and serves every submission: a template for each view, and the bench."""

import atexit
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bpkit.grading.bench import Bench
from bpkit.grading.jail import find_bubblewrap
from bpkit.grading.template import Template
from bpkit.grading.view import make_view

_lock = threading.Lock()
_templates: dict[tuple[int, frozenset[str], bool], Template] = {}
_benches: dict[int, Bench] = {}


@contextmanager
def on_duty(hides: frozenset[str], unsafe_no_jail: bool) -> Iterator[tuple[Template, Bench]]:
    """The template and the bench for an assignment, started if this process has none yet.

    Parameters
    ----------
    hides : the modules of bpkit that students may not see.

    Raises
    ------
    JailUnavailable : if this machine has no jail.
    """
    if not unsafe_no_jail:
        find_bubblewrap()
    # a fork of this process must not use what belongs to its parent
    process = os.getpid()
    key = process, hides, unsafe_no_jail
    with _lock:
        if process not in _benches or not _benches[process].is_alive:
            _benches[process] = Bench()
        if key not in _templates:
            with tempfile.TemporaryDirectory(prefix="bpkit-") as directory:
                view = Path(directory) / "bpkit"
                make_view(view, hides)
                _templates[key] = Template.start(view, unsafe_no_jail=unsafe_no_jail)
    yield _templates[key], _benches[process]


@atexit.register
def dismiss() -> None:
    """End everything that this process has started here; it is started again when needed."""
    process = os.getpid()
    with _lock:
        for key in [key for key in _templates if key[0] == process]:
            _templates.pop(key).close()
        if process in _benches:
            _benches.pop(process).close()
