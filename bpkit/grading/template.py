"""Jailed processes in a few milliseconds: forks of one that has imported everything already.

A jail that starts Python and imports NumPy, IPython and matplotlib takes a second. A `Template`
does it once: bubblewrap's jail around a process (zygote.py) that then waits, and forks when it is
asked to. Each fork, a `Student`, locks itself in before it runs anything: mount, pid, network, IPC,
host name and (but for root) user namespaces of its own, a /tmp and a /dev/shm of its own, nothing
in /proc, no capability, the seccomp filter and the limits of jail.py, and where root grades a user
id of its own. One Unix socket is all that leads out of it.

Who ends takes down what is below: a fork its children, the template its forks, the grader all.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from bpkit.grading.jail import (
    KILL_TAKES,
    PACKAGE,
    JailUnavailable,
    Limits,
    Stopped,
    becomes_readable,
    clean_environment,
    denied_calls,
    environment_paths,
    explain,
    first_process,
    isolation,
    jail_user,
    kill_and_wait,
    permission_advice,
    sealed,
    shown,
    small_disk,
    system_files,
)
from bpkit.grading.processes import MemoryCount, descendants
from bpkit.grading.zygote import NO_FILTER, Request

INSIDE = ("drawing.py", "limits.py", "recorder.py", "session.py", "warm.py", "wire.py", "zygote.py")
"""The files of bpkit.grading that run in the jail; none of them knows an answer."""
ROOT = "/opt/course"
"""Where the jail has the package bpkit, as students may see it."""
PROGRAM = (
    "import sys; sys.path.insert(0, sys.argv.pop()); from bpkit.grading.zygote import main; main()"
)
DEVICES = ("null", "zero", "full", "random", "urandom")
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_SYS_ADMIN")
"""What the zygote needs of root to lock its forks in, and takes from them."""
OWN_DISK = 16 << 20
FORKS = 500
"""After so many a template is made anew, when nobody uses it."""
START_TAKES, FORK_TAKES = 120, 30
"""Seconds after which a machine is too slow to be waited for."""


class Student:
    """A fork of a template, with all that it starts; made by `Template.spawn`.

    Attributes
    ----------
    socket : the door to it, a stream.
    pid : its process, as it is called here.
    """

    def __init__(
        self, door: socket.socket, pidfd: int, status: int, limits: Limits, home: str | None
    ):
        self.socket = door
        self.pid = _pid_of(pidfd)
        self._pidfd, self._status_fd = pidfd, status
        self._status: int | None = None
        self._memory = MemoryCount(self.pid, limits.memory)
        self._end = time.monotonic() + limits.wall
        self._home = home
        self._lock = threading.Lock()

    def watch(self) -> Stopped | None:
        """The limit that it is over now, if any; to be asked every `jail.WATCH_EVERY` seconds.

        How many files it has, the kernel limits: it finds its disk full.
        """
        if self.ended() is not None:
            return None
        if time.monotonic() > self._end:
            return "time"
        return "memory" if self._memory.is_over() else None

    def ended(self, seconds: float = 0) -> int | None:
        """Its exit status, 128 + n if signal n ended it; None if it lives on for these seconds."""
        if self._status is None and becomes_readable(self._status_fd, seconds):
            # nothing to read: the template was killed, and its forks with it
            self._status = int(os.read(self._status_fd, 16) or 128 + signal.SIGKILL)
        return self._status

    def kill(self) -> None:
        """End every process of it, and wait until they are gone; safe to call twice.

        What it sent before can still be read from the socket.
        """
        with self._lock:
            if self.is_gone:
                return
            if self._home is not None and self.ended() is None:
                _kill_all_below(self.pid)
            kill_and_wait(self._pidfd)
            if self.ended(KILL_TAKES) is None:
                self._status = 128 + signal.SIGKILL
            os.close(self._pidfd)
            os.close(self._status_fd)
            self._pidfd = self._status_fd = -1
            if self._home is not None:
                shutil.rmtree(self._home, ignore_errors=True)

    @property
    def is_gone(self) -> bool:
        """Whether `kill` has been called."""
        return self._pidfd == -1

    def close(self) -> None:
        """End it, and close the socket too."""
        self.kill()
        self.socket.close()

    def __enter__(self) -> "Student":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class Template:
    """A warm process to be forked from; use `start`, and `close` or ``with``.

    It may be used from several threads. When its process has died it starts another one.
    """

    def __init__(self, view: Path, entry: str, unsafe_no_jail: bool):
        self._entry, self._jailed = entry, not unsafe_no_jail
        self._lock = threading.Lock()
        self._students: list[Student] = []
        self._folder = Path(tempfile.mkdtemp(prefix="bpkit-"))
        try:
            _gather(view, self._folder)
            self._zygote = _Zygote(self._folder, entry, self._jailed)
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    @classmethod
    def start(
        cls,
        view: Path,
        entry: str = "bpkit.grading.session",
        *,
        unsafe_no_jail: bool = False,
    ) -> "Template":
        """Start the process and wait until it is warm.

        Parameters
        ----------
        view : the package bpkit as students may see it; a copy of it is made. bpkit itself cannot
            be seen from the jail, but for the files `INSIDE`.
        entry : a module; its ``prepare()`` is called once, for all forks, and its ``main(door)`` in
            each fork, with the descriptor of its socket.
        unsafe_no_jail : True gives its forks the grader's own rights; the limits on time, memory
            and file sizes hold, nothing else does.

        Raises
        ------
        JailUnavailable : if no jail can be made on this machine.
        """
        return cls(view, entry, unsafe_no_jail)

    def spawn(self, limits: Limits, files: Mapping[str, bytes] | None = None) -> Student:
        """A new fork, locked in and running.

        Parameters
        ----------
        files : what lies where it works, by relative path.

        Raises
        ------
        JailUnavailable : if a fork cannot be locked in on this machine.
        """
        with self._lock:
            self._students = [student for student in self._students if not student.is_gone]
            if self._zygote.forks >= FORKS and not self._students:
                self._start_again()
            try:
                student = self._zygote.fork(limits, files or {})
            except OSError:
                # it is gone, and so are its forks
                self._start_again()
                student = self._zygote.fork(limits, files or {})
            self._students.append(student)
            return student

    def _start_again(self) -> None:
        self._zygote.end()
        self._zygote = _Zygote(self._folder, self._entry, self._jailed)

    def close(self) -> None:
        """End every fork and the template itself; safe to call twice."""
        with self._lock:
            for student in self._students:
                student.kill()
            self._zygote.end()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> "Template":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Zygote:
    """The process itself, and the socket on which it takes requests.

    Parameters
    ----------
    folder : holds the package bpkit as students may see it, and takes a home for those who have no
        jail.

    Raises
    ------
    JailUnavailable : if there is no jail here, or Python does not start in it.
    """

    def __init__(self, folder: Path, entry: str, jailed: bool):
        self.jailed = jailed
        self.home = folder / "home"
        self.forks = 0
        filter_ = denied_calls() if jailed else NO_FILTER
        around = _bubblewrap(folder) if jailed else []
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(tempfile.TemporaryFile())
            grader = os.pidfd_open(os.getpid())
            stack.callback(os.close, grader)
            info, info_in = os.pipe()
            stack.callback(os.close, info)
            self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            failed = stack.enter_context(contextlib.ExitStack())
            failed.callback(self.control.close)
            if jailed:
                around += ["--info-fd", str(info_in), "--"]
            else:
                self.home.mkdir(exist_ok=True)
            with theirs, open(info_in, "wb"):
                command = [sys.executable, "-I", "-c", PROGRAM, str(theirs.fileno()), str(grader)]
                self.process = subprocess.Popen(
                    [*around, *command, entry, ROOT if jailed else str(folder)],
                    env={} if jailed else clean_environment(str(self.home)),
                    cwd="/" if jailed else self.home,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    pass_fds=[theirs.fileno(), grader, info_in],
                    start_new_session=True,
                )
            first = first_process(info) if jailed else None
            self.first_fd = -1
            with contextlib.suppress(ProcessLookupError):
                self.first_fd = os.pidfd_open(first or self.process.pid)
            failed.callback(self.end)
            self.control.settimeout(START_TAKES)
            with contextlib.suppress(OSError):
                self.control.send(filter_)
                if self.control.recv(16) == b"ready":
                    self.control.settimeout(FORK_TAKES)
                    failed.pop_all()
                    return
            self.end()
            errors.seek(0)
            raise JailUnavailable(_why_not_started(errors.read().decode(errors="replace")))

    def fork(self, limits: Limits, files: Mapping[str, bytes]) -> Student:
        """Ask for a fork, and wait until it is ready.

        Raises
        ------
        OSError : if the zygote does not answer any more.
        JailUnavailable : if the fork cannot be locked in.
        """
        self.forks += 1
        with contextlib.ExitStack() as stack:
            home = None if self.jailed else tempfile.mkdtemp(dir=self.home)
            request = Request(
                uid=jail_user(),
                folder=home or "/tmp/work",
                cpu=limits.cpu,
                memory=limits.memory,
                processes=limits.processes,
                file_size=limits.file_size,
                tmp=limits.tmp,
                files=limits.files,
            )
            door, theirs = socket.socketpair()
            stack.callback(theirs.close)
            failed = stack.enter_context(contextlib.ExitStack())
            failed.callback(door.close)
            status, status_in = os.pipe()
            failed.callback(os.close, status)
            stack.callback(os.close, status_in)
            fds = [theirs.fileno(), status_in]
            if files:
                fds.append(_packed(files))
                stack.callback(os.close, fds[-1])
            socket.send_fds(self.control, [json.dumps(asdict(request)).encode()], fds)
            answer, pidfds, _, _ = socket.recv_fds(self.control, 1 << 16, 1)
            if not answer:
                raise ConnectionResetError("the template has ended")
            if not pidfds:
                raise JailUnavailable(
                    f"a submission cannot be locked in here ({json.loads(answer)['error']}): "
                    + permission_advice()
                )
            os.set_inheritable(pidfds[0], False)
            failed.pop_all()
            return Student(door, pidfds[0], status, limits, home)

    def end(self) -> None:
        """Kill it with all its forks, and wait until they are gone."""
        self.control.close()
        if not self.jailed and self.process.poll() is None:
            _kill_all_below(self.process.pid)
        if self.first_fd != -1:
            kill_and_wait(self.first_fd)
            os.close(self.first_fd)
            self.first_fd = -1
        self.process.wait()


def _bubblewrap(folder: Path) -> list[str]:
    """bubblewrap and its options, but for the number of a descriptor."""
    paths = environment_paths()
    # as process 1 the zygote takes all its forks along when it ends, however it ends
    line = [*isolation(*CAPABILITIES), "--as-pid-1", *system_files()]
    line += ["--perms", "0755", "--dir", "/dev/shm"]
    for name in DEVICES:
        line += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    line += small_disk("/tmp", OWN_DISK)
    inside = clean_environment("/tmp")["MPLCONFIGDIR"]
    for fonts in _font_lists():
        line += ["--ro-bind", str(fonts), f"{inside}/{fonts.name}"]
    line += shown({path: path for path in paths} | {f"{ROOT}/bpkit": str(folder / "bpkit")})
    # where bpkit was installed into what is shown, it is there a second time, with the answers
    package = os.path.realpath(PACKAGE)
    for path in ["/usr", *paths]:
        if package.startswith(real := os.path.realpath(path) + "/"):
            installed = f"{path}/{package.removeprefix(real)}"
            line += ["--tmpfs", installed, "--remount-ro", installed]
    return [*line, *sealed()]


def _font_lists() -> list[Path]:
    """What matplotlib found of fonts on this machine when the grader used it last, if ever.

    Without a list it looks through them all, which takes a fifth of the time to get warm.
    """
    cache = os.environ.get("MPLCONFIGDIR")
    if not cache:
        cache = f"{os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')}/matplotlib"
    return [path for path in Path(cache).glob("fontlist-*.json") if os.path.isfile(path)]


def _kill_all_below(pid: int) -> None:
    """End a process and its descendants, where no namespace does it."""
    for member in list(descendants(pid)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def _gather(view: Path, folder: Path) -> None:
    """Make the package bpkit that the jail shows: the view, and the files that run inside."""
    package = folder / "bpkit"
    shutil.copytree(view, package, ignore=shutil.ignore_patterns("__pycache__"))
    grading = package / "grading"
    grading.mkdir(exist_ok=True)
    (grading / "__init__.py").touch()
    for name in INSIDE:
        shutil.copyfile(PACKAGE / "grading" / name, grading / name)
    for path in package.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    package.chmod(0o755)


def _packed(files: Mapping[str, bytes]) -> int:
    """A descriptor that holds files: a line of JSON with names and sizes, then their contents."""
    fd = os.memfd_create("files")
    with open(fd, "wb", closefd=False) as file:
        file.write(json.dumps([[name, len(files[name])] for name in files]).encode() + b"\n")
        for content in files.values():
            file.write(content)
        file.seek(0)
    return fd


def _pid_of(pidfd: int) -> int:
    """What the process of a pidfd is called here; -1 if it is gone."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    return -1


def _why_not_started(stderr: str) -> str:
    lines = stderr.strip().splitlines() or ["it said nothing"]
    if lines[0].startswith("bwrap: "):
        return explain(lines[0])
    return f"a jail can be made, but Python does not work in it: {lines[-1]}"
