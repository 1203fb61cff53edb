"""The jail, tried from inside: every probe is code that a student could have written."""

import contextlib
import ctypes
import ctypes.util
import errno
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bpkit.grading import jail, processes, seccomp
from bpkit.grading.jail import JailUnavailable, Limits, Outcome, run

SMALL = Limits(wall=10, cpu=10, memory=256 << 20, processes=16, tmp=4 << 20, file_size=8 << 20)
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


def inside(code: str, limits: Limits = SMALL, **options) -> Outcome:
    """How this Python code ends in a jail."""
    program = [sys.executable, "-I", "-c", REPORT + code]
    return run(program, b"", limits, env=options.pop("env", {}), **options)


def reported(code: str, limits: Limits = SMALL, **options):
    """What this Python code reports from a jail."""
    outcome = inside(code, limits, **options)
    assert (outcome.stopped, outcome.status) == (None, 0), outcome
    return json.loads(outcome.output)


def processes_in(namespace: str) -> list[str]:
    """The processes of this machine alive in a pid namespace; zombies are dead."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            if os.readlink(process / "ns/pid") == namespace and state not in "ZX":
                found.append(process.name)
    return found


pytestmark = pytest.mark.jail


# what goes in and out


def test_bytes_go_in_and_out():
    data = bytes(range(256)) * 4000
    program = [sys.executable, "-I", "-c", "import os, sys; os.write(3, b'got:')\n" + COPY]
    outcome = run(program, data, SMALL, env={})
    assert outcome.output == b"got:" + data
    assert outcome.status == 0 and outcome.stopped is None and outcome.stderr == ""


COPY = "for block in iter(lambda: os.read(0, 9999), b''):\n    os.write(3, block)"


def test_a_program_that_reads_nothing_is_not_waited_for():
    outcome = run([sys.executable, "-I", "-c", "pass"], b"x" * (1 << 20), SMALL, env={})
    assert outcome.status == 0


def test_only_four_descriptors_are_open():
    assert reported("report(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])") == [0, 1, 2, 3]


def test_environment_and_home_are_clean(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    environ, home, first = reported(
        "first = error_of(open, '/proc/1/environ') or open('/proc/1/environ').read()\n"
        "report([dict(os.environ), os.path.expanduser('~'), first])",
        env={"BPKIT_SEED": "7"},
    )
    assert "SECRET_TOKEN" not in environ and "hunter2" not in first
    assert environ["BPKIT_SEED"] == "7"
    assert home == "/tmp"


# what it may see and change


def test_no_socket_of_any_family():
    families = "AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_VSOCK"
    code = (
        f"import socket\nreport([error_of(socket.socket, getattr(socket, f)) for f in {families}])"
    )
    assert reported(code) == ["EPERM"] * len(families)


def test_a_pair_of_sockets_is_allowed_because_event_loops_need_it():
    code = "import asyncio\nreport(asyncio.run(asyncio.sleep(0, 'done')))"
    assert reported(code) == "done"


def test_namespaces_are_its_own_and_the_network_is_empty():
    kinds = ["pid", "net", "ipc", "uts", "mnt"]
    links, devices = reported(
        f"report([[os.readlink('/proc/self/ns/' + k) for k in {kinds}],"
        " [line.split(':')[0].strip() for line in open('/proc/net/dev').readlines()[2:]]])"
    )
    assert not set(links) & {os.readlink(f"/proc/self/ns/{kind}") for kind in kinds}
    assert devices == ["lo"]


def test_courses_homes_and_system_files_are_not_there(tmp_path):
    (tmp_path / "gradebook.db").write_text("marks")
    paths = [
        str(tmp_path / "gradebook.db"),
        str(tmp_path),
        str(jail.PACKAGE.parent / "nbgrader_config.py"),
        str(jail.PACKAGE.parent / "solutions"),
        str(jail.PACKAGE.parent / "pyproject.toml"),
        str(Path.home() / ".bashrc"),
        str(Path.home() / ".cache"),
        *("/etc/shadow", "/etc/passwd", "/home", "/var", "/sys", "/run", "/mnt", "/srv"),
    ]
    assert os.path.exists(paths[0]) and os.path.exists("/etc/passwd")
    shown = jail.PACKAGE, Path(sys.prefix), Path(sys.base_prefix)  # and the way that leads there
    paths = [p for p in paths if not any(s.is_relative_to(p) for s in shown)]
    assert reported(f"report([p for p in {paths} if os.path.lexists(p)])") == []


def test_of_a_python_prefix_only_its_own_parts_are_there():
    prefixes = {p for p in (sys.prefix, sys.base_prefix) if not p.startswith("/usr")}
    seen = reported(f"report([os.listdir(p) for p in {sorted(prefixes)}])")
    for names in seen:
        assert set(names) <= set(jail.PREFIX_PARTS)


def test_nothing_can_be_written_outside_tmp():
    where = ["/", "/usr", "/usr/bin", "/etc", "/dev", "/proc", "/proc/sys/kernel", "/root", "/home"]
    where += [sys.prefix, f"{sys.prefix}/lib", str(jail.PACKAGE), str(jail.PACKAGE.parent)]
    code = f"""
