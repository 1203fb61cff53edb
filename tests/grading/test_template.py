"""Forks of the warm template, tried from inside: every probe is code of a student's."""

import collections
import contextlib
import hashlib
import json
import os
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from bpkit.grading import jail, processes, seccomp, template
from bpkit.grading.jail import JailUnavailable, Limits
from bpkit.grading.template import Student, Template

pytestmark = pytest.mark.jail

SMALL = Limits(wall=20, cpu=20, memory=512 << 20, processes=16, tmp=4 << 20, file_size=8 << 20)
REPORT = """
import errno, json, os, sys
def report(value):
    os.write(3, json.dumps(value).encode())
def error_of(call, *args):
    try:
        call(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
def syscall(number, *args):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(number, *map(ctypes.c_long, args))
    return errno.errorcode[ctypes.get_errno()] if result == -1 else None
"""
PROBE = """
import os, struct, traceback
ready = []
def prepare():
    ready.append("prepared")
def main(door):
    size, = struct.unpack(">I", os.read(door, 4))
    code = b""
    while len(code) < size:
        code += os.read(door, size - len(code))
    try:
        exec(code, {"__name__": "__main__"})
    except Exception:
        os.write(door, traceback.format_exc().encode())
        raise
"""


BELOW_TMP = {Path(p).parts[2] for p in jail.environment_paths() if p.startswith("/tmp/")}
IN_TMP = sorted({"work", *BELOW_TMP})
"""What a fork finds in its /tmp."""


class Ended(NamedTuple):
    output: bytes
    status: int
    stopped: str | None
    seconds: float


def processes_in(namespace: str) -> list[str]:
    """The processes of this machine alive in a pid namespace; zombies are dead."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            if os.readlink(process / "ns/pid") == namespace and state not in "ZX":
                found.append(process.name)
    return found


def wait_for(condition, seconds: float = 10):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value


def new_template(folder: Path, probe: str = PROBE, **options) -> Template:
    view = folder / "view"
    view.mkdir()
    (view / "__init__.py").write_text("sees = 'the view'\n")
    (view / "probe.py").write_text(probe)
    return Template.start(view, "bpkit.probe", **options)


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    with new_template(tmp_path_factory.mktemp("template")) as started:
        yield started


def tell(student: Student, code: str) -> None:
    """Have this Python code run in a fork."""
    data = (REPORT + code).encode()
    student.socket.sendall(struct.pack(">I", len(data)) + data)


def told(student: Student, seconds: float = 10):
    """The next JSON value that a fork reports."""
    student.socket.settimeout(seconds)
    text = b""
    while True:
        more = student.socket.recv(1 << 16)
        assert more, f"it ended after {text}"
        text += more
        with contextlib.suppress(ValueError):
            return json.loads(text)


def inside(warm: Template, code: str, limits: Limits = SMALL, files=None) -> Ended:
    """How this Python code ends in a fork."""
    start = time.monotonic()
    output, stopped = b"", None
    with warm.spawn(limits, files) as student:
        tell(student, code)
        while student.ended() is None and not (stopped := student.watch()):
            if select.select([student.socket], [], [], jail.WATCH_EVERY)[0]:
                with contextlib.suppress(ConnectionError):
                    output += student.socket.recv(1 << 16)
        student.kill()
        with contextlib.suppress(ConnectionError):
            while more := student.socket.recv(1 << 16):
                output += more
        return Ended(output, student.ended(), stopped, time.monotonic() - start)


def reported(warm: Template, code: str, limits: Limits = SMALL, files=None):
    """What this Python code reports from a fork."""
    ended = inside(warm, code, limits, files)
    assert (ended.stopped, ended.status) == (None, 0), ended
    return json.loads(ended.output)


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def namespaces_of(pid: int | str) -> dict[str, str]:
    kinds = "pid", "net", "ipc", "uts", "mnt"
    return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds}


# what a fork starts with


def test_a_fork_is_warm(warm):
    names = ["numpy", "IPython.core.interactiveshell", "matplotlib.pyplot"]
    assert reported(warm, f"report([n in sys.modules for n in {names}])") == [True] * len(names)
    assert reported(warm, "report(sys.modules['bpkit.probe'].ready)") == ["prepared"]


def test_a_figure_can_be_drawn(warm):
    code = """
