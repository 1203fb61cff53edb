"""A jail for one program: bubblewrap around it, limits on it, a watch over it.

Inside there is no network, no home, no course: only /usr, the Python environment and bpkit itself,
all read-only, and a small /tmp in memory. The program starts without capabilities, behind a seccomp
filter, in process, IPC, network, host name and mount namespaces of its own. Bytes go in on its
standard input; bytes come out of descriptor 3; nothing else crosses. When it ends, for whatever
reason, every process in the jail is dead.

An unprivileged user's jail has its own user namespace. The kernel does not limit how many
processes root has, whatever namespace root sits in; so when root grades, the program gets a user
id that nobody else has instead.

Limits of the kernel (rlimits) hold for one process each. Memory is therefore also counted for the
jail as a whole, every few milliseconds, and so are the files in its /tmp.
"""

import contextlib
import json
import os
import secrets
import select
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bpkit.grading.processes import MemoryCount
from bpkit.grading.seccomp import machine_filter

WATCH_EVERY = 0.02
"""Seconds between two looks at a jail's memory: two cores can fill about 60 MB in that time."""
STDERR_KEPT = 4096
KILL_TAKES = 10
"""Seconds to wait for killed processes to be gone: they go at once, unless the machine is ill."""
LAUNCH = Path(__file__).with_name("launch.py")
PACKAGE = Path(__file__).parent.parent
NOBODY_ELSE = range(0x70000000, 0x7FFE0000)
"""User ids that neither people, nor services, nor containers are given."""
SYSTEM_PATHS = "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts"
PREFIX_PARTS = "bin", "lib", "lib64", "pyvenv.cfg"
INSTALL = {
    "apt-get": ("apt-get update", "apt-get install -y bubblewrap"),
    "dnf": ("dnf install -y bubblewrap",),
    "yum": ("yum install -y bubblewrap",),
    "pacman": ("pacman -S --noconfirm bubblewrap",),
    "apk": ("apk add bubblewrap",),
    "zypper": ("zypper --non-interactive install bubblewrap",),
}
"""For each package manager the lines that install bubblewrap."""


