"""A process that has imported everything once, and is forked for each submission.

    python -c 'from bpkit.grading.zygote import main; main()' CONTROL GRADER ENTRY

It runs inside bubblewrap's jail and never runs student code itself: each fork first locks itself
in a second jail, of its own. CONTROL is a socket to the grader, GRADER a pidfd of it, ENTRY a
module: its ``prepare()`` is called once, its ``main(door)`` in each fork. The package bpkit is here
what students may see of it, and the few files that run on this side.

The first message on CONTROL is a seccomp filter; an empty one, ``none``, means that there is no
jail to make. Each later message asks for a fork: the JSON of a `Request`, with two or three
descriptors: the fork's end of its door, where to write how it ended, and files for it. The answer
comes when the fork is ready: ``{}`` and a pidfd of it, or ``{"error": ...}``.
"""

import contextlib
import ctypes
import fcntl
import importlib
import json
import os
import re
import select
import signal
import socket
import stat
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from bpkit.grading.limits import be_killed_first, take_limits
from bpkit.grading.warm import warm_modules

NO_FILTER = b"none"
DOOR = 3
"""A fork's one descriptor that leads outside: the socket that it was given."""
REPORT, FILES = 4, 5
"""What a fork holds as well until it is ready."""
ABOVE = 10
NEW_MOUNTS, NEW_HOST_NAME, NEW_IPC, NEW_NETWORK = 0x20000, 0x4000000, 0x8000000, 0x40000000
NEW_USERS, NEW_PROCESSES = 0x10000000, 0x20000000
READ_ONLY, NO_SUID, NO_DEVICES = 1, 2, 4
PRIVATE, ALL_BELOW, SEEN_TWICE = 1 << 18, 1 << 14, 1 << 12
COVERED = "/tmp", "/dev/shm"
"""What each fork has a disk of its own over."""
ESCAPED = re.compile(rb"\\(\d{3})")
"""How the kernel writes a space in the name of a place."""
SET_SECCOMP, FILTER, DROP_FROM_BOUNDING, SET_SUBREAPER = 22, 2, 24, 36
NO_NEW_PRIVILEGES, AMBIENT, CLEAR_ALL = 38, 47, 4
CAPABILITIES, CAPABILITIES_VERSION = 64, 0x20080522
LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Request:
    """What a fork is to be."""

    uid: int
    """The user it becomes; -1 to stay the same, in a user namespace of its own."""
    folder: str
    """Where it works; made if it is missing."""
    cpu: int
    memory: int
    processes: int
    file_size: int
    tmp: int
    files: int


def main() -> NoReturn:
    control = socket.socket(fileno=int(sys.argv[1]))
    grader, entry = int(sys.argv[2]), sys.argv[3]
    jail = control.recv(1 << 16)
    with warm_modules():
        session = importlib.import_module(entry)
        session.prepare()
    _shown_below_disks()  # for all forks
    # a fork whose parent has ended comes to this process, which can tell then how it ended
    _call("prctl", SET_SUBREAPER, ctypes.c_ulong(1))
    serve(control, grader, b"" if jail == NO_FILTER else jail)
    status = 1
    try:
        session.main(DOOR)
        status = 0
    finally:
        # no exit handlers of student code, and no waiting for its threads
        os._exit(status)


def serve(control: socket.socket, grader: int, jail: bytes) -> None:
    """Fork for each request; returns only in a fork, when it is ready for its work."""
    running: dict[int, int] = {}
    death, death_in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(death_in, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    events = select.poll()
    for fd in control.fileno(), grader, death:
        events.register(fd, select.POLLIN)
    control.send(b"ready")
    while True:
        ready = {fd for fd, _ in events.poll()}
        if grader in ready:
            os._exit(0)
        if death in ready:
            os.read(death, 1 << 16)
            _bury(running)
        if control.fileno() in ready:
            message, fds, _, _ = socket.recv_fds(control, 1 << 16, 3)
            if not message:
                os._exit(0)
            report, report_in = os.pipe()
            first = os.fork()
            if first == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                control.detach()
                become(Request(**json.loads(message)), jail, fds, report_in)
                return
            door, status, *files = fds
            for fd in door, report_in, *files:
                os.close(fd)
            answer = _until_ready(report, first)
            if "error" in answer:
                os.close(status)
                control.send(json.dumps(answer).encode())
            else:
                running[answer["pid"]] = status
                pidfd = os.pidfd_open(answer["pid"])
                socket.send_fds(control, [b"{}"], [pidfd])
                os.close(pidfd)


def _until_ready(report: int, first: int) -> dict[str, Any]:
    """What a fork says of itself until it is ready: its pid, and the error if there was one."""
    answer: dict[str, Any] = {}
    with open(report, "rb") as lines:
        for line in lines:
            answer |= json.loads(line)
    os.waitpid(first, 0)
    return answer if "pid" in answer else {"error": "the process died at once"} | answer


def _bury(running: dict[int, int]) -> None:
    """Collect the dead, and tell the grader how they ended."""
    with contextlib.suppress(ChildProcessError):
        while (dead := os.waitpid(-1, os.WNOHANG))[0]:
            # others are orphans of a fork without a jail, or failed before they were ready
            if (status := running.pop(dead[0], None)) is not None:
                code = os.waitstatus_to_exitcode(dead[1])
                with contextlib.suppress(BrokenPipeError):
                    os.write(status, b"%d" % (code if code >= 0 else 128 - code))
                os.close(status)


def become(request: Request, jail: bytes, fds: list[int], report: int) -> None:
    """Turn a new fork into a process that is locked in, alone and ready; returns only there.

    A process is in a new pid namespace only if it was born there. So this forks once more, and the
    fork of the fork is process 1 of its namespace; the one between ends, and is not missed.
    """
    try:
        _keep_only(fds, report)
        if jail:
            _leave_namespaces(request.uid)
        if pid := os.fork():
            os.write(REPORT, b'{"pid": %d}\n' % pid)
            os._exit(0)
        os.setsid()
        be_killed_first()
        if jail:
            _cover_disks(request.tmp, request.files)
            _become_user(request.uid)
        processes = request.processes if jail else -1
        take_limits(request.cpu, request.memory, processes, request.file_size)
        if jail:
            _drop_capabilities()
            _deny_calls(jail)
        else:
            # what it starts stays below it, to be found when it is ended
            _call("prctl", SET_SUBREAPER, ctypes.c_ulong(1))
        os.makedirs(request.folder, exist_ok=True)
        os.chdir(request.folder)
        if len(fds) > 2:
            _put_files()
        sys.modules["numpy"].random.seed()
        os.close(REPORT)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(REPORT, json.dumps({"error": str(error)}).encode() + b"\n")
        os._exit(1)


def _keep_only(fds: list[int], report: int) -> None:
    """Bring the door, the report and the files to their places, and close everything else."""
    door, _, *files = fds
    kept = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, ABOVE) for fd in (door, report, *files)]
    null = os.open("/dev/null", os.O_RDWR)
    for fd in 0, 1, 2:
        os.dup2(null, fd)
    for fd, place in zip(kept, (DOOR, REPORT, FILES)):
        os.dup2(fd, place, inheritable=False)
    os.closerange(DOOR + len(kept), os.sysconf("SC_OPEN_MAX"))