import io, matplotlib.pyplot as plt
plt.switch_backend("agg")
file = io.BytesIO()
plt.figure(); plt.title("$a^2$"); plt.savefig(file)
report(file.getvalue()[:4].decode("latin-1"))
"""
    assert reported(warm, code) == "\x89PNG"


def test_fonts_are_not_looked_for_again(tmp_path, monkeypatch):
    from matplotlib import font_manager

    name = f"fontlist-v{font_manager.FontManager.__version__}.json"
    font_manager.json_dump(font_manager.fontManager, tmp_path / name)
    listed = json.loads((tmp_path / name).read_text())
    listed["ttflist"][0]["name"] = "found before"
    (tmp_path / name).write_text(json.dumps(listed))
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path))
    code = """
from matplotlib import font_manager
report([sorted(os.listdir("/tmp")), [font.name for font in font_manager.fontManager.ttflist]])
"""
    with new_template(tmp_path) as warm:
        on_disk, fonts = reported(warm, code)
    assert "found before" in fonts
    assert on_disk == IN_TMP


def test_only_four_descriptors_are_open(warm):
    code = """
import stat
def kind(fd):
    try:
        mode = os.fstat(fd)
    except OSError:
        return None
    return "null" if mode.st_rdev == os.stat("/dev/null").st_rdev else stat.S_ISSOCK(mode.st_mode)
report({fd: kind(fd) for fd in range(30000) if kind(fd) is not None})
"""
    assert reported(warm, code) == {"0": "null", "1": "null", "2": "null", "3": True}


def test_environment_and_home_are_clean(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    code = "report([dict(os.environ), os.path.expanduser('~'), os.getcwd(), os.listdir()])"
    with new_template(tmp_path) as warm:
        environ, home, folder, files = reported(warm, code)
    assert "hunter2" not in str(environ)
    assert (home, folder, files) == ("/tmp", "/tmp/work", [])


def test_two_forks_draw_other_random_numbers(warm):
    code = """
import random, tempfile, uuid, numpy
report([random.random(), numpy.random.random(), numpy.random.default_rng().random(),
        tempfile.mktemp(), str(uuid.uuid4())])
"""
    first, second = reported(warm, code), reported(warm, code)
    assert all(one != other for one, other in zip(first, second))


def test_files_lie_where_it_works(warm):
    files = {"a.csv": b"1,2\n", "data/deep/b.bin": bytes(range(256)) * 1000, "empty": b""}
    code = f"""
import hashlib
report([hashlib.md5(open(f, 'rb').read()).hexdigest() for f in {[*files]}])
"""
    expected = [hashlib.md5(content).hexdigest() for content in files.values()]
    assert reported(warm, code, files=files) == expected


def test_files_with_impossible_names_hurt_nobody(warm):
    bad = ["../../opt/course/bpkit/x", "/etc/passwd", "a\0b", "", "/proc/1/mem", "c" * 300]
    files = dict.fromkeys(bad, b"bad") | {"good": b"fine"}
    code = "report([open('good').read(), os.path.exists('/opt/course/bpkit/x')])"
    assert reported(warm, code, files=files) == ["fine", False]


def test_more_files_than_fit_are_missing_for_their_reader_only(warm):
    files = {f"{i}.bin": bytes(1 << 20) for i in range(8)} | {"small": b"fine"}
    assert reported(warm, "report(os.path.exists('0.bin'))", files=files) is True


# what of bpkit is there


def test_bpkit_is_the_view(warm):
    code = """
import bpkit
def missing(name):
    try:
        __import__(name)
    except ImportError:
        return True
report([bpkit.sees, [missing(f"bpkit.{n}") for n in ("network", "checks", "grading.judge")],
        sorted(os.listdir(os.path.dirname(bpkit.__file__)))])
"""
    sees, missing, files = reported(warm, code)
    assert sees == "the view" and missing == [True] * 3
    assert set(files) == {"__init__.py", "probe.py", "grading"}


def test_the_real_bpkit_is_nowhere(warm):
    paths = [str(jail.PACKAGE), str(jail.PACKAGE.parent / "solutions")]
    code = f"""
