"""Submissions on several processes and machines: none is lost, none is graded twice."""

import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import dask
import psutil
import pytest
from click.testing import CliRunner

from bpkit.cli import commands
from bpkit.grading import cluster, execution
from bpkit.grading.course import UsageError
from bpkit.grading.execution import Settings
from bpkit.grading.grade import Where, grade
from bpkit.grading.save import Saver
from bpkit.grading.work import Work
from tests.grading.courses import (
    ASSIGNMENT,
    NOTEBOOK,
    RIGHT,
    WRONG,
    answer,
    at_once,
    hand_in,
    make_released_course,
)
from tests.grading.gradebooks import contents
from tests.grading.pretend import KILLS, pretend

PRETEND = Path(__file__).with_name("pretend.py")
SLOW = "import time\ntime.sleep(0.3)\n"


@pytest.fixture
def course(tmp_path):
    return make_released_course(tmp_path / "course")


@pytest.fixture
def pretending():
    """Workers that execute nothing in jails."""
    with dask.config.set({"distributed.worker.preload": [str(PRETEND)]}):
        yield


def submit(course, **answers):
    for student, code in answers.items():
        hand_in(course.root / "submitted", f"{student}/{ASSIGNMENT}", answer(course, code))


def scores(course):
    return {
        student: [mark for mark, *_ in notebooks["numbers"][2].values()]
        for student, (_, notebooks) in contents(course, ASSIGNMENT).items()
    }


@pytest.fixture
def saves(monkeypatch):
    """Who was saved, in order."""
    students = []
    original = Saver.save

    def save(self, work, executed):
        students.append(work.student)
        return original(self, work, executed)

    monkeypatch.setattr(Saver, "save", save)
    return students


@pytest.mark.jail
def test_marks_are_the_same_however_many_at_a_time(course, saves):
    class_ = {f"s{n}": RIGHT if n % 3 else WRONG for n in range(6)}
    submit(course, **class_)
    done = grade(course, ASSIGNMENT, at_once, where=Where(jobs=2))
    assert sorted(saves) == sorted(done.graded) == sorted(class_) and not done.attention
    marked = contents(course, ASSIGNMENT)
    grade(course, ASSIGNMENT, at_once, force=True, where=Where(jobs=1))
    assert contents(course, ASSIGNMENT) == marked


def test_who_kills_its_worker_three_times_is_set_aside(
    course, saves, pretending, monkeypatch, tmp_path
):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    class_ = {f"s{n}": RIGHT for n in range(6)}
    submit(course, **class_, killer=f"{RIGHT}\n{KILLS}")
    done = grade(course, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=2))
    (told,) = done.attention
    assert told.student == "killer"
    assert told.reason.startswith(
        "numbers.ipynb killed 3 processes that ran it: it is not run agai"
    )
    assert sorted(saves) == sorted(done.graded) == sorted(class_)
    with course.gradebook() as gradebook:
        assert gradebook.find_student("killer").submissions == []
    kept = course.quarantine("killer", ASSIGNMENT) / NOTEBOOK
    handed_in = course.submitted("killer", ASSIGNMENT) / NOTEBOOK
    assert kept.read_bytes() == handed_in.read_bytes()

    assert not list((tmp_path / "tmp").iterdir()), "killed processes leave things behind"

    # the next command does not run it again, and still says so
    options = {"unsafe_no_jail": True, "where": Where(jobs=2)}
    again = grade(course, ASSIGNMENT, at_once, **options)
    assert again.graded == () and len(again.already) == 6 and again.attention == done.attention
    assert sorted(saves) == sorted(class_)

    # until it is another one
    monkeypatch.setattr(execution, "execute_notebook", pretend)
    submit(course, killer=RIGHT)
    mended = grade(course, ASSIGNMENT, at_once, **options)
    assert mended.graded == ("killer",) and mended.attention == ()


def test_one_slow_student_holds_up_nobody(course, saves, pretending):
    submit(
        course, a_slow="import time\ntime.sleep(6)\n" + RIGHT, **{f"s{n}": RIGHT for n in "1234567"}
    )
    grade(course, ASSIGNMENT, at_once, unsafe_no_jail=True, where=Where(jobs=2))
    assert len(saves) == 8 and saves[-1] == "a_slow"


