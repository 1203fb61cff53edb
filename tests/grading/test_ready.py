"""What workers on this machine do before the first submission comes."""

import contextlib
import gc
import signal
import threading

import pytest

from bpkit.grading import ready
from bpkit.grading.jail import JailUnavailable
from bpkit.grading.ready import Ready


@pytest.fixture
def begun(monkeypatch):
    """What was started, once the threads that start it have ended."""
    started = []

    @contextlib.contextmanager
    def on_duty(hides, unsafe_no_jail):
        started.append((hides, unsafe_no_jail))
        if not hides:
            raise JailUnavailable("not on this machine")
        yield

    def set_up(hides):
        before = set(threading.enumerate())
        Ready(hides).setup(worker=None)
        for thread in set(threading.enumerate()) - before:
            thread.join()
        return started

    monkeypatch.setattr(ready, "on_duty", on_duty)
    monkeypatch.setattr(ready, "stay_as_it_is", gc.collect)  # it would stay so in these tests
    interrupt = signal.getsignal(signal.SIGINT)
    yield set_up
    signal.signal(signal.SIGINT, interrupt)


def test_a_worker_starts_what_its_submissions_need(begun):
    assert begun(frozenset({"network"})) == [(frozenset({"network"}), False)]


def test_without_a_jail_there_is_nothing_to_start(begun):
    assert begun(None) == []


@pytest.mark.filterwarnings("error")
def test_a_machine_without_jails_is_told_by_the_first_submission(begun):
    assert begun(frozenset()) == [(frozenset(), False)]


def test_an_interrupt_is_for_the_grader_alone(begun):
    begun(None)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
