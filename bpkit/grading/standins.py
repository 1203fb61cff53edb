"""Stand-ins for the student's objects, on the judge's side.

A stand-in can be called, or asked for a public attribute, or, if it is an iterator, for its next
value; what comes back is data, or another stand-in. It decides nothing: it is not compared, not
true or false, and no number.

What a call does to its arguments happens on the other side. It is made to happen here too only
where nothing else can be meant: if the call returns nothing, and of random generators. So an
answer cannot change the numbers that it will be compared with.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from traceback import FrameSummary
from typing import Any, NoReturn

import numpy as np

from bpkit.grading.recorder import Ended, TimeLimit
from bpkit.grading.wire import (
    Channel,
    Closed,
    Message,
    WireError,
    describe,
    pack,
    revive,
    unpack_frame,
)

GRACE = 1.5
"""Seconds beyond a time limit in which the other side can still stop by itself."""
CALLBACK_LIMIT = 100_000
CALLS_SIZE = 1 << 19
"""Bytes of calls that go over in one message."""
TIMEOUTS = 2
"""How often a function may run out of time in one submission before it is not called again."""
LINE_LIMIT = 200
INCOMPLETE = "its answer cannot be read: it is incomplete"

Changes = list[tuple[Any, Any]]
"""Pairs of an argument, and the content that it has on the other side now."""


class Stopped(Ended):
    """Ends a test when its other side does."""

    def __init__(self, reason: str):
        super().__init__(f"the cell was stopped: {reason}")


def _refused(what: str) -> Callable[..., NoReturn]:
    def refuse(self: "StudentObject", *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{self!r} cannot be {what} while it is graded: only data can")

    return refuse


class StudentObject:
    """Stands for an object of the student's."""

    __array_ufunc__ = None
    __eq__ = __ne__ = _refused("compared")  # type: ignore[assignment]
    __bool__ = _refused("true or false")
    __hash__ = _refused("a key")  # type: ignore[assignment]
    __array__ = _refused("an array")
    __reduce_ex__ = _refused("copied")  # type: ignore[assignment]

    def __init__(self, remote: "Remote", id: int, kind: str):
        self._remote, self._id, self._kind = remote, id, kind

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{self!r} has no {name} while it is graded")
        return self._remote.ask("attribute", handle=self._id, name=name)["value"]

    def __repr__(self) -> str:
        return f"<a student's {self._kind}>"


class StudentFunction(StudentObject):
    """Stands for a function or class of the student's, or anything else that can be called."""

    def __init__(self, remote: "Remote", id: int, kind: str):
        super().__init__(remote, id, kind)
        self.__name__ = kind

    @property
    def __globals__(self) -> "StudentGlobals":
        return StudentGlobals(self._remote, self._id)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        answer, changed = self._remote.call(self._id, self.__name__, args, kwargs)
        for old, new in changed:
            if answer is None or isinstance(old, np.random.Generator):
                _change(old, new)
        return answer

    def call_for_each(
        self, calls: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, BaseException | None]]:
        """What it returns, or else raises, for each of these arguments; one message goes for all.

        Everything that it does to arguments happens to them here too.
        """
        results: list[tuple[Any, BaseException | None]] = []
        for answer, error, changed in self._remote.call_all(self._id, self.__name__, calls):
            for old, new in changed:
                _change(old, new)
            results.append((answer, error))
        return results


class StudentIterator(StudentObject):
    """Stands for a generator of the student's, or another iterator."""

    def __iter__(self) -> "StudentIterator":
        return self

    def __next__(self) -> Any:
        reply = self._remote.ask("next", handle=self._id)
        if "end" in reply:
            raise StopIteration
        return reply["value"]


class StudentGlobals:
    """The global names that a function of the student's looks up."""

    def __init__(self, remote: "Remote", id: int):
        self._remote, self._id = remote, id

    def get(self, name: str, default: Any = None) -> Any:
        """What a name is bound to, if to anything."""
        values = self._remote.ask("globals", handle=self._id, names=[name])["value"]
        if not isinstance(values, dict):
            raise WireError("a message has no names where they belong")
        return values.get(name, default)

    def update(self, values: Mapping[str, Any]) -> None:
        """Bind names there; a function of the judge's will be called back."""
        if values:
            self._remote.ask("set", handle=self._id, values=dict(values))