def try_in(directory):
    try:
        with open(directory + '/mine', 'w'):
            return directory
    except OSError:
        return None
report([try_in(d) for d in {where} + ['/tmp', '/dev/shm', os.getcwd()]])
"""
    assert reported(code) == [None] * len(where) + ["/tmp", "/dev/shm", "/tmp/work"]
    assert not Path("/tmp/mine").exists()


def test_existing_files_cannot_be_changed():
    paths = [str(jail.LAUNCH), sys.executable, "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"]
    errors = reported(f"report([error_of(open, p, 'r+b') for p in {paths}])")
    assert None not in errors
    assert reported(f"report(error_of(os.chmod, {str(jail.LAUNCH)!r}, 0o777))") is not None


def test_only_its_own_processes_are_to_be_seen_or_signalled():
    numbers, missing = reported(
        f"report([[p for p in os.listdir('/proc') if p.isdigit()],"
        f" error_of(os.kill, {os.getpid()}, 0)])"
    )
    assert len(numbers) <= 3
    assert missing == "ESRCH"


def test_signals_to_everybody_stay_inside():
    outcome = inside("import signal\nos.kill(-1, signal.SIGKILL)\nos.kill(os.getppid(), 19)")
    assert outcome.seconds < 5


# what the kernel refuses


def test_privileges_are_gone_for_good():
    status = reported(
        "report(dict(l.split(':\\t') for l in open('/proc/self/status').read().splitlines()))"
    )
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == int(status["CapAmb"], 16) == 0
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    if os.geteuid() == 0:
        assert set(map(int, status["Uid"].split())).isdisjoint({0})
    assert reported("report([error_of(os.setuid, 0), error_of(os.setgid, 0)])") == ["EPERM"] * 2


def test_two_jails_have_different_users():
    if os.geteuid() != 0:
        pytest.skip("only root can give each jail a user of its own")
    assert reported("report(os.getuid())") != reported("report(os.getuid())")


def test_denied_system_calls_fail():
    column = list(seccomp.AUDIT_ARCH).index(os.uname().machine)
    calls = {name: numbers[column] for name, numbers in seccomp.NUMBERS.items()}
    calls = {name: number for name, number in calls.items() if number is not None}
    calls.pop("reboot")  # not even to be tried
    results = reported(f"report({{n: syscall(c, 0, 0, 0, 0, 0, 0) for n, c in {calls}.items()}})")
    assert results == dict.fromkeys(calls, "EPERM")


def test_no_new_namespace_by_any_call():
    machine = list(seccomp.AUDIT_ARCH).index(os.uname().machine)
    clone, clone3 = seccomp.CLONE[machine], seccomp.CLONE3[machine]
    flags = [0x10000000, 0x00020000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000]
    assert reported(f"report([syscall({clone}, f | 17, 0, 0, 0, 0) for f in {flags}])") == [
        "EPERM"
    ] * len(flags)
    assert reported(f"report(syscall({clone3}, 0, 0))") == "ENOSYS"


def test_threads_and_subprocesses_work():
    code = """
