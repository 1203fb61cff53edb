"""Stopping the grading: loops, crashes, floods, bombs, killers, and what wants to reach outside.

Most come twice: in a cell of the student's own, which must cost nothing but that cell, and within
a call that a test makes, which must cost nothing but that test.
"""

from tests.attacks.case import (
    ATTACKED,
    FULL,
    NOTHING,
    RIGHT,
    Case,
    Marks,
    code_cell,
    in_call,
    in_cell,
    notebook,
    without,
)

ITS_OWN_LOSS: Marks = {}
"""Of a cell that spoils the process that its own answers need: any marks will do."""
LOST = without(f"test-{ATTACKED}")
STOPPED = r"stopped|time|more than|ended|crash|killed|did not"
"""What an instructor must be told of a submission that did not come to its end by itself."""


def call(
    name: str,
    tries: str,
    body: str,
    *,
    reported: str | None = STOPPED,
    nbgrader: bool = False,
) -> Case:
    """Right answers; one function does something else, and its test is lost."""
    return Case(name, "stopping", tries, in_call(body), LOST, reported, nbgrader)


def own(
    name: str,
    tries: str,
    source: str,
    *,
    marks: Marks = FULL,
    reported: str | None = STOPPED,
    nbgrader: bool = False,
) -> Case:
    """Right answers; a cell of the student's own does something else, and nothing is lost."""
    return Case(name, "stopping", tries, in_cell(source), marks, reported, nbgrader)


UNTIL = """\
import time
end = time.time() + 120
"""
BUSY = """\
    import time
    end = time.time() + 120
    while time.time() < end: pass
"""
ISOLATED = """\
import os, signal
def isolated():
    try:
        os.kill(@victim@, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    print("FOU" + "ND a process outside")
    return False
"""
"""For those that kill: they look first whether they would hit somebody."""

SLOW_CELL = code_cell("import time\ntime.sleep(1.5)")
CRASHING_CELL = code_cell("import os\nos._exit(1)")

LOOPS = (
    own("loop", "loops for ever", UNTIL + "while time.time() < end: pass"),
    call(
        "loop-in-a-call",
        "loops for ever where a test calls it",
        UNTIL + "while time.time() < end: pass",
        nbgrader=True,
    ),
    own(
        "loop-in-c",
        "loops in C, where no signal handler of Python's runs",
        "import re\nre.match(r'(a*)*b', 'a' * 28)\nsum(range(10 ** 10))",
    ),
    call("loop-in-c-in-a-call", "the same within a call", "sum(range(10 ** 10))"),
    own(
        "deaf-loop",
        "blocks all signals, catches everything and loops",
        UNTIL
        + """\
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while time.time() < end:
    try:
        while time.time() < end: pass
    except BaseException:
        pass
""",
    ),
    call(
        "deaf-loop-in-a-call",
        "the same within a call",
        UNTIL
        + """\
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while time.time() < end:
    try:
        while time.time() < end: pass
    except BaseException:
        pass
""",
    ),
    call("sleep-in-a-call", "sleeps", "import time\ntime.sleep(120)"),
    own(
        "deadlock",
        "waits for a lock that it holds itself, and for a thread that waits for it",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire(timeout=120)",
    ),
    own(
        "threads-that-stay",
        "leaves threads behind that never end, which Python would wait for",
        UNTIL + "import threading\nfor _ in range(4):\n    threading.Thread(target=lambda: "
        "[time.sleep(0.1) for _ in range(1200)]).start()\n",
        reported=None,
    ),
    own(
        "exit-handler-that-stays",
        "registers exit handlers and finalisers that never end",
        "import atexit, time, weakref\natexit.register(time.sleep, 120)\n"
        "class Slow:\n    def __del__(self):\n        time.sleep(120)\nslow = Slow()\n"
        "weakref.finalize(slow, time.sleep, 120)\n",
        reported=None,
    ),
    Case(
        "forty-slow-cells",
        "stopping",
        "has forty cells that each stay under the limit of a cell",
        notebook(RIGHT, change=lambda nb: nb["cells"].__setitem__(slice(3, 3), [SLOW_CELL] * 40)),
        NOTHING,
        reported=r"more than|not run|time",
    ),
    Case(
        "slow-in-every-call",
        "stopping",
        "answers rightly but so slowly that all calls together would take minutes",
        notebook(
            {
                **RIGHT,
                ATTACKED: "import time\ndef output_delta_cross_entropy(z, y):\n"
                "    time.sleep(1.5)\n    return sigmoid(z) - y\n",
            }
        ),
        LOST,
        reported=STOPPED,
    ),
    Case(
        "every-function-loops",
        "stopping",
        "loops in every function that is tested",
        notebook(
            {cell: source.replace(":\n", f":\n{BUSY}", 1) for cell, source in RIGHT.items()}
            | {"sigmoid": f"def sigmoid(z):\n{BUSY}sigmoid_prime = sigmoid\n"}
        ),
        NOTHING,
        reported=STOPPED,
    ),
    own("wait-for-input", "waits for somebody to type", "input('? ')", reported=None),
    own(
        "wait-in-the-debugger",
        "stops in the debugger, and reads from standard input",
        "import pdb, sys\npdb.set_trace()\nsys.stdin.read()\nbreakpoint()",
        reported=None,
    ),
)


