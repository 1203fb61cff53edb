"""What a jail is made of: bubblewrap's options, limits, and how to get them on this machine.

Inside there is no network, no home, no course: only /usr and the Python environment, read-only, and
a small /tmp in memory. Programs have no capabilities, a seccomp filter, and process, IPC, network,
host name and mount namespaces of their own. What is put together here template.py starts.

An unprivileged user's jail has its own user namespace. The kernel does not limit how many
processes root has, whatever namespace root sits in; so when root grades, each submission gets a
user id that nobody else has instead.
"""

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bpkit.grading.seccomp import machine_filter

WATCH_EVERY = 0.02
"""Seconds between two looks at a jail's memory: two cores can fill about 60 MB in that time."""
KILL_TAKES = 10
"""Seconds to wait for killed processes to be gone: they go at once, unless the machine is ill."""
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


Stopped = Literal["time", "memory"]
"""The limit at which a program was stopped."""


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


def sealed() -> list[str]:
    """The last options: nothing more can be written, and the environment is new."""
    line = ["--remount-ro", "/", "--chdir", "/tmp", "--clearenv"]
    for name, value in clean_environment("/tmp").items():
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


def clean_environment(home: str) -> dict[str, str]:
    """The variables that a program gets, whatever the grader's own are."""
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


def first_process(info: int) -> int | None:
    """The jail's process 1, whose death is the death of all, as bubblewrap tells it."""
    text = b""
    while not text.rstrip().endswith(b"}"):
        more = os.read(info, 4096)
        if not more:
            return None
        text += more
    return json.loads(text)["child-pid"]


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