found = []
for folder, folders, files in os.walk("/"):
    found += [os.path.join(folder, f) for f in files if f in ("network.py", "gradcheck.py")]
    found += [os.path.join(folder, f) for f in files if f.startswith(("backprop", "judge."))]
report([[p for p in {paths} if os.path.lexists(p)], [f for f in found if "/bpkit/" in f]])
"""
    assert reported(warm, code) == [[], []]


def test_an_installed_bpkit_is_covered(tmp_path, monkeypatch):
    installed = Path(sysconfig.get_path("purelib"), "IPython")
    monkeypatch.setattr(template, "PACKAGE", installed)
    (tmp_path / "bpkit").mkdir()
    line = [*template._bubblewrap(tmp_path), "--", "/bin/ls", "-A", str(installed)]
    done = subprocess.run(line, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(list(installed.iterdir())) > 10


# what it may see and change


def test_a_python_below_tmp_is_still_there(tmp_path, monkeypatch):
    prefix = tmp_path / "a clone für mich"
    installed = prefix / "lib" / "bpkit"
    shutil.copytree(jail.PACKAGE, installed)
    (prefix / "lib" / "module.py").write_text("value = 7\n")
    (prefix / "beside").mkdir()
    known = template.environment_paths()
    monkeypatch.setattr(template, "environment_paths", lambda: [*known, str(prefix / "lib")])
    monkeypatch.setattr(template, "PACKAGE", installed)
    code = f"""
lib = {str(prefix / "lib")!r}
sys.path.append(lib)
import module
report([module.value, sorted(os.listdir(lib)), os.listdir({str(prefix)!r}), os.getcwd(),
        os.listdir({str(installed)!r}),
        [error_of(open, path + '/mine', 'w') for path in (lib, lib + '/bpkit', '/tmp')]])
"""
    with new_template(tmp_path) as warm:
        value, files, beside, folder, answers, errors = reported(warm, code)
    assert (value, folder) == (7, "/tmp/work")
    assert (files, beside, answers) == (["bpkit", "module.py"], ["lib"], [])
    assert errors == ["EROFS", "EROFS", None]


def test_no_socket_of_any_family(warm):
    families = "AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_VSOCK"
    code = (
        f"import socket\nreport([error_of(socket.socket, getattr(socket, f)) for f in {families}])"
    )
    assert reported(warm, code) == ["EPERM"] * len(families)


def test_a_pair_of_sockets_is_allowed_because_event_loops_need_it(warm):
    assert reported(warm, "import asyncio\nreport(asyncio.run(asyncio.sleep(0, 'done')))") == "done"


def test_namespaces_are_its_own(warm):
    with warm.spawn(SMALL) as one, warm.spawn(SMALL) as two:
        seen = [namespaces_of(pid) for pid in ("self", warm._zygote.process.pid, one.pid, two.pid)]
        devices = Path(f"/proc/{one.pid}/net/dev").read_text().splitlines()[2:]
    mine, _, first, second = seen
    assert not set(mine.values()) & (set(first.values()) | set(second.values()))
    assert not set(first.values()) & set(second.values())
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]


def test_proc_is_empty_and_stays_so(warm):
    code = """
report([os.listdir("/proc"), error_of(open, "/proc/mine", "w"), error_of(os.mkdir, "/proc/a"),
        error_of(open, "/proc/self/mem"), error_of(open, "/proc/1/environ")])