ENDS = (
    own("exit-in-c", "ends its process at once", "import os\nos._exit(0)"),
    call(
        "exit-in-c-in-a-call",
        "the same within a call",
        "import os\nos._exit(0)",
        nbgrader=True,
    ),
    own("exit", "leaves politely", "exit()\nquit()\nraise SystemExit(0)", reported=None),
    call("exit-in-a-call", "leaves politely within a call", "raise SystemExit(0)", reported=None),
    own("abort", "aborts, which would write a core file", "import os\nos.abort()"),
    own(
        "crash",
        "reads from an address where nothing is, with core files allowed",
        "import ctypes, resource\ntry:\n"
        "    resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))\nexcept (OSError, ValueError):\n"
        "    pass\nctypes.string_at(0)",
        nbgrader=True,
    ),
    call("crash-in-a-call", "the same within a call", "import ctypes\nctypes.string_at(0)"),
    call(
        "recursion",
        "recurses without an end",
        "return output_delta_cross_entropy(z, y)",
        reported=None,
    ),
    call(
        "recursion-to-the-crash",
        "recurses with the limit taken away, until the stack of C is full",
        "import sys\nsys.setrecursionlimit(10 ** 9)\n"
        "class A:\n    def __getattr__(self, n): return repr(self) + n\n    def __repr__(self): "
        "return str([self.x])\nreturn repr(A())",
        reported=None,
    ),
    Case(
        "always-crashing",
        "stopping",
        "crashes in each of ten cells, more often than a session is replaced",
        notebook(
            RIGHT, change=lambda nb: nb["cells"].__setitem__(slice(3, 3), [CRASHING_CELL] * 10)
        ),
        NOTHING,
        reported=STOPPED,
    ),
    own(
        "spoiled-python",
        "takes away what everything else needs: builtins, streams, modules, descriptors",
        """\
import builtins, gc, os, sys
sys.stdout = sys.stderr = sys.stdin = None
sys.path[:] = []
gc.set_threshold(1)
sys.setrecursionlimit(120)
sys.setswitchinterval(100)
sys.modules["json"] = sys.modules["struct"] = sys.modules["pickle"] = None
for name in "print", "open", "repr", "str":
    setattr(builtins, name, None)
os.close(0), os.close(1), os.close(2)
""",
        marks=ITS_OWN_LOSS,
        reported=None,
    ),
    own(
        "closed-doors",
        "closes every descriptor it has",
        "import os\nos.closerange(0, 1024)",
        reported=None,
    ),
    own(
        "stopped-by-itself",
        "stops its own process with a signal, so that nobody hears of it",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n"
        "signal.raise_signal(signal.SIGSTOP)\nimport time\ntime.sleep(120)",
    ),
)

