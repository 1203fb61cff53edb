"""The student's side: runs the notebook's cells, and answers for them when they are examined.

It sits in the jail, and everything in it may be changed by the cells that it runs: nothing that it
says is believed, nothing that must stay secret comes here. It never sees a test cell. Where one
stands in the notebook it makes a *snapshot*: a fork that keeps the state of just then, and waits at
a socket of its own to be asked for values and calls.

Requests to the session: ``run`` a cell, make a ``snapshot``, tell how a snapshot ``ended``.
Requests to a snapshot: all ``names``; ``get`` one of them; ``call`` an object; an ``attribute`` of
it; the ``next`` value of an iterator; get or ``set`` global names of a function.
"""

import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from bpkit.grading.recorder import CellRecorder, TimeLimit, time_limit, warm_drawing
from bpkit.grading.wire import (
    LARGE_HEAD_LIMIT,
    Channel,
    Closed,
    Message,
    WireError,
    describe,
    pack,
    revive,
    unpack_frame,
)

ENDING_TAKES = 0.5
"""Seconds in which a process whose socket is closed should be gone."""
ANSWERS_SIZE = 4 << 20
"""Bytes of answers that go over in one message."""
TRACEBACK_LIMIT = 5000
TOO_MUCH = {
    "output_type": "error",
    "ename": "TooMuch",
    "evalue": "the cell put out more than can be kept",
    "traceback": ["TooMuch: the cell put out more than can be kept"],
}
PLAIN = (type(None), bool, int, float, str)
MAY_CHANGE = (np.ndarray, list, dict, set, np.random.Generator)


def prepare() -> None:
    """Do now, once, what all sessions that are forked from this process have in common."""
    warm_drawing()


def main(door: int) -> None:
    """Serve the grader at a socket, until it is closed."""
    os.environ["NBGRADER_EXECUTION"] = "autograde"
    # as process 1 of its namespace it hears no signal that it has no handler for
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.path.insert(0, os.getcwd())
    Session(Channel(socket.socket(fileno=door))).serve()