"""
    assert reported(warm, code) == [[], "EROFS", "EROFS", "ENOENT", "ENOENT"]


def test_devices_are_the_harmless_ones(warm):
    code = "report([os.listdir('/dev'), error_of(os.open, '/dev/tty', 0), len(os.urandom(9))])"
    names, tty, random = reported(warm, code)
    assert set(names) == {*template.DEVICES, "shm"} and tty == "ENOENT" and random == 9


def test_courses_homes_and_system_files_are_not_there(warm, tmp_path):
    (tmp_path / "gradebook.db").write_text("marks")
    paths = [
        str(tmp_path / "gradebook.db"),
        str(tmp_path),
        str(jail.PACKAGE.parent / "nbgrader_config.py"),
        str(jail.PACKAGE.parent / "pyproject.toml"),
        str(Path.home() / ".bashrc"),
        str(Path.home() / ".cache"),
        *("/etc/shadow", "/etc/passwd", "/home", "/var", "/sys", "/run", "/mnt", "/srv"),
    ]
    shown = Path(sys.prefix), Path(sys.base_prefix)  # and the way that leads there
    paths = [p for p in paths if not any(s.is_relative_to(p) for s in shown)]
    assert reported(warm, f"report([p for p in {paths} if os.path.lexists(p)])") == []


def test_nothing_can_be_written_outside_tmp(warm):
    where = ["/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/root", "/home", "/opt"]
    where += [f"{sys.prefix}/lib", "/opt/course", "/opt/course/bpkit"]
    if not sys.prefix.startswith("/tmp/"):  # or else that folder is on the disk of the fork
        where.append(sys.prefix)
    code = f"""
def try_in(directory):
    try:
        with open(directory + '/mine', 'w'):
            return directory
    except OSError:
        return None
report([try_in(d) for d in {where} + ['/tmp', '/dev/shm', os.getcwd()]])
"""
    assert reported(warm, code) == [None] * len(where) + ["/tmp", "/dev/shm", "/tmp/work"]
    assert not Path("/tmp/mine").exists()


def test_existing_files_cannot_be_changed(warm):
    paths = ["/opt/course/bpkit/__init__.py", "/opt/course/bpkit/grading/zygote.py", sys.executable]
    code = f"report([error_of(open, p, 'r+b') and error_of(os.chmod, p, 0o777) for p in {paths}])"
    assert None not in reported(warm, code)


def test_signals_to_everybody_stay_inside(warm):
    code = """
import signal
report([error_of(os.kill, -1, signal.SIGSTOP), error_of(os.killpg, 0, signal.SIGSTOP),
        error_of(os.kill, os.getppid(), signal.SIGSTOP),
        os.getppid(), os.getpid(), os.getpgrp(), os.getsid(0)])
"""
    assert reported(warm, code)[3:] == [0, 1, 1, 1]
    assert reported(warm, "report('the template works')") == "the template works"


def test_a_child_can_neither_kill_nor_stop_the_session(warm):
    code = """
import signal, time
if os.fork() == 0:
    for number in signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV:
        os.kill(1, number)
    os._exit(0)
os.wait()
report("unharmed")
"""
    assert reported(warm, code) == "unharmed"


def test_forks_do_not_meet(warm):
    pair = "import socket\none, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
    with warm.spawn(SMALL) as first, warm.spawn(SMALL) as second:
        code = """
one.bind(chr(0) + 'meet')
for disk in '/tmp', '/dev/shm':
    open(disk + '/a', 'w').close()
report('here')
import time
time.sleep(30)
"""
        tell(first, pair + code)
        assert told(first) == "here"
        code = f"""
pids = [{first.pid}, {os.getpid()}, *range(2, 3000)]
report([error_of(one.sendto, b'x', chr(0) + 'meet'),
        sorted(os.listdir('/tmp')), os.listdir('/dev/shm'),
        [pid for pid in pids if error_of(os.kill, pid, 0) != 'ESRCH']])
"""
        tell(second, pair + code)
        assert told(second) == ["ECONNREFUSED", IN_TMP, [], []]


def test_the_grader_at_the_other_end_of_the_socket_cannot_be_reached(warm):
    code = """
import signal, socket, struct
peer_pidfd = 77  # SO_PEERPIDFD, since Linux 6.5
door = socket.socket(fileno=3)
try:
    pidfd, = struct.unpack("i", door.getsockopt(socket.SOL_SOCKET, peer_pidfd, 4))
except OSError:
    report(["none"] * 2)
else:
    waited = error_of(os.waitid, os.P_PIDFD, pidfd, os.WEXITED)
    report([error_of(signal.pidfd_send_signal, pidfd, 0), waited])