OUTPUT = (
    own(
        "flood",
        "prints 200 MB",
        "line = 'x' * 999_999\nfor _ in range(200): print(line)",
        reported=None,
        nbgrader=True,
    ),
    own(
        "flood-past-python",
        "writes 200 MB to the descriptors 1 and 2",
        "import os\nline = b'x' * 999_999\ntry:\n    for _ in range(200):\n"
        "        os.write(1, line), os.write(2, line)\nexcept OSError:\n    pass",
        reported=None,
    ),
    Case(
        "flood-in-a-call",
        "stopping",
        "prints much in every call that a test makes, and is right",
        in_call("print('x' * 100_000)\nimport sys\nprint('y' * 100_000, file=sys.stderr)"),
        FULL,
    ),
    own(
        "ten-thousand-outputs",
        "displays ten thousand small things",
        "for i in range(10_000): display(i)",
        reported=None,
    ),
    own(
        "large-figures",
        "draws figures that would take gigabytes as pictures",
        "for _ in range(3):\n    fig = plt.figure(figsize=(300, 300), dpi=100)\n"
        "    plt.imshow(np.random.rand(50, 50))\nplt.show()",
        reported=None,
    ),
    call(
        "long-error",
        "raises an error with a message of 100 MB",
        "raise ValueError('x' * 100_000_000)",
        reported=None,
    ),
    call("large-answer", "answers with 800 MB", "return np.zeros(100_000_000)", reported=None),
    call(
        "larger-than-its-memory",
        "answers with an array of 8 TB that takes 8 bytes in its process",
        "return np.lib.stride_tricks.as_strided(np.zeros(1), (10 ** 6, 10 ** 6), (0, 0))",
        reported=None,
    ),
    call(
        "deep-answer",
        "answers with lists nested a hundred thousand deep, and with one that holds itself",
        "deep = []\nfor _ in range(100_000): deep = [deep]\ndeep0 = [deep]\ndeep0.append(deep0)\n"
        "return deep0",
        reported=None,
    ),
    call(
        "many-items",
        "answers with ten million numbers, one by one",
        "return [0.5] * 10_000_000",
        reported=None,
    ),
    call(
        "long-number",
        "answers with a number of a million digits",
        "return [10 ** 1_000_000, 1 << 10_000_000]",
        reported=None,
    ),
    call(
        "endless-answer",
        "answers with an iterator without an end",
        "import itertools\nreturn map(abs, itertools.count())",
        reported=None,
    ),
    call(
        "slow-drip",
        "sends an endless frame, a byte in a while, to whoever listens",
        """\
import os, struct, time
for fd in range(3, 64):
    try:
        os.write(fd, struct.pack(">IQ", 1000, 0))
    except OSError:
        pass
for _ in range(600):
    for fd in range(3, 64):
        try:
            os.write(fd, b" ")
        except OSError:
            pass
    time.sleep(0.2)
""",
    ),
)