class JailUnavailable(RuntimeError):
    """No jail can be had here; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Limits:
    """What a jail may use before it is stopped; sizes in bytes, times in seconds."""

    wall: float = 60
    cpu: int = 60
    """Processor time of one process."""
    memory: int = 1 << 30
    """Of all processes together, and of the addresses of each."""
    processes: int = 32
    """Processes and threads."""
    file_size: int = 64 << 20
    tmp: int = 64 << 20
    """The size of /tmp, and again of /dev/shm."""
    files: int = 4096
    """How many may exist in each of them."""
    output: int = 64 << 20
    """What may come out of the door."""


Stopped = Literal["time", "silence", "memory", "files", "output"]


@dataclass(frozen=True)
class Outcome:
    """How a jailed program ended."""

    output: bytes
    """What it wrote to descriptor 3."""
    stderr: str
    """The end of what it wrote to standard error."""
    status: int
    """Its exit status; 128 + n if signal n ended it."""
    stopped: Stopped | None
    """The limit at which it was stopped; None if it ended by itself."""
    seconds: float


def run(
    program: Sequence[str],
    stdin: bytes,
    limits: Limits,
    *,
    env: Mapping[str, str],
    silence: float | None = None,
    jailed: bool = True,
) -> Outcome:
    """Run a program in a jail of its own, to its end or to the first limit it meets.

    Parameters
    ----------
    program : the path of an executable that exists inside the jail, and its arguments.
    stdin : what it finds on its standard input.
    env : variables to add to the few it gets (PATH, HOME, TMPDIR, LANG and the like).
    silence : seconds that may pass without a byte from the program, after its first; None for any
        number.
    jailed : False runs it with the instructor's own rights: kernel limits and the watch over
        memory and time hold, nothing else does.

    Raises
    ------
    JailUnavailable : if bubblewrap is missing or cannot make a jail on this machine.
    """
    with contextlib.ExitStack() as stack:
        results, results_in = _pipe(stack)
        keep = [results_in]
        if jailed:
            info, info_in = _pipe(stack)
            seccomp = _filter_file(stack)
            keep += [info_in, seccomp]
            command = [*_bubblewrap(limits, env), "--seccomp", str(seccomp)]
            command += ["--info-fd", str(info_in), "--"]
            uid, processes = jail_user(), limits.processes
            environment, home = {}, "/"
        else:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="bpkit-"))
            command, uid, processes = [], -1, -1
            environment = clean_environment(home, env)
        numbers = uid, limits.cpu, limits.memory, processes, limits.file_size, results_in
        command += [sys.executable, "-I", "-S", str(LAUNCH), *map(str, numbers), *program]
        process = stack.enter_context(
            subprocess.Popen(
                command,
                bufsize=0,
                env=environment,
                cwd=home,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=keep,
                start_new_session=True,
            )
        )
        os.close(results_in)
        if jailed:
            os.close(info_in)
        watch = _Watch(process, limits, first_process(info) if jailed else None)
        stack.callback(watch.kill)
        outcome = watch.until_end(stdin, results, silence)
    if jailed and not outcome.output and outcome.stderr.startswith("bwrap: "):
        raise JailUnavailable(explain(outcome.stderr.strip()))
    return outcome


def jail_problem() -> str | None:
    """Why student code cannot be jailed on this machine, in one sentence; None if it can.

    It runs a real jail, in which Python must find what every submission needs.
    """
    program = [sys.executable, "-I", "-c", "import IPython, numpy"]
    try:
        outcome = run(program, b"", Limits(), env={})
    except JailUnavailable as problem:
        return str(problem)
    if outcome.stopped or outcome.status:
        last = (outcome.stderr.strip().splitlines() or [f"exit status {outcome.status}"])[-1]
        return f"a jail can be made, but Python does not work in it: {last}"
    return None


def find_bubblewrap() -> str:
    """The path of bubblewrap's program.

    Raises
    ------
    JailUnavailable : if it is not installed.
    """
    path = shutil.which("bwrap")
    if path is None:
        raise JailUnavailable(
            "student code runs only in a jail, and bubblewrap, which makes it, is not installed: "
            + _install_advice()
        )
    return path


def install_bubblewrap() -> None:
    """Install bubblewrap with the system's package manager, if this user may.

    Raises
    ------
    JailUnavailable : if it takes a password, or the package manager is unknown or fails.
    """
    manager = next(filter(shutil.which, INSTALL), None)
    if manager is None or not (os.geteuid() == 0 or _sudo_asks_nothing()):
        raise JailUnavailable("bubblewrap cannot be installed from here: " + _install_advice())
    for line in INSTALL[manager]:
        command = line.split() if os.geteuid() == 0 else ["sudo", "-n", *line.split()]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 or not shutil.which("bwrap"):
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise JailUnavailable(f"`{' '.join(command)}` did not install bubblewrap: {last}")


def _sudo_asks_nothing() -> bool:
    """Whether this user may act as root without typing a password."""
    if not shutil.which("sudo"):
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0


def _install_advice() -> str:
    manager = next(filter(shutil.which, INSTALL), None)
    if manager is None:
        return "install the package `bubblewrap` of your Linux system (there is none for others)"
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"type `{' && '.join(sudo + line for line in INSTALL[manager])}`"


def explain(message: str) -> str:
    """One sentence about what bubblewrap complained of."""
    message = message.splitlines()[-1].removeprefix("bwrap: ")
    if "Unknown option" in message:
        return "bubblewrap is too old for bpkit, which needs 0.7 or newer: " + _install_advice()
    return f"bubblewrap cannot make a jail here ({message}): {permission_advice()}"


def permission_advice() -> str:
    """How to let this user make jails where the system does not."""
    if os.geteuid() == 0:
        return "in a container, start it with `--privileged`"
    return (
        "allow user namespaces with `sudo sysctl -w kernel.unprivileged_userns_clone=1` or, "
        "on Ubuntu, `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`"
    )


def _bubblewrap(limits: Limits, env: Mapping[str, str]) -> list[str]:
    """bubblewrap and its options, but for the numbers of descriptors."""
    line = [*isolation("CAP_SETUID", "CAP_SETGID"), "--die-with-parent"]
    line += [*system_files(), "--dev", "/dev"]
    line += [*small_disk("/dev/shm", limits.tmp), *small_disk("/tmp", limits.tmp)]
    line += shown({path: path for path in [*environment_paths(), str(PACKAGE)]})
    return [*line, "--remount-ro", "/dev", *sealed(env)]


def isolation(*capabilities: str) -> list[str]:
    """bubblewrap with what it takes away; these capabilities are left to it where root grades.

    Raises
    ------
    JailUnavailable : if bubblewrap is missing, or the kernel cannot tell who a process's children
        are.
    """
    if not os.path.exists("/proc/thread-self/children"):
        raise JailUnavailable(
            "memory cannot be counted here: the kernel has no /proc/<pid>/task/<tid>/children, "
            "use one that is built with CONFIG_PROC_CHILDREN"
        )
    line = [find_bubblewrap(), "--new-session", "--unshare-pid", "--unshare-net"]
    line += ["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "jail"]
    line += ["--cap-drop", "ALL"]
    if not is_first_root():
        return [*line, "--unshare-user"]
    for capability in capabilities:
        line += ["--cap-add", capability]
    return line


def system_files() -> list[str]:
    """The options that show /usr and what of the root directory leads there, and a new /proc."""
    line = ["--ro-bind", "/usr", "/usr"]
    for name in "bin", "sbin", "lib", "lib32", "lib64":
        if os.path.islink(f"/{name}"):
            line += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        else:
            line += ["--ro-bind-try", f"/{name}", f"/{name}"]
    return [*line, "--proc", "/proc"]


def small_disk(path: str, size: int) -> list[str]:
    """The options for a directory in memory that everybody may write to."""
    return ["--perms", "1777", "--size", str(size), "--tmpfs", path]


def shown(paths: Mapping[str, str]) -> list[str]:
    """The options that show files and directories, read-only: {where inside: where outside}."""
    paths = {path: path for path in SYSTEM_PATHS if os.path.exists(path)} | dict(paths)
    # bubblewrap makes missing parents for its own eyes only (0700)
    parents = {str(parent) for path in paths for parent in Path(path).parents}
    line = []
    for parent in sorted(parents - {"/", "/tmp"}):
        line += ["--perms", "0755", "--dir", parent]
    for inside, outside in paths.items():
        line += ["--ro-bind", outside, inside]
    return line


def sealed(env: Mapping[str, str]) -> list[str]:
    """The last options: nothing more can be written, and the environment is new."""
    line = ["--remount-ro", "/", "--chdir", "/tmp", "--clearenv"]
    for name, value in clean_environment("/tmp", env).items():
        line += ["--setenv", name, value]
    return line


def environment_paths() -> list[str]:
    """What a jail must see of this Python beside /usr.

    Of a prefix only the parts that Python made are shown: it may be a directory of the course.
    """
    prefixes = [sys.prefix, sys.base_prefix]
    link = sys.executable
    while os.path.islink(link):
        link = os.path.normpath(os.path.join(os.path.dirname(link), os.readlink(link)))
        prefixes.append(os.path.dirname(os.path.dirname(link)))
    prefixes += [os.path.realpath(prefix) for prefix in prefixes]
    paths = [f"{prefix}/{part}" for prefix in prefixes for part in PREFIX_PARTS]
    paths = [path for path in paths if os.path.exists(path)]
    return [path for path in dict.fromkeys(paths) if not path.startswith(("/usr/", "//"))]


def clean_environment(home: str, env: Mapping[str, str]) -> dict[str, str]:
    return {
        "PATH": f"{sys.prefix}/bin:/usr/local/bin:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "USER": "student",
        "LANG": "C.UTF-8",
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # threads would count as processes, and several jails share the cores already
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **env,
    }


def is_first_root() -> bool:
    """Whether this is root itself, not the root of a container with users of its own."""
    everybody = ["0", "0", "4294967295"]
    return os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split() == everybody


def jail_user() -> int:
    """The user to become inside the jail; -1 to stay who one is there."""
    return secrets.choice(NOBODY_ELSE) if is_first_root() else -1


def denied_calls() -> bytes:
    """The seccomp filter for this machine.

    Raises
    ------
    JailUnavailable : if there is none for machines of its kind.
    """
    try:
        return machine_filter()
    except KeyError as machine:
        raise JailUnavailable(
            f"there is no jail for {machine.args[0]} machines: grade on x86_64 or aarch64"
        ) from None


def _filter_file(stack: contextlib.ExitStack) -> int:
    """A descriptor from which bubblewrap reads the seccomp filter."""
    fd = os.memfd_create("seccomp")
    stack.callback(os.close, fd)
    os.write(fd, denied_calls())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """A pipe's two ends; the reading end is closed with the stack."""
    read, write = os.pipe()
    stack.callback(os.close, read)
    return read, write