"""
    assert reported(warm, code) in (["EINVAL", "ECHILD"], ["EPERM", "ECHILD"], ["none"] * 2)


# what the kernel refuses


def test_privileges_are_gone_for_good(warm):
    with warm.spawn(SMALL) as student:
        status = status_of(student.pid)
        tell(student, "report([error_of(os.setuid, 0), error_of(os.setgid, 0)])")
        # in a user namespace of its own, root is a user that does not exist
        assert set(told(student)) in ({"EPERM"}, {"EINVAL"})
    for kind in "Eff", "Prm", "Inh", "Amb", "Bnd":
        assert int(status[f"Cap{kind}"], 16) == 0, kind
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    if os.geteuid() == 0:
        assert min(map(int, status["Uid"].split() + status["Gid"].split())) > 0x70000000
        assert not status["Groups"].strip()


def test_two_forks_have_different_users(warm):
    if os.geteuid() != 0:
        pytest.skip("only root can give each fork a user of its own")
    assert reported(warm, "report(os.getuid())") != reported(warm, "report(os.getuid())")


def test_denied_system_calls_fail(warm):
    column = list(seccomp.AUDIT_ARCH).index(os.uname().machine)
    calls = {name: numbers[column] for name, numbers in seccomp.NUMBERS.items()}
    calls = {name: number for name, number in calls.items() if number is not None}
    calls.pop("reboot")  # not even to be tried
    code = f"report({{n: syscall(c, 0, 0, 0, 0, 0, 0) for n, c in {calls}.items()}})"
    assert reported(warm, code) == dict.fromkeys(calls, "EPERM")


def test_no_new_namespace_by_any_call(warm):
    machine = list(seccomp.AUDIT_ARCH).index(os.uname().machine)
    clone, clone3 = seccomp.CLONE[machine], seccomp.CLONE3[machine]
    flags = [0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000]
    code = f"report([syscall({clone}, f | 17, 0, 0, 0, 0) for f in {flags}])"
    assert reported(warm, code) == ["EPERM"] * len(flags)
    assert reported(warm, f"report(syscall({clone3}, 0, 0))") == "ENOSYS"


def test_threads_and_subprocesses_work(warm):
    code = """
import subprocess, threading
seen = []
thread = threading.Thread(target=seen.append, args=(1,))
thread.start(); thread.join()
for command in ["echo", "two"], [sys.executable, "-c", "import numpy; print(numpy.arange(3))"]:
    seen.append(subprocess.run(command, capture_output=True, text=True).stdout)
report(seen)
"""
    assert reported(warm, code) == [1, "two\n", "[0 1 2]\n"]


# limits; each of these would stop or fill the machine if it did not hold


def test_processes_are_limited(warm):
    code = """
import time
started = 0
for _ in range(100):
    try:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
    except OSError:
        break
    started += 1
report(started)
"""
    assert 10 <= reported(warm, code) < SMALL.processes


def test_fork_bomb_ends_and_leaves_nothing(warm):
    limits = Limits(wall=1.5, processes=16, memory=512 << 20)
    with warm.spawn(limits) as student:
        namespace = namespaces_of(student.pid)["pid"]
        tell(student, "while True:\n    try:\n        os.fork()\n    except OSError:\n        pass")
        wait_for(student.watch)
        start = time.monotonic()
        student.kill()
        assert time.monotonic() - start < 3
        assert processes_in(namespace) == []


def test_memory_of_one_process_ends_in_a_memory_error(warm):
    code = "try:\n    x = bytearray(500 << 20)\nexcept MemoryError:\n    report('refused')"
    assert reported(warm, code) == "refused"


def test_memory_of_ten_children_is_counted_together(warm):
    code = """