BOMBS = (
    own(
        "memory",
        "takes all the memory it can get, in one process",
        "hold = []\nfor _ in range(30):\n    hold.append(np.ones(100 << 17))",
        marks=ITS_OWN_LOSS,
        reported=None,
    ),
    call(
        "memory-in-a-call",
        "the same within a call",
        "hold = []\nfor _ in range(30):\n    hold.append(np.ones(100 << 17))",
        reported=None,
    ),
    own(
        "memory-in-many",
        "takes 3 GB in fifteen processes, each under the limit",
        "import os, time\nfor _ in range(15):\n    if os.fork() == 0:\n"
        "        x = np.ones(200 << 17)\n        time.sleep(20)\n        os._exit(0)\n"
        "time.sleep(20)",
        nbgrader=True,
    ),
    own(
        "memory-elsewhere",
        "takes memory that belongs to no process: shared, in files, in pipes, in sockets",
        """\
import mmap, os, socket
hold = []
for _ in range(30):
    try:
        m = mmap.mmap(-1, 100 << 20)
        m.write(b"x" * (100 << 20))
        hold.append(m)
    except (OSError, ValueError, MemoryError):
        break
for _ in range(500):
    try:
        r, w = os.pipe()
        os.set_blocking(w, False)
        os.write(w, b"x" * 65536)
        fd = os.memfd_create("x")
        os.write(fd, b"x" * 1_000_000)
    except OSError:
        break
""",
        marks=ITS_OWN_LOSS,
        reported=None,
    ),
    own(
        "processes",
        "starts three hundred processes, which start more",
        """\
import os, time
started = 0
for _ in range(300):
    try:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        started += 1
    except OSError:
        break
if started > 250:
    print("FOU" + "ND room for", started, "processes")
""",
        marks=ITS_OWN_LOSS,
        reported=None,
        nbgrader=True,
    ),
    call(
        "processes-in-a-call",
        "the same within a call",
        "import os, time\nfor _ in range(300):\n    try:\n        if os.fork() == 0:\n"
        "            time.sleep(30)\n            os._exit(0)\n    except OSError:\n        break\n"
        "time.sleep(30)",
    ),
    own(
        "threads",
        "starts a thousand threads",
        "import threading, time\nhold = []\nfor _ in range(1000):\n    try:\n"
        "        t = threading.Thread(target=time.sleep, args=(30,), daemon=True)\n"
        "        t.start()\n        hold.append(t)\n    except (RuntimeError, MemoryError):\n"
        "        break\nif len(hold) > 900:\n    print('FOU' + 'ND room for threads')",
        marks=ITS_OWN_LOSS,
        reported=None,
    ),
    own(
        "disk",
        "writes 1 GB to every place that can be written to",
        """\
import os
total = 0
for folder in "/tmp", "/dev/shm", ".", "/", "/var/tmp", "/run":
    for number in range(20):
        try:
            with open(f"{folder}/fill{number}", "wb") as file:
                for _ in range(50):
                    total += file.write(b"x" * (1 << 20))
        except OSError:
            break
if total > 900 << 20:
    print("FOU" + "ND room for", total)
""",
        reported=None,
    ),
    own(
        "many-files",
        "makes twenty thousand files",
        "made = 0\nfor i in range(20_000):\n    try:\n        open(f'/tmp/f{i}', 'w').close()\n"
        "        made += 1\n    except OSError:\n        break\nif made > 19_000:\n"
        "    print('FOU' + 'ND room for', made)",
        reported=None,
    ),
    own(
        "many-descriptors",
        "opens as many descriptors as it can, and keeps them",
        "import os\nhold = []\ntry:\n    for _ in range(5000):\n        hold += os.pipe()\n"
        "except OSError:\n    pass",
        marks=ITS_OWN_LOSS,
        reported=None,
    ),
    own(
        "large-file",
        "makes a file of a terabyte that takes no room",
        "with open('sparse', 'wb') as file:\n    file.truncate(1 << 40)",
        reported=None,
    ),
    own(
        "lower-its-limits",
        "lowers its own limits until nothing works any more",
        "import resource\nfor limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC,\n"
        "              resource.RLIMIT_FSIZE):\n    resource.setrlimit(limit, (0, 0))",
        marks=ITS_OWN_LOSS,
        reported=None,
    ),
)

KILLERS = (
    own(
        "kill-everybody",
        "kills every process that it may kill",
        ISOLATED + "if isolated():\n    os.kill(-1, signal.SIGKILL)",
        reported=None,
        nbgrader=True,
    ),
    own(
        "kill-its-group",
        "kills its process group, which its parent might belong to",
        ISOLATED + "if isolated():\n    os.killpg(0, signal.SIGKILL)",
        reported=None,
    ),
    call(
        "kill-its-group-in-a-call",
        "the same within a call, where the grader waits",
        ISOLATED + "if isolated():\n    os.kill(0, signal.SIGKILL)",
    ),
    own(
        "kill-its-parent",
        "kills its parent, and whoever has an id near its own",
        ISOLATED
        + """\
if isolated():
    for pid in [os.getppid(), *range(1, 40)]:
        if pid not in (0, os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
""",
        reported=None,
    ),
    own(
        "stop-its-parent",
        "stops its parent and its group with SIGSTOP",
        ISOLATED
        + """\
if isolated():
    for pid in [os.getppid(), *range(1, 40)]:
        if pid not in (0, os.getpid()):
            try:
                os.kill(pid, signal.SIGSTOP)
            except OSError:
                pass
    os.kill(0, signal.SIGSTOP)
""",
        reported=None,
    ),
    Case(
        "interrupt-its-parent-in-a-call",
        "stopping",
        "sends its parents the signals that end a grader politely",
        in_call(
            ISOLATED
            + """\
if isolated():
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE:
        signal.signal(number, signal.SIG_IGN) if number != signal.SIGALRM else None
        for pid in [os.getppid(), 0, *range(1, 40)]:
            try:
                os.kill(pid, number)
            except OSError:
                pass
raise ValueError("done")
"""
        ),
        # it may well hit what waits for its own later tests
        {test: LOST[test] for test in list(LOST)[:4]},
    ),
    own(
        "orphans",
        "leaves processes behind, in sessions of their own",
        """\
import os, signal, subprocess, sys, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            time.sleep(120)
        os._exit(0)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"], start_new_session=True)
""",
        reported=None,
        nbgrader=True,
    ),
    call(
        "orphans-in-a-call",
        "the same within a call",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(120)\n"
        "    os._exit(0)\nraise ValueError('done')",
        reported=None,
    ),
    own(
        "busy-orphans",
        "leaves processes behind that take the processor's time",
        "import os, time\nfor _ in range(8):\n    if os.fork() == 0:\n"
        "        end = time.time() + 60\n        while time.time() < end: pass\n"
        "        os._exit(0)",
        reported=None,
    ),
)