import subprocess, threading
seen = []
thread = threading.Thread(target=seen.append, args=(1,))
thread.start(); thread.join()
seen.append(subprocess.run(['echo', 'two'], capture_output=True, text=True).stdout)
report(seen)
"""
    assert reported(code) == [1, "two\n"]


# the filter itself


def answer(program: bytes, arch: int, number: int, argument: int = 0) -> int:
    """What a seccomp filter says to a system call, by the rules of classic BPF."""
    code = list(struct.iter_unpack("=HBBI", program))
    data = struct.pack("=iIQ6Q", number, arch, 0, argument, 0, 0, 0, 0, 0)
    at, accumulator = 0, 0
    while True:
        operation, yes, no, k = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif operation == 0x06:
            return k
        else:
            holds = {0x15: accumulator == k, 0x35: accumulator >= k, 0x45: bool(accumulator & k)}
            at += yes if holds[operation] else no


EPERM, ENOSYS, ALLOW, KILL = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS, 0x7FFF0000, 0x80000000


@pytest.mark.parametrize("machine", seccomp.AUDIT_ARCH)
def test_filter_denies_exactly_what_it_says(machine):
    program, arch = seccomp.machine_filter(machine), seccomp.AUDIT_ARCH[machine]
    column = list(seccomp.AUDIT_ARCH).index(machine)
    denied = {numbers[column] for numbers in seccomp.NUMBERS.values()}
    for number in range(600):
        if number == seccomp.CLONE3[column]:
            expected = ENOSYS
        else:
            expected = EPERM if number in denied else ALLOW
        assert answer(program, arch, number) == expected, number
    assert answer(program, arch, seccomp.CLONE[column], 0x10000000) == EPERM
    assert answer(program, arch, seccomp.CLONE[column], 0x003D0F00) == ALLOW  # a thread's flags
    assert answer(program, arch ^ 1, 0) == KILL


def test_the_second_table_of_x86_64_is_closed():
    program = seccomp.machine_filter("x86_64")
    assert answer(program, seccomp.AUDIT_ARCH["x86_64"], 0x40000000 | 101) == EPERM


def test_numbers_are_those_of_libseccomp():
    library = ctypes.util.find_library("seccomp")
    if library is None:
        pytest.skip("libseccomp is not installed")
    resolve = ctypes.CDLL(library).seccomp_syscall_resolve_name_arch
    for column, arch in enumerate(seccomp.AUDIT_ARCH.values()):
        table = {**seccomp.NUMBERS, "clone": seccomp.CLONE, "clone3": seccomp.CLONE3}
        for name, numbers in table.items():
            known = resolve(ctypes.c_uint32(arch), name.encode())
            if known != -1:  # a call that is newer than the library
                assert (numbers[column] or known) == known and (numbers[column] or -1) * known > 0


def test_other_machines_are_refused(monkeypatch):
    monkeypatch.setattr(jail, "machine_filter", lambda: seccomp.machine_filter("sparc"))
    with pytest.raises(JailUnavailable, match="no jail for sparc machines"):
        inside("pass")


# limits; each of these would stop or fill the machine if it did not hold


def test_processes_are_limited():
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
    assert 10 <= reported(code) < SMALL.processes


def test_fork_bomb_ends_and_leaves_nothing():
    code = """
os.write(3, os.readlink('/proc/self/ns/pid').encode())
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    outcome = inside(code, Limits(wall=1.5, processes=16))
    assert outcome.stopped == "time" and outcome.seconds < 4
    assert processes_in(outcome.output.decode()) == []


def test_memory_of_one_process_ends_in_a_memory_error():
    code = "try:\n    x = bytearray(300 << 20)\nexcept MemoryError:\n    report('refused')"
    assert reported(code) == "refused"


def test_memory_of_ten_children_is_counted_together():
    code = """
import time
for _ in range(10):
    if os.fork() == 0:
        x = bytearray(b'x') * (60 << 20)
        time.sleep(30)
        os._exit(0)
time.sleep(30)
"""
    outcome = inside(code)
    assert outcome.stopped == "memory" and outcome.seconds < 8


def test_shared_memory_is_counted_once():
    code = """
import time
x = bytearray(b'x') * (100 << 20)
children = []
for _ in range(5):
    child = os.fork()
    if child == 0:
        time.sleep(0.3)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
report('fine')
"""
    assert reported(code) == "fine"


@pytest.mark.parametrize("disk", ["/tmp", "/dev/shm"])
def test_disks_are_small(disk):
    code = f"""
written = 0
try:
    for i in range(100):
        with open(f'{disk}/{{i}}', 'wb') as file:
            written += file.write(b'x' * (1 << 20))
except OSError as error:
    report([written >> 20, errno.errorcode[error.errno]])
"""
    written, error = reported(code)
    assert 3 <= written <= 4 and error == "ENOSPC"


def test_file_size_is_limited():
    limits = Limits(wall=10, file_size=1 << 20)
    code = """
file = open('/tmp/a', 'wb', 0)
report(error_of(lambda: [file.write(b'x' * (1 << 19)) for _ in range(4)]))
"""
    assert reported(code, limits) == "EFBIG"


def test_number_of_files_is_limited():
    code = "for i in range(10**7):\n    open(f'/tmp/{i}', 'w').close()"
    outcome = inside(code, Limits(wall=10, files=200))
    assert outcome.stopped == "files" and outcome.seconds < 8