import time
for _ in range(10):
    if os.fork() == 0:
        x = bytearray(b'x') * (120 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
    ended = inside(warm, code)
    assert ended.stopped == "memory" and ended.seconds < 8


def test_children_that_write_to_shared_memory_are_noticed(warm):
    code = """
import time
x = bytearray(b'x') * (150 << 20)
for _ in range(10):
    if os.fork() == 0:
        time.sleep(0.5)
        x[::4096] = bytes(len(x[::4096]))
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
    ended = inside(warm, code)
    assert ended.stopped == "memory" and ended.seconds < 12


def test_shared_memory_is_counted_once(warm):
    code = """
import time
x = bytearray(b'x') * (150 << 20)
children = []
for _ in range(10):
    child = os.fork()
    if child == 0:
        time.sleep(0.5)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
report('fine')
"""
    assert reported(warm, code) == "fine"


@pytest.mark.parametrize("disk", ["/tmp", "/dev/shm"])
def test_disks_are_small(warm, disk):
    code = f"""
written = 0
try:
    for i in range(100):
        with open(f'{disk}/{{i}}', 'wb') as file:
            written += file.write(b'x' * (1 << 20))
except OSError as error:
    report([written >> 20, errno.errorcode[error.errno]])
"""
    written, error = reported(warm, code)
    assert 3 <= written <= 4 and error == "ENOSPC"


def test_file_size_is_limited(warm):
    limits = Limits(wall=10, file_size=1 << 20)
    code = """
file = open('/tmp/a', 'wb', 0)
report(error_of(lambda: [file.write(b'x' * (1 << 19)) for _ in range(4)]))
"""
    assert reported(warm, code, limits) == "EFBIG"


@pytest.mark.parametrize("disk", ["/tmp", "/dev/shm"])
def test_number_of_files_is_limited(warm, disk):
    code = f"""
made = []
def make():
    while True:
        open(f'{disk}/{{len(made)}}', 'w').close()
        made.append(1)
report([error_of(make), len(made)])
"""
    error, made = reported(warm, code, Limits(wall=10, files=200))
    assert error == "ENOSPC" and 190 <= made <= 200


def test_descriptors_are_limited(warm):
    code = "files = []\nreport(error_of(lambda: [files.append(os.dup(0)) for _ in range(999)]))"
    assert reported(warm, code) == "EMFILE"


@pytest.mark.parametrize(
    "code",
    [
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
        "pow(3, 10**9)",
        "import time\ntime.sleep(99)",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
    ],
    ids=["signals-blocked", "regex", "pow", "sleep", "deadlock"],
)
def test_endless_programs_are_stopped(warm, code):
    ended = inside(warm, code, Limits(wall=0.7))
    assert (ended.stopped, ended.status) == ("time", 128 + signal.SIGKILL) and ended.seconds < 4


def test_processor_time_is_limited(warm):
    ended = inside(warm, "while True: pass", Limits(wall=20, cpu=1))
    assert ended.stopped is None and ended.status == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    "code, status",
    [
        ("os._exit(3)", 3),
        ("raise SystemExit(4)", 1),
        ("import ctypes\nctypes.string_at(0)", 128 + signal.SIGSEGV),
        # process 1 of a namespace is deaf to signals from within that it does not handle
        ("os.kill(os.getpid(), 9)\nos.kill(os.getpid(), 19)", 0),
    ],
)
def test_a_crash_is_told_and_what_was_sent_is_kept(warm, code, status):
    ended = inside(warm, "os.write(3, b'before')\n" + code)
    assert (ended.status, ended.stopped) == (status, None)
    assert ended.output.startswith(b"before")


# what is left behind


DAEMON = """
begun, begin = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import signal, time
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        os.write(begin, b'%d' % os.getpid())
        time.sleep(60)
    os._exit(0)
os.wait()
report(int(os.read(begun, 20)))
"""


@pytest.mark.parametrize("end", ["ends", "goes on"])
def test_daemons_are_gone(warm, end):
    with warm.spawn(SMALL) as student:
        namespace = namespaces_of(student.pid)["pid"]
        tell(student, DAEMON + ("" if end == "ends" else "import time\ntime.sleep(60)"))
        assert told(student) == 3
        if end == "ends":
            assert student.ended(5) == 0
        else:
            assert len(processes_in(namespace)) == 2
            student.kill()
        assert processes_in(namespace) == []


def zygote_of(warm: Template) -> int:
    """The process that forks: below bubblewrap, where there is a jail."""
    below = list(processes.descendants(warm._zygote.process.pid))
    return below[1 if warm._zygote.jailed else 0]


def footprint(warm: Template) -> dict:
    """What this process and the template hold: descriptors, processes, mounts, files."""
    zygote = zygote_of(warm)
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "zygote's descriptors": len(os.listdir(f"/proc/{zygote}/fd")),
        "processes": sorted(processes.descendants(os.getpid())),
        "mounts": Path("/proc/self/mountinfo").read_text().count("\n"),
        "zygote's mounts": Path(f"/proc/{zygote}/mountinfo").read_text().count("\n"),
        "folder": sorted(warm._folder.rglob("*")),
    }


def test_fifty_forks_leave_nothing_and_take_milliseconds(warm):
    zygote = zygote_of(warm)
    work = "open('/tmp/a', 'w').write('x' * 10**6)\nos.fork() or __import__('time').sleep(9)"
    inside(warm, work)
    before, memory = footprint(warm), processes.resident(zygote)
    seconds = []
    for _ in range(50):
        start = time.perf_counter()
        with warm.spawn(SMALL, {"a": b"b"}) as student:
            seconds.append(time.perf_counter() - start)
            tell(student, work)
    print(f"\na fork takes {1000 * statistics.median(seconds):.1f} ms (median of 50)")
    wait_for(lambda: footprint(warm) == before)
    assert processes.resident(zygote) - memory < 1 << 20
    assert statistics.median(seconds) < 0.2


def test_a_fork_that_is_forgotten_ends_with_the_template(tmp_path):
    warm = new_template(tmp_path)
    student = warm.spawn(SMALL)
    namespace = namespaces_of(student.pid)["pid"]
    warm.close()
    assert student.is_gone and processes_in(namespace) == [] and not warm._folder.exists()
    warm.close()
    student.close()


GRADER = """
import os, sys, time
from pathlib import Path
from bpkit.grading.jail import Limits
from bpkit.grading.template import Template
warm = Template.start(Path(sys.argv[1]), "bpkit.probe")
student = warm.spawn(Limits())
helper = os.fork() or time.sleep(60)
print(student.pid, helper, flush=True)
time.sleep(60)
"""


def test_everything_dies_with_the_grader(tmp_path):
    for name in "view", "tmp":
        (tmp_path / name).mkdir()
    (tmp_path / "view/probe.py").write_text(PROBE)
    line = [sys.executable, "-c", GRADER, str(tmp_path / "view")]
    environ = os.environ | {"TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(line, stdout=subprocess.PIPE, env=environ, text=True) as grader:
        # the helper lives on, and holds all descriptors that the grader had
        student, helper = map(int, grader.stdout.readline().split())
        namespace = namespaces_of(student)["pid"]
        members = set(processes.descendants(grader.pid)) - {helper}
        below = [os.pidfd_open(pid) for pid in members]
        assert len(below) == 4 and len(processes_in(namespace)) == 1
        grader.kill()
    try:
        for pidfd in below:
            assert select.select([pidfd], [], [], 10)[0]
            os.close(pidfd)
        assert processes_in(namespace) == []
    finally:
        os.kill(helper, signal.SIGKILL)


def test_the_thread_that_started_it_may_end(tmp_path):
    made = []
    thread = threading.Thread(target=lambda: made.append(new_template(tmp_path)))
    thread.start()
    thread.join()
    time.sleep(0.2)
    with made[0] as warm:
        pid = warm._zygote.process.pid
        assert reported(warm, "report(1)") == 1 and warm._zygote.process.pid == pid


def test_several_threads_may_ask_at_once(warm):
    answers = collections.deque()
    ask = lambda i: answers.append(reported(warm, f"report({i})"))
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [*range(6)]


def test_a_template_that_died_is_replaced(tmp_path):
    with new_template(tmp_path) as warm:
        with warm.spawn(SMALL) as student:
            zygote = warm._zygote.process
            namespace = namespaces_of(student.pid)["pid"]
            os.kill(zygote_of(warm), signal.SIGKILL)
            assert student.ended(10) == 128 + signal.SIGKILL
            assert reported(warm, "report(1)") == 1
            assert processes_in(namespace) == [] and zygote.returncode is not None
        assert student.is_gone


def test_a_template_is_made_anew_when_it_is_old_and_free(tmp_path, monkeypatch):
    monkeypatch.setattr(template, "FORKS", 2)
    with new_template(tmp_path) as warm:
        first = warm._zygote.process.pid
        with warm.spawn(SMALL):
            for _ in range(3):
                warm.spawn(SMALL).close()
            assert warm._zygote.process.pid == first
        assert reported(warm, "report(1)") == 1
        assert warm._zygote.process.pid != first


# other people, other machines


@pytest.mark.slow
def test_an_unprivileged_user_gets_the_same():
    if os.geteuid() != 0:
        pytest.skip("this is what all other tests here show")
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable]
    command += ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not unprivileged", __file__]
    # this Python may be in root's home
    repository = str(jail.PACKAGE.parent)
    line = [jail.find_bubblewrap(), "--dev-bind", "/", "/", "--tmpfs", str(Path.home())]
    line += ["--perms", "1777", "--tmpfs", "/tmp"]
    line += jail.shown({path: path for path in [*jail.environment_paths(), repository]})
    done = subprocess.run(
        [*line, "--chdir", repository, "--", *command],
        env={"PATH": os.environ["PATH"], "HOME": "/tmp", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "failed" not in done.stdout


@pytest.fixture
def unjailed(tmp_path):
    with new_template(tmp_path, unsafe_no_jail=True) as started:
        yield started


def test_without_a_jail_it_works_the_same_but_is_open(unjailed):
    code = (
        "import bpkit\nreport([os.listdir(), bpkit.sees, os.getuid(), os.path.exists('/proc/1')])"
    )
    expected = [["a"], "the view", os.getuid(), True]
    assert reported(unjailed, code, files={"a": b"b"}) == expected


def test_without_a_jail_limits_on_time_and_memory_hold(unjailed):
    ended = inside(unjailed, "import time\ntime.sleep(60)", Limits(wall=0.5))
    assert ended.stopped == "time" and ended.seconds < 5
    code = """
import time
for _ in range(6):
    if os.fork() == 0:
        x = bytearray(b'x') * (60 << 20)
        time.sleep(30)
time.sleep(30)
"""
    ended = inside(unjailed, code, Limits(wall=20, memory=300 << 20))
    assert ended.stopped == "memory"


def test_without_a_jail_children_and_files_are_gone(unjailed):
    before = footprint(unjailed)
    with unjailed.spawn(SMALL) as student:
        tell(
            student, "open('a', 'w').close()\nif os.fork() == 0:\n    report(os.getcwd())\n" + SLEEP
        )
        folder = told(student)
        assert os.listdir(folder) == ["a"]
    assert not os.path.exists(folder)
    wait_for(lambda: footprint(unjailed) == before)


SLEEP = "import time\ntime.sleep(60)"


def test_without_a_jail_daemons_are_ended(unjailed):
    with unjailed.spawn(SMALL) as student:
        tell(student, DAEMON + SLEEP)
        daemon = os.pidfd_open(told(student))
    assert select.select([daemon], [], [], 10)[0]
    os.close(daemon)


def test_an_entry_that_cannot_be_imported_is_told(tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(JailUnavailable, match="Python does not work in it: ImportError: no luck"):
        new_template(tmp_path, "raise ImportError('no luck')")
    assert len(os.listdir("/proc/self/fd")) == before and not os.listdir(tmp_path / "tmp")


def test_without_bubblewrap_one_sentence_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(JailUnavailable, match="bubblewrap, which makes it, is not installed"):
        new_template(tmp_path)


def test_a_bubblewrap_that_fails_is_explained(tmp_path, monkeypatch):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1")
    fake.chmod(0o755)
    monkeypatch.setattr(jail, "find_bubblewrap", lambda: str(fake))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(JailUnavailable, match="apparmor_restrict_unprivileged_userns=0"):
        new_template(tmp_path)


def test_a_fork_that_cannot_be_locked_in_does_not_run(tmp_path, monkeypatch):
    monkeypatch.setattr(template, "denied_calls", lambda: b"not a filter at all!")
    with new_template(tmp_path) as warm:
        before = footprint(warm)
        for _ in range(3):
            with pytest.raises(JailUnavailable, match=r"locked in here .*prctl: Invalid argument"):
                warm.spawn(SMALL)
        wait_for(lambda: footprint(warm) == before)