OUTSIDE = (
    own(
        "network",
        "sends to servers on this machine and elsewhere, and asks for names",
        """\
import socket
def tell(kind, address, family=socket.AF_INET):
    try:
        s = socket.socket(family, kind)
        s.settimeout(0.3)
        s.connect(address)
        s.send(b"@name@\\n")
        s.close()
    except OSError:
        return
    except (ValueError, OverflowError):
        return
for host in "127.0.0.1", "0.0.0.0", "localhost", "127.1.1.1":
    tell(socket.SOCK_STREAM, (host, @tcp@))
    tell(socket.SOCK_DGRAM, (host, @tcp@))
tell(socket.SOCK_STREAM, ("::1", @tcp@, 0, 0), socket.AF_INET6)
tell(socket.SOCK_STREAM, "@unix@", socket.AF_UNIX)
tell(socket.SOCK_STREAM, "\\0@unix@", socket.AF_UNIX)
try:
    socket.getaddrinfo("course.invalid", 80)
except OSError:
    pass
""",
        reported=None,
        nbgrader=True,
    ),
    call(
        "network-in-a-call",
        "the same within a call",
        """\
import socket
for family, address in ((socket.AF_INET, ("127.0.0.1", @tcp@)), (socket.AF_UNIX, "\\0@unix@")):
    try:
        s = socket.socket(family)
        s.settimeout(0.3)
        s.connect(address)
        s.send(b"@name@\\n")
    except OSError:
        pass
raise ValueError("done")
""",
        reported=None,
    ),
    own(
        "strange-sockets",
        "opens sockets of kinds that a course never needs, to the kernel and to other machines",
        """\
import socket
opened = []
for family in range(46):
    for kind in 1, 2, 3, 5:
        try:
            socket.socket(family, kind, 0)
            opened.append((family, kind))
        except OSError:
            pass
if any(family not in (1, 2, 10) for family, kind in opened):
    print("FOU" + "ND", opened)
""",
        reported=None,
    ),
    own(
        "strange-calls",
        "makes system calls that exploits like",
        """\
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
done = [number for number in (
    425, 323, 321, 298, 250, 248, 304, 246, 175, 155, 165, 272, 308, 101, 310, 435)
    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0]
if done:
    print("FOU" + "ND", done)
""",
        reported=None,
    ),
    own(
        "devices",
        "writes to terminals and devices",
        """\
import fcntl, glob, os, termios
for path in ["/dev/tty", "/dev/console", "/dev/mem", "/dev/kmsg", *glob.glob("/dev/pts/[0-9]*"),
             *glob.glob("/dev/[sv]d*"), "/proc/sysrq-trigger", "/sys/power/state"]:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        continue
    if path != "/dev/tty":
        print("FOU" + "ND", path)
for fd in range(3):
    try:
        fcntl.ioctl(fd, termios.TIOCSTI, b"#")
        print("FOU" + "ND TIOCSTI")
    except OSError:
        pass
""",
        reported=None,
    ),
    own(
        "shell",
        "runs commands by magics and subprocesses",
        "!touch @canary@; cat @course@/gradebook.db | head -c 100; ls @course@ && echo FOU''ND\n"
        "%cd @course@\n%sx touch @canary@\n%pip --version\n%run @course@/nbgrader_config.py\n"
        "import webbrowser\nwebbrowser.open('http://127.0.0.1:@tcp@/@name@')",
        reported=None,
    ),
)

CASES = (*LOOPS, *ENDS, *OUTPUT, *BOMBS, *KILLERS, *OUTSIDE)