def test_descriptors_are_limited():
    code = "files = []\nreport([error_of(lambda: [files.append(os.dup(0)) for _ in range(999)])])"
    assert reported(code) == ["EMFILE"]


@pytest.mark.parametrize(
    "code",
    [
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "import re\nre.match('(a+)+$', 'a' * 60 + 'b')",
        "pow(3, 10**9)",
        "import time\ntime.sleep(99)",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        "os.kill(os.getpid(), 19)",
    ],
    ids=["signals-blocked", "regex", "pow", "sleep", "deadlock", "stopped-itself"],
)
def test_endless_programs_are_stopped(code):
    outcome = inside(code, Limits(wall=0.7))
    assert outcome.stopped == "time" and outcome.seconds < 3


def test_processor_time_is_limited():
    outcome = inside("while True: pass", Limits(wall=10, cpu=1))
    assert outcome.stopped is None and outcome.seconds < 8
    assert outcome.status in (128 + signal.SIGXCPU, 128 + signal.SIGKILL)


def test_silence_counts_from_the_first_byte():
    code = "import time\ntime.sleep(0.6)\nos.write(3, b'x')\ntime.sleep(30)"
    outcome = inside(code, silence=0.4)
    assert outcome.stopped == "silence" and outcome.output == b"x" and outcome.seconds < 4


def test_output_is_limited():
    outcome = inside("while True: os.write(3, b'x' * 65536)", Limits(wall=10, output=1 << 20))
    assert outcome.stopped == "output" and len(outcome.output) == 1 << 20


def test_of_stderr_the_end_is_kept():
    outcome = inside("for i in range(200000): print(i, file=sys.stderr)")
    assert outcome.stderr.endswith("199999\n") and len(outcome.stderr) <= 2 * jail.STDERR_KEPT


@pytest.mark.parametrize(
    "code, status",
    [
        ("os._exit(3)", 3),
        ("import ctypes\nctypes.string_at(0)", 128 + signal.SIGSEGV),
        ("os.kill(os.getpid(), 9)", 128 + signal.SIGKILL),
        ("os.abort()", 128 + signal.SIGABRT),
    ],
)
def test_a_crash_is_told_and_what_was_sent_is_kept(code, status):
    outcome = inside("os.write(3, b'before')\n" + code)
    assert (outcome.status, outcome.stopped, outcome.output) == (status, None, b"before")


def test_children_left_behind_are_gone():
    code = """
import subprocess
os.write(3, os.readlink('/proc/self/ns/pid').encode())
subprocess.Popen(['sleep', '60'], start_new_session=True)
"""
    outcome = inside(code)
    assert outcome.status == 0 and outcome.seconds < 5
    assert processes_in(outcome.output.decode()) == []


@pytest.mark.parametrize("moment", ["at once", "later"])
def test_the_jail_dies_with_the_grader(moment):
    code = """
import sys
from bpkit.grading.jail import Limits, run
run([sys.executable, '-I', '-c', 'import time; time.sleep(60)'], b'', Limits(), env={})
"""
    grader = subprocess.Popen([sys.executable, "-c", code])
    try:
        namespace = _wait_for(lambda: _namespace_below(grader.pid))
        if moment == "later":
            _wait_for(lambda: len(processes_in(namespace)) == 2)
            time.sleep(0.2)
    finally:
        grader.kill()
        grader.wait()
    _wait_for(lambda: not processes_in(namespace))


def _namespace_below(pid: int) -> str | None:
    """The pid namespace of a jail that this process started; None before it did."""
    mine = os.readlink("/proc/self/ns/pid")
    for member in processes.descendants(pid):
        with contextlib.suppress(OSError):
            if (found := os.readlink(f"/proc/{member}/ns/pid")) != mine:
                return found
    return None


def _wait_for(condition, seconds: float = 10):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value


# without root


UNPRIVILEGED = """
import json, sys
sys.path.insert(0, sys.argv[1])
from bpkit.grading.jail import Limits, run
def inside(code, **limits):
    o = run([sys.executable, '-I', '-c', code], b'', Limits(wall=10, **limits), env={})
    return [o.output.decode(), o.stopped, o.status]
print(json.dumps([
    inside("import os; os.write(3, str(os.getuid()).encode()); os.write(3, b' '.join("
           "p.encode() for p in os.listdir('/proc/1/fd')))"),
    inside("import os, time\\nn = 0\\ntry:\\n  while os.fork(): n += 1\\n  time.sleep(9)\\n"
           "except OSError: os.write(3, str(n).encode())", processes=12),
    inside("import socket; socket.socket()"),
    inside("import os, time\\nfor i in range(6):\\n  if not os.fork(): x = b'x' * (50 << 20);"
           " time.sleep(9)\\ntime.sleep(9)", memory=200 << 20),
    inside("for i in range(10**7): open(f'/tmp/{i}', 'w').close()", files=200),
    inside("import os; os.write(3, open('/proc/1/environ').read().encode())"),
    inside("import os; os.write(3, str(os.listdir('/proc/1/root')).encode())"),
]))
"""