class Session:
    """Runs cells, one after the other, as the grader asks for them."""

    def __init__(self, channel: Channel):
        self.channel = channel
        self.recorder = CellRecorder()
        self.snapshots: list[int] = []
        self.before: dict[str, Any] = {}

    def serve(self) -> None:
        """Answer requests until nobody is there to ask."""
        while True:
            try:
                request = self.channel.receive(head_limit=LARGE_HEAD_LIMIT, take_fd=True)
                if request["op"] == "run":
                    limits = request["seconds"], request["limit"]
                    outputs = self.recorder.run(request["source"], *limits)
                    try:
                        self.channel.send({"outputs": json.dumps(outputs)})
                    except WireError:
                        self.channel.send({"outputs": json.dumps([TOO_MUCH])})
                elif request["op"] == "snapshot":
                    self.channel.send(self._snapshot(self.channel.fds.pop()))
                else:
                    self.channel.send({"status": self._ended(request["snapshot"])})
            except Closed:
                return

    def _snapshot(self, fd: int) -> Message:
        """Fork; the fork serves the socket, and never returns."""
        namespace = self.recorder.shell.user_ns
        before, self.before = self.before, dict(namespace)
        fresh = [name for name, value in namespace.items() if before.get(name, before) is not value]
        try:
            pid = os.fork()
        except OSError as error:
            return {"refused": f"there is no room for one more process ({error.strerror})"}
        if pid:
            os.close(fd)
            self.snapshots.append(pid)
            return {}
        status = 1
        try:
            # a group of its own: what a test's call does to its group is not for the other tests
            os.setsid()
            # what is here now stays: this process need not look through it
            gc.freeze()
            self.channel.close()
            self.recorder.stop()
            Snapshot(Channel(socket.socket(fileno=fd)), namespace, fresh).serve()
            status = 0
        finally:
            # no exit handlers of student code, and no waiting for its threads
            os._exit(status)

    def _ended(self, number: int) -> int | None:
        """The exit status of a snapshot, 128 + n if signal n ended it; None if it lives on."""
        until = time.monotonic() + ENDING_TAKES
        while time.monotonic() < until:
            try:
                pid, status = os.waitpid(self.snapshots[number], os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            time.sleep(0.005)
        return None


class Snapshot:
    """The state of the notebook at one of its test cells."""

    def __init__(self, channel: Channel, namespace: dict[str, Any], fresh: list[str]):
        self.channel, self.namespace, self.fresh = channel, namespace, fresh
        self.objects: list[Any] = []
        self.numbers: dict[int, int] = {}

    def serve(self) -> None:
        """Answer requests until nobody is there to ask."""
        while True:
            try:
                request = self.channel.receive(self.resolve)
                # what has no "op" answers a call that ran out of time
                if "op" in request:
                    self.channel.send_frame(self.answer(request))
            except Closed:
                return

    def answer(self, request: Message) -> bytes:
        """The frame that answers a request: ``value`` or ``error``."""
        namespace: dict[str, Any] | None = self.namespace
        try:
            with time_limit(request["seconds"], self.namespace):
                if "handle" in request:
                    namespace = getattr(self.objects[request["handle"]], "__globals__", None)
                return pack(self.ANSWERS[request["op"]](self, request), self.refer)
        except BaseException as error:
            return pack({"error": _told(error, namespace)})

    def _names(self, request: Message) -> Message:
        names = [name for name in self.namespace if type(name) is str]
        return {"names": names, "fresh": self.fresh}

    def _get(self, request: Message) -> Message:
        value = self.namespace[request["name"]]
        try:
            pack({"value": value}, self.refer)
        except WireError:
            return {"value": _Kept(value)}
        return {"value": value}

    def _call(self, request: Message) -> Message:
        function = self.objects[request["handle"]]
        with np.errstate(**request["errors"]):
            return self._called(function, request["args"], request["kwargs"])

    def _call_all(self, request: Message) -> Message:
        """A frame for each call, as if it were alone: the next one may change the answer.

        Calls whose answers would not go over well in the same message are left to the next one.
        """
        function = self.objects[request["handle"]]
        namespace = getattr(function, "__globals__", None)
        frames: list[bytes] = []
        size = 0
        with np.errstate(**request["errors"]):
            for call in request["calls"]:
                try:
                    args = unpack_frame(call, self.resolve)["args"]
                    frames.append(pack(self._called(function, args, {}), self.refer))
                except TimeLimit:
                    raise
                except BaseException as error:
                    frames.append(pack({"error": _told(error, namespace)}))
                size += len(frames[-1])
                if size > ANSWERS_SIZE:
                    break
        return {"frames": frames}

    def _called(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Message:
        passed = [*enumerate(args), *kwargs.items()]
        passed = [(key, value) for key, value in passed if isinstance(value, MAY_CHANGE)]
        before = [self._content(value) for _, value in passed]
        answer = function(*args, **kwargs)
        after = [self._content(value) for _, value in passed]
        changed = [pair for pair, x, y in zip(passed, before, after) if x != y]
        return {"value": answer, "changed": changed}

    def _content(self, value: Any) -> Any:
        """Something by which a change of an argument is noticed."""
        if isinstance(value, np.ndarray):
            return value.shape, value.tobytes()
        if isinstance(value, list):
            return [self._content(item) for item in value]
        if type(value) in PLAIN:
            return repr(value)
        return pack({"value": value}, self.refer)

    def _attribute(self, request: Message) -> Message:
        return {"value": getattr(self.objects[request["handle"]], request["name"])}

    def _next(self, request: Message) -> Message:
        try:
            return {"value": next(self.objects[request["handle"]])}
        except StopIteration:
            return {"end": True}

    def _globals(self, request: Message) -> Message:
        theirs = getattr(self.objects[request["handle"]], "__globals__", {})
        return {"value": {name: theirs[name] for name in request["names"] if name in theirs}}

    def _set(self, request: Message) -> Message:
        self.objects[request["handle"]].__globals__.update(request["values"])
        return {"value": None}

    ANSWERS: dict[str, Callable[["Snapshot", Message], Message]] = {
        "names": _names,
        "get": _get,
        "call": _call,
        "call_all": _call_all,
        "attribute": _attribute,
        "next": _next,
        "globals": _globals,
        "set": _set,
    }

    def refer(self, value: Any) -> dict[str, Any]:
        """What goes to the grader in the place of an object that stays here."""
        if isinstance(value, _Kept):
            value = value.value
        number = self.numbers.setdefault(id(value), len(self.objects))
        if number == len(self.objects):
            self.objects.append(value)
        return {
            "$": "handle",
            "id": number,
            "type": type(value).__name__,
            "callable": callable(value),
            "iterator": hasattr(type(value), "__next__"),
        }

    def resolve(self, node: dict[str, Any]) -> Any:
        """The object that the grader means: one from here, or a function that calls the grader."""
        number = node["id"]
        if node["$"] == "handle":
            return self.objects[number]

        def callback(*args: Any, **kwargs: Any) -> Any:
            message = {"op": "callback", "id": number, "args": list(args), "kwargs": kwargs}
            self.channel.send_frame(pack(message, self.refer))
            while True:
                reply = self.channel.receive(self.resolve)
                if "op" not in reply:
                    break
                self.channel.send_frame(self.answer(reply))
            if "error" in reply:
                raise revive(reply["error"])
            return reply["value"]

        return callback


class _Kept:
    """Data that is too large to go over, and stays here like any other object."""

    def __init__(self, value: Any):
        self.value = value


def _told(error: BaseException, namespace: dict[str, Any] | None) -> Message:
    """An exception as data, with where it comes from in the student's own lines."""
    if isinstance(error, TimeLimit):
        return {"type": "TimeLimit", "message": str(error), "where": error.where}
    told = describe(error)
    frames = [
        frame
        for frame, (at, _) in zip(
            traceback.extract_tb(error.__traceback__), traceback.walk_tb(error.__traceback__)
        )
        if at.f_globals is namespace
    ]
    if frames:
        told["where"] = [frames[-1].name, frames[-1].lineno, frames[-1].line or ""]
        lines = "".join(traceback.format_list(frames))
        told["traceback"] = lines[-TRACEBACK_LIMIT:]
    return told