def _leave_namespaces(uid: int) -> None:
    """Share none of the zygote's namespaces any more; the pid namespace begins with the next fork.

    Who is root needs no user namespace, and may be forbidden to have one as somebody else.
    """
    flags = NEW_MOUNTS | NEW_HOST_NAME | NEW_IPC | NEW_NETWORK | NEW_PROCESSES
    if uid != -1:
        _call("unshare", flags)
        return
    user, group = os.getuid(), os.getgid()
    _call("unshare", flags | NEW_USERS)
    for name, text in {
        "setgroups": "deny",
        "uid_map": f"{user} {user} 1",
        "gid_map": f"{group} {group} 1",
    }.items():
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _cover_disks(size: int, files: int) -> None:
    """Lay small disks of its own over all that can be written to, and an empty one over /proc.

    A /proc of its own cannot be had in a user namespace, so nobody gets one. Where Python itself is
    below /tmp, it stays to be seen, as it is: to be read only.
    """
    safe = NO_SUID | NO_DEVICES
    _mount(None, b"/", PRIVATE | ALL_BELOW)
    kept = {path: os.open(path, os.O_PATH) for path in _shown_below_disks()}
    folders = {folder for path in kept for folder in (path, *path.parents)}
    for disk in COVERED:
        # the disk's own directory counts as a file, and so does each of those
        ours = sum(folder.is_relative_to(disk) for folder in {Path(disk), *folders})
        options = f"mode=1777,size={size},nr_inodes={files + ours}"
        _mount(b"tmpfs", disk.encode(), safe, options.encode())
    for path, fd in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            path.mkdir()
        else:
            path.touch()
        _mount(f"/proc/self/fd/{fd}".encode(), bytes(path), SEEN_TWICE | ALL_BELOW)
        os.close(fd)
    _mount(b"tmpfs", b"/proc", safe | READ_ONLY, b"mode=555,size=4k,nr_inodes=1")


@cache
def _shown_below_disks() -> tuple[Path, ...]:
    """What the jail was told to show below `COVERED`, and is not within another such place."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_bytes().splitlines()]
    paths = [ESCAPED.sub(lambda digits: bytes([int(digits[1], 8)]), place) for place in places]
    fonts = Path(os.environ["MPLCONFIGDIR"])  # this process has read their list, for all forks
    found: list[Path] = []
    for path in sorted(map(Path, map(os.fsdecode, paths))):
        below = any(Path(disk) in path.parents for disk in COVERED)
        if below and not any(map(path.is_relative_to, (fonts, *found))):
            found.append(path)
    return tuple(found)


def _mount(source: bytes | None, path: bytes, flags: int, options: bytes | None = None) -> None:
    _call("mount", source, path, source, ctypes.c_ulong(flags), options)


def _become_user(uid: int) -> None:
    """Become a user that nobody else is; its capabilities are gone with that."""
    # dropped here too: a capability that is not in the bounding set can never come back
    for capability in range(CAPABILITIES):
        try:
            _call("prctl", DROP_FROM_BOUNDING, ctypes.c_ulong(capability))
        except OSError:
            break
    if uid != -1:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _drop_capabilities() -> None:
    zero = ctypes.c_ulong(0)
    _call("prctl", AMBIENT, ctypes.c_ulong(CLEAR_ALL), zero, zero, zero)
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())


def _deny_calls(program: bytes) -> None:
    """Load the seccomp filter; nothing that needs a denied call can follow."""

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    zero = ctypes.c_ulong(0)
    _call("prctl", NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero)
    filter_ = Program(len(program) // 8, program)
    _call("prctl", SET_SECCOMP, ctypes.c_ulong(FILTER), ctypes.byref(filter_))


def _put_files() -> None:
    """Write the files that came along; one that cannot be here is missing for its reader only."""
    with open(FILES, "rb") as files:
        for name, size in json.loads(files.readline()):
            content = files.read(size)
            with contextlib.suppress(OSError, ValueError):
                os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
                with open(name, "wb") as file:
                    file.write(content)


def _call(name: str, *arguments: Any) -> None:
    """Call a function of the C library that returns -1 when it fails.

    Raises
    ------
    OSError : then, with the name of the function.
    """
    if getattr(LIBC, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