def test_an_unprivileged_user_gets_the_same_jail():
    python = "/usr/bin/python3"
    if os.geteuid() != 0 or not os.path.exists(python):
        pytest.skip("needs root to become another user, and a Python that all users can run")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        grading = Path(folder, "bpkit", "grading")
        grading.mkdir(parents=True)
        for name in "__init__.py", "grading/__init__.py":
            Path(folder, "bpkit", name).touch()
        for name in "jail.py", "launch.py", "processes.py", "seccomp.py":
            shutil.copy(jail.PACKAGE / "grading" / name, grading)
        done = subprocess.run(
            [python, "-I", "-c", UNPRIVILEGED, folder],
            user=65534,
            group=65534,
            extra_groups=[],
            env={"PATH": "/usr/bin:/bin", "SECRET": "hunter2"},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    user, forks, network, memory, files, environ, root = json.loads(done.stdout)
    assert user[0].startswith("65534") and user[2] == 0
    assert int(forks[0]) < 12
    assert network[2] == 1
    assert memory[1] == "memory"
    assert files[1] == "files"
    assert "hunter2" not in environ[0]
    assert "tmp" in root[0] and "home" not in root[0]


# where there is no jail


def fake(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


def test_without_bubblewrap_one_sentence_says_what_to_type(monkeypatch, tmp_path):
    fake(tmp_path, "dnf", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(JailUnavailable, match=r"not installed: type `sudo dnf install -y bubblew"):
        inside("pass")
    assert "not installed" in jail.jail_problem()


@pytest.mark.parametrize(
    "message, advice",
    [
        ("bwrap: Unknown option --size", "too old"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: No permissions to create new namespace", "unprivileged_userns_clone=1"),
    ],
)
def test_a_bubblewrap_that_fails_is_explained(monkeypatch, tmp_path, message, advice):
    fake(tmp_path, "bwrap", f"echo '{message}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    problem = jail.jail_problem()
    assert advice in problem and "\n" not in problem


def test_root_in_a_container_is_told_about_the_container(monkeypatch, tmp_path):
    fake(tmp_path, "bwrap", "echo 'bwrap: Creating new namespace failed' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--privileged" in jail.jail_problem()


def test_this_machine_has_a_jail():
    assert jail.jail_problem() is None


def test_a_python_that_does_not_work_inside_is_told(monkeypatch):
    monkeypatch.setattr(jail, "PREFIX_PARTS", ("bin", "pyvenv.cfg"))
    assert "Python does not work in it" in jail.jail_problem() or sys.prefix.startswith("/usr")


def test_root_installs_with_the_package_manager(monkeypatch, tmp_path):
    fake(
        tmp_path,
        "apt-get",
        f'echo "$@" >> {tmp_path}/asked; : > {tmp_path}/bwrap; chmod +x {tmp_path}/bwrap',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(shutil, "which", _which_in(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    jail.install_bubblewrap()
    assert (tmp_path / "asked").read_text() == "update\ninstall -y bubblewrap\n"


def test_a_user_without_sudo_is_told_the_line(monkeypatch, tmp_path):
    fake(tmp_path, "apt-get", "exit 0")
    fake(tmp_path, "sudo", "exit 1")
    monkeypatch.setattr(shutil, "which", _which_in(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        JailUnavailable, match="type `sudo apt-get update && sudo apt-get install -y bubblewrap`"
    ):
        jail.install_bubblewrap()


def test_a_package_manager_that_fails_is_quoted(monkeypatch, tmp_path):
    fake(tmp_path, "apt-get", "echo 'E: no such package' >&2; exit 100")
    monkeypatch.setattr(shutil, "which", _which_in(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(JailUnavailable, match="did not install bubblewrap: E: no such package"):
        jail.install_bubblewrap()


def _which_in(directory: Path):
    """shutil.which that knows of this directory only."""

    def which(name: str) -> str | None:
        return str(directory / name) if (directory / name).exists() else None

    return which
