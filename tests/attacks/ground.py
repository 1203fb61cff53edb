"""A course in which everybody but five attacks: built, graded, and looked at afterwards."""

import ctypes
import hashlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook

from bpkit.grading.course import open_course
from bpkit.grading.release import release
from tests.attacks.case import ASSIGNMENT, NOTEBOOK, SOURCE, Case, Ground

REPOSITORY = Path(__file__).parents[2]
CELL, TOTAL = 3, 15
"""Seconds that a cell and a notebook get on a quiet machine: those who wait hold up the class."""
BUSIEST = 3
"""How many times that they get on a busy one; with more, those who are too slow would not be."""
BOUNDED = 'ulimit -f 4194304 -v 8388608 -c 0; exec "$@"'
"""A grader that is fooled into copying without an end stops at 2 GB of disk, or 8 GB of memory."""
KILLED = -9
SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER of prctl(2): orphans below this process become its children."""


@dataclass(frozen=True)
class Place:
    """A course with its submissions, and all that an attack could reach for."""

    root: Path
    ground: Ground
    secret: str
    """Stands in files, in the environment and in other people's work; nothing may show it."""
    heard: Counter[str]
    """Who has reached a server, by the name that they sent."""

    @property
    def course(self) -> Path:
        """The course directory."""
        return self.root / "course"

    def canary(self, case: Case) -> Path:
        """The file that only an escape of this case can make."""
        return self.root / "canaries" / case.name

    def graded(self, case: Case) -> Path:
        """The graded notebook."""
        return self.course / "autograded" / case.name / ASSIGNMENT / NOTEBOOK

    def page(self, case: Case) -> Path:
        """The feedback."""
        folder = self.course / "feedback" / case.name / ASSIGNMENT
        return folder / NOTEBOOK.replace(".ipynb", ".html")


@contextmanager
def build(root: Path, cases: Sequence[Case]) -> Iterator[Place]:
    """Make the course with its submissions in ``root``, servers to be reached and a victim."""
    secret = f"secret-{secrets.token_hex(8)}"
    for name in "canaries", "tmp", "home":
        (root / name).mkdir()
        (root / name).chmod(0o777)  # nothing but the jail may stand in the way
    root.chmod(0o755)
    (root / "home" / ".netrc").write_text(f"machine x login y password {secret}\n")
    make_course(root / "course", secret)
    heard: Counter[str] = Counter()
    with _servers(root / "server", heard) as port, _victim() as victim:
        ground = Ground(
            course=str(root / "course"),
            repository=str(REPOSITORY),
            home=str(root / "home"),
            tcp=str(port),
            unix=str(root / "server"),
            victim=str(victim.pid),
        )
        place = Place(root, ground, secret, heard)
        for case in cases:
            hand_in(place, case)
        yield place
        alive = victim.poll() is None and _state(victim.pid) == "S"
    assert alive, "the victim was killed or stopped"


def make_course(course: Path, secret: str) -> None:
    """A course with the repository's own configuration, released, with short time limits."""
    folder = course / "solutions" / ASSIGNMENT
    folder.mkdir(parents=True)
    shutil.copyfile(SOURCE, folder / NOTEBOOK)
    config = (REPOSITORY / "nbgrader_config.py").read_text(encoding="utf-8")
    limits = f"c.JailedExecute.cell_timeout = {CELL * patience()}\n"
    limits += f"c.JailedExecute.total_timeout = {TOTAL * patience()}\n"
    (course / "nbgrader_config.py").write_text(f"{config}\n{limits}# {secret}\n", encoding="utf-8")
    release(open_course(course), ASSIGNMENT)


def patience() -> float:
    """How many times as long as on a quiet machine everything may take on this one now."""
    return min(max(1, os.getloadavg()[0] / len(os.sched_getaffinity(0))), BUSIEST)


def hand_in(place: Place, case: Case) -> None:
    """Put a case's files where submissions lie."""
    ground = replace(place.ground, canary=str(place.canary(case)), name=case.name)
    released = (place.course / "exercises" / ASSIGNMENT / NOTEBOOK).read_bytes()
    folder = place.course / "submitted" / case.name / ASSIGNMENT
    folder.mkdir(parents=True)
    for name, content in case.make(ground, released).items():
        if callable(content):
            content(folder / name)
        else:
            (folder / name).write_bytes(content)
    if case.kind == "honest":
        (folder / "timestamp.txt").write_text("2025-03-14 18:00:00 UTC")
        (folder / "notes.txt").write_text(place.secret)