class Remote:
    """The other side of one test: a snapshot of the notebook, at the end of a socket.

    Parameters
    ----------
    seconds : how long the test may take in all.
    timeouts : by name, the functions that ran out of time in this submission.
    ended : tells why the other side has ended.
    """

    def __init__(
        self, channel: Channel, seconds: float, timeouts: Counter[str], ended: Callable[[], str]
    ):
        self.channel, self.seconds, self.timeouts, self.ended = channel, seconds, timeouts, ended
        self.until = time.monotonic() + seconds
        self.callbacks: list[Callable[..., Any]] = []
        self.called_back = 0
        self.over: Ended | None = None
        self.usual_errors = dict(np.geterr())

    def ask(self, op: str, **fields: Any) -> Message:
        """The answer to a request.

        Raises
        ------
        Exception : of the kinds that the wire lets through, if student code raised it.
        Ended : if it ran out of time, or the other side is gone; from then on always.
        """
        if self.over:
            raise self.over
        left = self.until - time.monotonic()
        if left <= 0:
            self._end(TimeLimit(self.seconds, ""))
        request = self._packed({"op": op, "seconds": left, **fields})
        try:
            reply = self._converse(request, self.until + GRACE)
        except TimeoutError:
            self._end(Stopped(f"it ran for more than {self.seconds:g} s and did not stop"))
        except Closed:
            self._end(Stopped(self.ended()))
        except WireError as problem:
            self._end(Stopped(f"its answer cannot be read: {problem}"))
        except BaseException:
            self.over = Stopped("the test was broken off")
            raise
        if "error" in reply:
            self._raise(reply["error"])
        return reply

    def call(
        self, id: int, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Any, Changes]:
        """Call an object: its answer, and what the call made of arguments."""
        passed: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
        reply = self._call("call", id, name, args=list(args), kwargs=dict(kwargs))
        return self._answer(reply, passed)

    def call_all(
        self, id: int, name: str, calls: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, BaseException | None, Changes]]:
        """Call an object several times: for each its answer or error, and changes as of `call`.

        The other side may answer to the first of the calls only, and is asked again for the rest.
        """
        results: list[tuple[Any, BaseException | None, Changes]] = []
        while len(results) < len(calls):
            waiting = calls[len(results) :]
            asked = self._frames(waiting)
            frames = self._call("call_all", id, name, calls=asked).get("frames")
            if not isinstance(frames, list) or not 0 < len(frames) <= len(asked):
                self._end(Stopped(INCOMPLETE))
            results += [self._result(frame, args) for frame, args in zip(frames, waiting)]
        return results

    def _frames(self, calls: Sequence[Sequence[Any]]) -> list[bytes]:
        """As many of the calls as go over well in one message, and one at least."""
        frames: list[bytes] = []
        size = 0
        for args in calls:
            frames.append(self._packed({"args": list(args)}))
            size += len(frames[-1])
            if size > CALLS_SIZE:
                break
        return frames

    def _packed(self, message: Message) -> bytes:
        try:
            return pack(message, self._refer)
        except WireError as problem:
            raise TypeError(f"this cannot be handed to a student's function: {problem}") from None

    def _result(self, frame: Any, args: Sequence[Any]) -> tuple[Any, BaseException | None, Changes]:
        try:
            told = unpack_frame(frame, self._resolve) if isinstance(frame, bytes) else {}
            if "error" in told:
                return None, _revived(told["error"]), []
        except WireError as problem:
            self._end(Stopped(f"its answer cannot be read: {problem}"))
        answer, changed = self._answer(told, dict(enumerate(args)))
        return answer, None, changed

    def _call(self, op: str, id: int, name: str, **fields: Any) -> Message:
        if self.timeouts[name] >= TIMEOUTS:
            self._end(Stopped(f"{name} ran out of time {TIMEOUTS} times, and is not called again"))
        errors = dict(np.geterr())
        errors = {} if errors == self.usual_errors else errors
        try:
            return self.ask(op, handle=id, errors=errors, **fields)
        except TimeLimit:
            self.timeouts[name] += 1
            raise
        except Stopped:
            self.timeouts[name] += time.monotonic() > self.until
            raise

    def _answer(self, told: Any, passed: Mapping[Any, Any]) -> tuple[Any, Changes]:
        try:
            return told["value"], [(passed[key], new) for key, new in told["changed"]]
        except (KeyError, TypeError, ValueError):
            self._end(Stopped(INCOMPLETE))

    def _converse(self, request: bytes, until: float) -> Message:
        """Send a request, do what the other side asks for meanwhile, and return its answer."""
        self.channel.send_frame(request, until=until)
        while True:
            reply = self.channel.receive(self._resolve, until=until)
            if reply.get("op") != "callback":
                return reply
            self.channel.send_frame(self._call_back(reply), until=until)

    def _call_back(self, request: Message) -> bytes:
        """Call a function of the judge's, on data that the student chose."""
        number, args, kwargs = (request.get(key) for key in ("id", "args", "kwargs"))
        self.called_back += 1
        if self.called_back > CALLBACK_LIMIT:
            raise WireError(f"functions were called back more than {CALLBACK_LIMIT:,} times")
        if type(number) is not int or not 0 <= number < len(self.callbacks):
            raise WireError("there is no such function to call back")
        if type(args) is not list or type(kwargs) is not dict:
            raise WireError("a function was called back without arguments")
        try:
            return pack({"value": self.callbacks[number](*args, **kwargs)}, self._refer)
        except Exception as error:
            return pack({"error": describe(error)})

    def _raise(self, told: Any) -> NoReturn:
        """Raise here what was raised there."""
        if isinstance(told, dict) and told.get("type") == "TimeLimit":
            where = told.get("where")
            self._end(TimeLimit(self.seconds, where[:LINE_LIMIT] if type(where) is str else ""))
        try:
            error = _revived(told)
        except WireError as problem:
            self._end(Stopped(f"its answer cannot be read: {problem}"))
        raise error

    def _end(self, ended: Ended) -> NoReturn:
        self.over = ended
        raise ended

    def _refer(self, value: Any) -> dict[str, Any]:
        if isinstance(value, StudentObject) and value._remote is self:
            return {"$": "handle", "id": value._id}
        if callable(value) and not isinstance(value, StudentObject):
            self.callbacks.append(value)
            return {"$": "callback", "id": len(self.callbacks) - 1}
        raise WireError(f"an object of type {type(value).__name__} is not data")

    def _resolve(self, node: dict[str, Any]) -> StudentObject:
        id, kind = node.get("id"), node.get("type")
        if node.get("$") != "handle" or type(id) is not int or type(kind) is not str:
            raise WireError("a message refers to nothing that can be had")
        if node.get("callable") is True:
            return StudentFunction(self, id, kind[:LINE_LIMIT])
        if node.get("iterator") is True:
            return StudentIterator(self, id, kind[:LINE_LIMIT])
        return StudentObject(self, id, kind[:LINE_LIMIT])


def _revived(told: Any) -> Exception:
    """What was raised there, with the student's own lines that led to it.

    Raises
    ------
    WireError : if it is not told as it should be.
    """
    error = revive(told)
    match told.get("where"):
        case [str(name), int(line), str(code)]:
            theirs = FrameSummary("", line, name[:LINE_LIMIT], line=code[:LINE_LIMIT])
            error.student_line = theirs  # type: ignore[attr-defined]
    if type(note := told.get("traceback")) is str:
        error.add_note(f"In the student's cells:\n{note}")
    return error


def _change(old: Any, new: Any) -> bool:
    """Give an argument the content that a call gave it; False if it is not of the same form."""
    if type(old) is not type(new):
        return False
    if isinstance(old, np.ndarray):
        if old.shape != new.shape or old.dtype != new.dtype or not old.flags.writeable:
            return False
        old[...] = new
    elif isinstance(old, list):
        kept = [x if _change(x, y) else y for x, y in zip(old, new)]
        old[:] = kept + new[len(kept) :]
    elif isinstance(old, dict | set):
        old.clear()
        old.update(new)
    elif isinstance(old, np.random.Generator):
        old.bit_generator.state = new.bit_generator.state
    else:
        return False
    return True