def first_process(info: int) -> int | None:
    """The jail's process 1, whose death is the death of all, as bubblewrap tells it."""
    text = b""
    while not text.rstrip().endswith(b"}"):
        more = os.read(info, 4096)
        if not more:
            return None
        text += more
    return json.loads(text)["child-pid"]


class _Watch:
    """Moves the bytes of one running program, and stops it at the first limit that it meets."""

    def __init__(self, process: subprocess.Popen, limits: Limits, first: int | None):
        self.process, self.limits = process, limits
        self.start = time.monotonic()
        self.first = first
        self.memory = MemoryCount(first or process.pid, limits.memory)
        self.first_fd: int | None = None
        if first is not None:
            with contextlib.suppress(ProcessLookupError):
                self.first_fd = os.pidfd_open(first)

    def until_end(self, stdin: bytes, results: int, silence: float | None) -> Outcome:
        assert self.process.stdin and self.process.stderr
        stdin_fd, stderr_fd = self.process.stdin.fileno(), self.process.stderr.fileno()
        output, stderr, unsent = bytearray(), bytearray(), memoryview(stdin)
        stopped: Stopped | None = None
        heard: float | None = None
        look = self.start
        ended = os.pidfd_open(self.process.pid)
        with selectors.DefaultSelector() as selector:
            for fd in results, stdin_fd, stderr_fd:
                os.set_blocking(fd, False)
            for fd in results, stderr_fd, ended:
                selector.register(fd, selectors.EVENT_READ)
            selector.register(stdin_fd, selectors.EVENT_WRITE)
            while stopped is None:
                ready = {key.fd for key, _ in selector.select(WATCH_EVERY)}
                now = time.monotonic()
                if results in ready:
                    heard = now
                    if not _receive(results, output):
                        selector.unregister(results)
                if stderr_fd in ready:
                    if not _receive(stderr_fd, stderr):
                        selector.unregister(stderr_fd)
                    del stderr[:-STDERR_KEPT]
                if stdin_fd in ready:
                    unsent = _send(stdin_fd, unsent)
                    if not unsent:
                        selector.unregister(stdin_fd)
                        self.process.stdin.close()
                if ended in ready:
                    break
                if len(output) > self.limits.output:
                    stopped = "output"
                elif now - self.start > self.limits.wall:
                    stopped = "time"
                elif silence is not None and heard is not None and now - heard > silence:
                    stopped = "silence"
                elif now >= look:
                    stopped = self._too_large()
                    look = time.monotonic() + WATCH_EVERY
        os.close(ended)
        self.kill()
        while len(output) <= self.limits.output and _receive(results, output):
            pass
        while len(stderr) <= STDERR_KEPT and _receive(stderr_fd, stderr):
            pass
        status = self.process.returncode
        return Outcome(
            output=bytes(output[: self.limits.output]),
            stderr=stderr.decode(errors="replace"),
            status=status if status >= 0 else 128 - status,
            stopped=stopped,
            seconds=time.monotonic() - self.start,
        )

    def _too_large(self) -> Stopped | None:
        """The limit that the program is over with what it holds now."""
        if self.memory.is_over():
            return "memory"
        if self.first is not None and _files(self.first) > self.limits.files:
            return "files"
        return None

    def kill(self) -> None:
        """End every process of the program, and wait until they are gone; safe to call twice."""
        if self.first_fd is not None:
            kill_and_wait(self.first_fd)
            os.close(self.first_fd)
            self.first_fd = None
        if self.process.returncode is None:
            if self.first is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def kill_and_wait(pidfd: int) -> None:
    """Kill a process and wait until it is gone; process 1 of a namespace goes after all others."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    becomes_readable(pidfd, KILL_TAKES)


def becomes_readable(fd: int, seconds: float) -> bool:
    """Whether there is something to read, or a process has ended, within so many seconds."""
    events = select.poll()
    events.register(fd, select.POLLIN)
    return bool(events.poll(1000 * seconds))


def _receive(fd: int, into: bytearray) -> bool:
    """Append what is there to be read now; False if there is nothing or no more."""
    try:
        some = os.read(fd, 1 << 16)
    except BlockingIOError:
        return False
    into += some
    return bool(some)


def _send(fd: int, data: memoryview) -> memoryview:
    """Write what fits now; return the rest, which is empty if nobody will read it."""
    try:
        return data[os.write(fd, data[: 1 << 16]) :]
    except BrokenPipeError:
        return data[:0]


def _files(first: int) -> int:
    """How many files exist in the jail's /tmp or /dev/shm, whichever has more; 0 before it has."""
    root = f"/proc/{first}/root"
    try:
        if os.path.samefile(root, "/"):
            return 0
        disks = os.statvfs(f"{root}/tmp"), os.statvfs(f"{root}/dev/shm")
    except OSError:
        return 0
    return max(disk.f_files - disk.f_ffree for disk in disks)