def test_nobody_else_can_talk_to_the_processes(course, pretending, tmp_path):
    """They listen on the loopback interface only, and hang up on who has no certificate."""
    before = {child.pid for child in psutil.Process().children()}
    with cluster.on_this_machine(Settings(), 1, tmp_path, frozenset()) as run:
        list(run([Work("ada", {}, {}, None, ())]))
        mine = psutil.Process()
        family = [mine, *(c for c in mine.children(recursive=True) if c.pid not in before)]
        listening = {
            connection.laddr
            for process in family
            for connection in process.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening and {address.ip for address in listening} == {"127.0.0.1"}
        for address in listening:
            assert answer_to_a_stranger(address).startswith((b"HTTP/1.1 404", b"refused"))


def answer_to_a_stranger(address):
    """What somebody hears who has no certificate: first in plain text, then encrypted."""
    question = b"GET /json/identity.json HTTP/1.0\r\n\r\n"
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(question)
        with contextlib.suppress(ConnectionResetError):
            if answer := connection.recv(100):
                return answer
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection(address, timeout=20) as connection,
            context.wrap_socket(connection) as encrypted,
        ):
            encrypted.sendall(question)
            return encrypted.recv(100)
    except (ssl.SSLError, ConnectionResetError) as error:
        return f"refused: {error}".encode()


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler in a process of its own; its address."""
    note = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    command += ["--port", "0", "--no-dashboard", "--scheduler-file", str(note)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    until = time.monotonic() + 60
    while not (note.exists() and note.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    yield json.loads(note.read_text())["address"]
    process.kill()
    process.wait()


@pytest.fixture
def start_worker(scheduler, tmp_path, course):
    """Starts workers; where root runs this they cannot see the course's folder at all."""
    workers = []

    def begin(name, *options):
        folder = tmp_path / name
        folder.mkdir()
        command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler]
        command += ["--nthreads", "1", "--no-dashboard", "--name", name, *options]
        if os.geteuid() == 0:
            hide = 'mount -t tmpfs none "$0" && exec "$@"'
            command = ["unshare", "--mount", "sh", "-c", hide, str(course.root), *command]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "TMPDIR": str(folder)}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        log = (tmp_path / f"{name}.log").open("wb")
        workers.append(
            subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        )
        return workers[-1]

    yield begin
    for worker in workers:
        worker.kill()
        worker.wait()


@pytest.mark.slow
@pytest.mark.jail
def test_a_worker_that_dies_loses_nothing(course, saves, scheduler, start_worker):
    """Two workers without the course's folder; one is killed when it is busiest."""
    class_ = {f"s{n:02}": RIGHT if n % 3 else WRONG for n in range(12)}
    submit(course, **{student: SLOW + code for student, code in class_.items()})
    victim, _ = start_worker("first", "--no-nanny"), start_worker("second", "--no-nanny")

    def track(arrivals, what):
        for number, arrival in enumerate(arrivals):
            if number == 3:
                victim.send_signal(signal.SIGKILL)
            yield arrival

    done = grade(course, ASSIGNMENT, track, where=Where(scheduler=scheduler))
    assert victim.wait() == -signal.SIGKILL
    assert sorted(saves) == sorted(done.graded) == sorted(class_) and not done.attention
    assert scores(course) == {
        student: [2, 1, None] if code is RIGHT else [0, 0, None] for student, code in class_.items()
    }


def test_no_scheduler_is_one_sentence(course, monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_TAKES", 1)
    submit(course, ada=RIGHT)
    with pytest.raises(UsageError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"):
        grade(course, ASSIGNMENT, at_once, where=Where(scheduler="tcp://127.0.0.1:9"))


def test_another_server_at_the_address_is_one_sentence(course, monkeypatch):
    """The port of Dask's dashboard is easily taken for the scheduler's."""
    monkeypatch.setattr(cluster, "ANSWER_TAKES", 1)
    submit(course, ada=RIGHT)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_port}"
        with pytest.raises(UsageError, match=f"no Dask scheduler answers at {address}"):
            grade(course, ASSIGNMENT, at_once, where=Where(scheduler=address))
        server.shutdown()


@pytest.mark.slow
def test_no_worker_is_one_sentence(course, scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS_TAKE", 1)
    monkeypatch.setattr(cluster, "LOOK_EVERY", 0.5)
    submit(course, ada=RIGHT)
    with pytest.raises(UsageError, match=f"no worker is connected to {scheduler}"):
        grade(course, ASSIGNMENT, at_once, where=Where(scheduler=scheduler))
    assert not list(course.root.glob(".grading-*"))


@pytest.mark.slow
def test_memory_and_work_do_not_grow_with_the_class(course, monkeypatch, pretending):
    """Of 600 submissions the last two hundred cost what the first did, Dask's share included."""
    submit(course, s000=RIGHT)
    for number in range(1, 600):
        shutil.copytree(
            course.submitted("s000", ASSIGNMENT), course.submitted(f"s{number:03}", ASSIGNMENT)
        )
    me = psutil.Process()
    seen = []

    def track(arrivals, what):
        for arrival in arrivals:
            seen.append((time.process_time(), me.memory_info().rss))
            yield arrival

    done = grade(course, ASSIGNMENT, track, unsafe_no_jail=True, where=Where(jobs=2))
    assert len(done.graded) == len(seen) == 600
    used = [after - before for (before, _), (after, _) in zip(seen, seen[1:])]
    first, last = median(used[50:250]), median(used[-200:])
    assert last < 1.3 * first, (first, last)
    assert seen[-1][1] < 1.1 * seen[50][1]


def test_this_machine_or_others_but_not_both():
    options = ["grade", ASSIGNMENT, "--jobs", "2", "--scheduler", "tcp://127.0.0.1:9"]
    result = CliRunner().invoke(commands, options)
    assert result.exit_code == 2 and "name one" in result.output
