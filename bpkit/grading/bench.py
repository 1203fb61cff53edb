"""The bench: a process that has imported what judges need, and is forked for each submission.

It is started by the grader, knows nothing of submissions, and ends with the grader. A fork of it
is a judge, at the other end of a socket.
"""

import contextlib
import gc
import importlib
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator

from bpkit.grading.jail import JailUnavailable, clean_environment
from bpkit.grading.warm import stay_as_it_is
from bpkit.grading.wire import Channel

PID = struct.Struct(">I")
STARTING = "import sys; sys.path[:] = {path!r}; from bpkit.grading.bench import serve; serve({fd})"


class Bench:
    """Judges, one for each submission."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.home = tempfile.TemporaryDirectory(prefix="bpkit-bench-")
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # "" would be wherever a judge works, where a student's files lie
        path = [os.path.abspath(entry) for entry in sys.path]
        program = STARTING.format(path=path, fd=theirs.fileno())
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            env=clean_environment(self.home.name),
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self.process.poll() is None

    @contextlib.contextmanager
    def judge(self) -> Iterator[Channel]:
        """A judge, as the socket that leads to it; it is killed at the end.

        Raises
        ------
        JailUnavailable : if the process from which judges are forked does not run.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                pid = self._ask(b"fork", [theirs.fileno()])
            # the number stays that of the judge until the bench is told to end it
            try:
                yield Channel(ours)
            finally:
                if self.is_alive:
                    self._ask(pid, [])

    def _ask(self, message: bytes, fds: list[int]) -> bytes:
        answer = b""
        with self.lock, contextlib.suppress(OSError):
            socket.send_fds(self.control, [message], fds)
            answer = self.control.recv(PID.size)
        if not answer:
            raise JailUnavailable("judges do not start here: run `bpkit doctor` to see why")
        return answer

    def close(self) -> None:
        """End it, and every judge that is still there."""
        self.control.close()
        self.process.wait()
        self.home.cleanup()


def serve(fd: int) -> None:
    """Fork for each request, until the grader is gone: what the program of the process calls."""
    gc.disable()  # nothing that is imported is garbage
    control = socket.socket(fileno=fd)
    judge = importlib.import_module("bpkit.grading.judge")
    gc.freeze()
    judge.prepare()
    stay_as_it_is()
    judges: set[int] = set()
    while True:
        message, fds, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            break
        if fds:
            (door,) = fds
            if (pid := os.fork()) == 0:
                control.close()
                judge.main(door)
            os.close(door)
            judges.add(pid)
            control.send(PID.pack(pid))
        else:
            (pid,) = PID.unpack(message)
            _end(pid)
            judges.discard(pid)
            control.send(message)
    for pid in judges:
        _end(pid)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