def run(
    place: Place, *command: str, timeout: float, around: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a Python program of the course's in it, as an instructor would, in a session of its own.

    What takes longer than ``timeout`` seconds is killed: its status is then `KILLED`. For what it
    leaves behind see `reap_orphans`.

    Parameters
    ----------
    around : a program that is run in its place, with its command line at the end.
    """
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ},
        "HOME": str(place.root / "home"),
        "TMPDIR": str(place.root / "tmp"),
        "COLUMNS": "1000",
        "OPENBLAS_NUM_THREADS": "1",
        "SECRET_TOKEN": place.secret,
    }
    process = subprocess.Popen(
        ["sh", "-c", BOUNDED, "sh", *around, sys.executable, *command],
        cwd=place.course,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",  # plain nbgrader passes on what a submission writes
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        stdout, stderr = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)


@contextmanager
def adopting() -> Iterator[None]:
    """Become the parent of what outlives the programs that are run meanwhile."""
    libc = ctypes.CDLL(None)
    libc.prctl(SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(SUBREAPER, 0, 0, 0, 0)


def children() -> set[int]:
    """The processes whose parent this one is."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def reap_orphans(before: set[int]) -> list[str]:
    """End what has become a child of this process since; its command lines."""
    time.sleep(0.5)
    found = []
    for pid in children() - before:
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if _state(pid) != "Z":
                found.append(line)
                os.kill(pid, 9)
            os.waitpid(pid, 0)
        except (OSError, ProcessLookupError):
            continue
    return found


def _state(pid: int) -> str:
    """The letter by which the kernel tells what a process does: S sleeps, T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def _victim() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "3600"]) as victim:
        try:
            yield victim
        finally:
            victim.kill()


@contextmanager
def _servers(path: Path, heard: Counter[str]) -> Iterator[int]:
    """Servers on TCP, UDP and Unix sockets that note who comes; yields the port."""
    tcp = socket.create_server(("0.0.0.0", 0))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", port))
    named, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    named.bind(str(path))
    path.chmod(0o777)
    abstract.bind(f"\0{path}")
    open_ones = [tcp, udp, named, abstract]
    over = threading.Event()

    def listen(server: socket.socket) -> None:
        server.settimeout(0.2)
        if server is not udp:
            server.listen()
        while not over.is_set():
            try:
                if server is udp:
                    data = server.recv(1000)
                else:
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(1)
                        data = connection.recv(1000)
            except OSError:
                continue
            heard[data.decode(errors="replace").strip()] += 1

    threads = [threading.Thread(target=listen, args=(server,)) for server in open_ones]
    for thread in threads:
        thread.start()
    try:
        yield port
    finally:
        over.set()
        for thread in threads:
            thread.join()
        for server in open_ones:
            server.close()


def fingerprint(place: Place) -> dict[str, str]:
    """What must not change: the submissions, the sources, the release and the configuration."""
    prints = {}
    for name in "submitted", "solutions", "exercises", "nbgrader_config.py":
        top = place.course / name
        for path in [top, *top.rglob("*")]:
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 26:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                digest = oct(path.lstat().st_mode)
            prints[str(path.relative_to(place.course))] = digest
    return prints


def marks_of(course: Path) -> dict[str, dict[str, Any]]:
    """The marks of all tests in the gradebook, by student and test, read past bpkit.

    A mark that somebody gave by hand, or extra, stands under its own name: nobody did.
    """
    marks: dict[str, dict[str, Any]] = {}
    with Gradebook(f"sqlite:///{course}/gradebook.db", "backpropagation") as gradebook:
        for submission in gradebook.assignment_submissions(ASSIGNMENT):
            given = marks.setdefault(submission.student_id, {})
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    if grade.name.startswith("test-") and grade.auto_score is not None:
                        given[grade.name] = grade.auto_score
                    if grade.manual_score is not None or grade.extra_credit:
                        given[f"by hand: {grade.name}"] = grade.manual_score
    return marks


def lines_about(case: Case, text: str) -> str:
    """What a command's output says of one student, in its table of those who need a human."""
    return "\n".join(
        line for line in text.splitlines() if re.match(rf"{re.escape(case.name)} ", line.strip())
    )


class _Active(HTMLParser):
    """Collects all in a page that could run, load, cover or hide something."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, ...]] = set()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ACTIVE_TAGS:
            self.found.add((tag, *(f"{name}={value}"[:100] for name, value in attrs)))
        for name, value in attrs:
            if name.startswith("on") or name in ACTIVE_ATTRIBUTES:
                active = not (name == "style" and HARMLESS_STYLE.fullmatch(value or ""))
            else:
                active = name in ADDRESSES and not _is_harmless(tag, value or "")
            if active:
                self.found.add((tag, name, (value or "")[:100]))
        if tag in ("script", "style", "pre"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and tag == self.open[-1]:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open:
            self.text.append(data)
        elif self.open[-1] != "pre":
            self.found.add((self.open[-1], hashlib.sha256(data.encode()).hexdigest()))


ACTIVE_TAGS = {
    *("script", "style", "iframe", "object", "embed", "form", "base", "meta", "link", "svg"),
    *("input", "button"),
}
ACTIVE_ATTRIBUTES = {"srcdoc", "style", "action", "formaction", "ping"}
ADDRESSES = {"src", "href", "data", "poster", "background", "srcset", "xlink:href"}
HARMLESS_STYLE = re.compile(
    r"(\s*((background-)?color: ?[\w(), ]+|font-weight: bold|text-decoration: underline"
    r"|font-style: italic|(max-)?(width|height): ?[\w%.]+|text-align: ?\w+);?)*\s*"
)
PICTURE = re.compile(r"data:image/(png|jpeg);base64,[a-z0-9+/=]*")
FORMULA_LINK = re.compile(r"\\href\s*{\s*(?:javascript|data|vbscript):[^}]{0,50}")


def _is_harmless(tag: str, address: str) -> bool:
    """Whether an address runs nothing, and tells nobody who reads the page."""
    address = re.sub(r"[\s\x00-\x20]", "", address).lower()
    if tag == "a" and re.match(r"(https?|mailto):", address):
        return True
    here = ":" not in address.partition("/")[0] and not address.startswith("//")
    return here or bool(PICTURE.fullmatch(address))


def active_content(page: str) -> set[tuple[str, ...]]:
    """What in a page could run, load or hide something, to be compared with an honest page's."""
    parser = _Active()
    parser.feed(page)
    parser.close()
    links = FORMULA_LINK.findall("".join(parser.text))
    return parser.found | {("formula", link) for link in links}
