"""What may pass between the grader and student code: data, as frames over a Unix socket.

A frame is a length of the head (4 bytes, big-endian), a length of the body (8 bytes), the head
(JSON in UTF-8) and the body (the raw bytes of arrays, one after the other). A message is a
dictionary of a few fields; what stands in the fields is plain data: None, numbers, text, bytes,
lists, tuples, sets, dictionaries, arrays of numbers, random generators. Whatever else there is
stays on its side, and a number goes over in its place: a handle of the student's object, or the
grader's callback.

Nothing of the other side is ever run to read a message, and sizes are checked before memory is
taken. Subclasses arrive as what they are made of: an array that calls itself equal to everything
arrives as its numbers. This file runs on both sides and imports nothing of bpkit.
"""

import builtins
import json
import math
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import numpy as np

HEAD_LIMIT = 1 << 20
LARGE_HEAD_LIMIT = 32 << 20
"""For the heads that hold a cell's source or its outputs, and for those of the grader's own."""
BODY_LIMIT = 64 << 20
DEPTH_LIMIT = 32
ITEM_LIMIT = 100_000
INTEGER_BITS = 4096
PIECE = 1 << 18
MEANWHILE_EVERY = 0.02
DIMENSIONS = 32
MESSAGE_LIMIT = 20_000
"""Characters of an exception's message."""
LENGTHS = struct.Struct(">IQ")
DTYPES = {
    dtype.str: dtype
    for dtype in map(
        np.dtype,
        ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"),
    )
}
"""What arrays may be made of, by the names that they go over by."""
SENT_AS = {
    **{code: np.dtype(code).newbyteorder("<") for code in "?bBhHiIlLqQefdFD"},
    "g": np.dtype("<f8"),
    "G": np.dtype("<c16"),
}
"""What an array of a kind goes over as; of long double what a double keeps of it."""
PLAIN_INTEGER = 1 << 63

Message = dict[str, Any]
Refer = Callable[[Any], dict[str, Any]]
"""Gives what goes over for an object that is no data: a dictionary of plain data with "$"."""
Resolve = Callable[[dict[str, Any]], Any]
"""Gives the object for what came over in the place of one."""


class WireError(ValueError):
    """Something that may not cross, or cannot be read; the message is one sentence."""


class Closed(WireError):
    """The other side is gone."""


# ------------------------------------------------------------------------------------- to bytes


def pack(
    message: Mapping[str, Any], refer: Refer | None = None, head_limit: int = HEAD_LIMIT
) -> bytes:
    """The frame of a message.

    Raises
    ------
    WireError : for what is no data, if ``refer`` does not take it, and for what is too large.
    """
    packer = _Packer(refer or _refuse)
    head = ENCODE({key: packer.node(value, 1) for key, value in message.items()}).encode()
    if len(head) > head_limit:
        raise WireError("text, lists and numbers of more than a megabyte")
    return b"".join([LENGTHS.pack(len(head), packer.size), head, *packer.parts])


def _refuse(value: Any) -> NoReturn:
    raise WireError(f"an object of type {type(value).__name__} is not data")


class _Packer:
    """Turns values into JSON, and collects the bytes that stand beside it."""

    def __init__(self, refer: Refer):
        self.refer = refer
        self.parts: list[bytes] = []
        self.size = self.items = 0

    def node(self, value: Any, depth: int) -> Any:
        self.items += 1
        if self.items > ITEM_LIMIT:
            raise WireError(f"more than {ITEM_LIMIT:,} values: large data belongs in an array")
        if depth > DEPTH_LIMIT:
            raise WireError(f"values within values, more than {DEPTH_LIMIT} deep")
        if value is None or isinstance(value, bool):
            return value
        if type(value) is list:  # what there is most of goes first
            return self._nodes(value, depth)
        if isinstance(value, np.ndarray | np.generic):
            array = np.asarray(value)
            if array.dtype.char in SENT_AS:
                return self._array(array, isinstance(value, np.generic))
        if isinstance(value, str):
            return _whole(str.__str__(value))
        if isinstance(value, int):
            return _integer(int(value))
        if isinstance(value, float):
            return value if math.isfinite(value) else {"$": "float", "v": repr(float(value))}
        if isinstance(value, complex):
            return {"$": "complex", "v": [self.node(x, depth) for x in (value.real, value.imag)]}
        if isinstance(value, bytes | bytearray):
            self._add(bytes(value))
            return {"$": "bytes", "size": len(value)}
        if isinstance(value, list):
            return self._nodes(value, depth)
        for name, kind in (("tuple", tuple), ("set", set), ("frozenset", frozenset)):
            if isinstance(value, kind):
                return {"$": name, "v": self._nodes(value, depth)}
        if isinstance(value, dict):
            return {"$": "dict", "v": [self._nodes(pair, depth) for pair in value.items()]}
        if isinstance(value, np.random.Generator):
            state = value.bit_generator.state
            if state["bit_generator"] == "PCG64":
                numbers = *state["state"].values(), state["has_uint32"], state["uinteger"]
                return {"$": "generator", "v": self._nodes(numbers, depth)}
        return self.refer(value)

    def _nodes(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [self.node(value, depth + 1) for value in values]

    def _array(self, array: np.ndarray, scalar: bool) -> dict[str, Any]:
        dtype = SENT_AS[array.dtype.char]
        self._add(array.astype(dtype, copy=False).tobytes())
        node = {"$": "array", "dtype": dtype.str, "shape": array.shape}
        return {**node, "scalar": True} if scalar else node

    def _add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > BODY_LIMIT:
            raise WireError(f"arrays of more than {BODY_LIMIT >> 20} MB")
        self.parts.append(data)


def _integer(value: int) -> Any:
    if -PLAIN_INTEGER <= value < PLAIN_INTEGER:
        return value
    if value.bit_length() > INTEGER_BITS:
        raise WireError(f"an integer of more than {INTEGER_BITS:,} bits")
    return {"$": "int", "hex": hex(value)}


def _whole(text: str) -> str:
    """The text, with halves of surrogate pairs replaced: UTF-8 cannot hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")


# ----------------------------------------------------------------------------------- from bytes


def unpack(head: bytes, body: bytes, resolve: Resolve | None = None) -> Message:
    """The message of a frame, made of new objects only.

    Raises
    ------
    WireError : if it is not what ``pack`` makes, or too large.
    """
    try:
        message = DECODE(head.decode())
    except (ValueError, RecursionError):
        raise WireError("the head of a message is not JSON") from None
    if type(message) is not dict:
        raise WireError("a message is not a dictionary")
    unpacker = _Unpacker(body, resolve or _unknown)
    values = {key: unpacker.value(node, 1) for key, node in message.items()}
    if unpacker.at != len(body):
        raise WireError("a message has bytes that belong to no array")
    return values


def unpack_frame(frame: bytes, resolve: Resolve | None = None) -> Message:
    """The message of a whole frame.

    Raises
    ------
    WireError
    """
    if len(frame) < LENGTHS.size:
        raise WireError("a message is cut off")
    head_size, body_size = LENGTHS.unpack_from(frame)
    head_end = LENGTHS.size + head_size
    if len(frame) != head_end + body_size or head_size > HEAD_LIMIT:
        raise WireError("a message is not as long as it says")
    return unpack(frame[LENGTHS.size : head_end], frame[head_end:], resolve)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)


ENCODE = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
DECODE = json.JSONDecoder(parse_constant=_not_json).decode


def _unknown(node: dict[str, Any]) -> NoReturn:
    raise WireError("a message refers to an object where only data may be")


class _Unpacker:
    """Turns JSON into values, and takes the bytes that stand beside it in their order."""

    def __init__(self, body: bytes, resolve: Resolve):
        self.body, self.resolve = body, resolve
        self.at = self.items = 0

    def value(self, node: Any, depth: int) -> Any:
        self.items += 1
        if self.items > ITEM_LIMIT:
            raise WireError(f"a message has more than {ITEM_LIMIT:,} values")
        if depth > DEPTH_LIMIT:
            raise WireError(f"a message is more than {DEPTH_LIMIT} values deep")
        if node is None or type(node) in (bool, float):
            return node
        if type(node) is str:
            return _whole(node)
        if type(node) is int:
            if node.bit_length() > INTEGER_BITS:
                raise WireError(f"a message has an integer of more than {INTEGER_BITS:,} bits")
            return node
        if type(node) is list:
            return self._values(node, depth)
        kind = node.get("$")
        read = self._READERS.get(kind) if type(kind) is str else None
        return read(self, node, depth) if read else self.resolve(node)

    def _values(self, nodes: Any, depth: int) -> list[Any]:
        if type(nodes) is not list:
            raise WireError("a message has no list where one belongs")
        return [self.value(node, depth + 1) for node in nodes]

    def _tuple(self, node: dict, depth: int) -> tuple:
        return tuple(self._values(node.get("v"), depth))

    def _set(self, node: dict, depth: int) -> set:
        return _hashed(set, self._values(node.get("v"), depth))

    def _frozenset(self, node: dict, depth: int) -> frozenset:
        return _hashed(frozenset, self._values(node.get("v"), depth))

    def _dict(self, node: dict, depth: int) -> dict:
        pairs = self._values(node.get("v"), depth)
        if not all(type(pair) is list and len(pair) == 2 for pair in pairs):
            raise WireError("a message has a dictionary that is not made of pairs")
        return _hashed(dict, pairs)

    def _float(self, node: dict, depth: int) -> float:
        text = node.get("v")
        if text not in ("nan", "inf", "-inf"):
            raise WireError("a message has a float that is none")
        return float(text)

    def _int(self, node: dict, depth: int) -> int:
        text = node.get("hex")
        if type(text) is not str or len(text) > INTEGER_BITS // 4 + 3:
            raise WireError("a message has an integer that is none")
        try:
            return int(text, 16)
        except ValueError:
            raise WireError("a message has an integer that is none") from None

    def _complex(self, node: dict, depth: int) -> complex:
        parts = self._values(node.get("v"), depth)
        if len(parts) != 2 or not all(type(part) in (int, float) for part in parts):
            raise WireError("a message has a complex number that is none")
        try:
            return complex(*parts)
        except OverflowError:
            raise WireError("a message has a complex number that is none") from None

    def _generator(self, node: dict, depth: int) -> np.random.Generator:
        numbers = self._values(node.get("v"), depth)
        bits = np.random.PCG64(0)
        try:
            state, inc, has_uint32, uinteger = numbers
            bits.state = {
                "bit_generator": "PCG64",
                "state": {"state": state, "inc": inc},
                "has_uint32": has_uint32,
                "uinteger": uinteger,
            }
        except (ValueError, TypeError, OverflowError):
            raise WireError("a message has a random generator that is none") from None
        return np.random.Generator(bits)

    def _bytes(self, node: dict, depth: int) -> bytes:
        size = node.get("size")
        if type(size) is not int or size < 0:
            raise WireError("a message has bytes of no size")
        return bytes(self._take(size))

    def _array(self, node: dict, depth: int) -> Any:
        code, shape, scalar = node.get("dtype"), node.get("shape"), node.get("scalar", False)
        if type(code) is not str or code not in DTYPES:
            raise WireError("a message has an array of a type that may not cross")
        if type(shape) is not list or len(shape) > DIMENSIONS:
            raise WireError("a message has an array without a shape")
        size = 1
        for n in shape:
            if type(n) is not int or not 0 <= n <= BODY_LIMIT:
                raise WireError("a message has an array of an impossible shape")
            size *= n
        dtype = DTYPES[code]
        data = self._take(size * dtype.itemsize)
        try:
            array = np.frombuffer(bytearray(data), dtype).reshape(shape)
        except ValueError:
            raise WireError("a message has an array of an impossible shape") from None
        if code == "|b1" and array.size and array.view("u1").max() > 1:
            raise WireError("a message has an array of booleans that are neither True nor False")
        return array[()] if scalar is True and not shape else array

    def _take(self, size: int) -> memoryview:
        if size > len(self.body) - self.at:
            raise WireError("a message has fewer bytes than its arrays need")
        data = memoryview(self.body)[self.at : self.at + size]
        self.at += size
        return data

    _READERS: dict[str, Callable[["_Unpacker", dict, int], Any]] = {
        "tuple": _tuple,
        "set": _set,
        "frozenset": _frozenset,
        "dict": _dict,
        "float": _float,
        "int": _int,
        "complex": _complex,
        "generator": _generator,
        "bytes": _bytes,
        "array": _array,
    }


def _hashed(kind: Callable[[list], Any], values: list) -> Any:
    try:
        return kind(values)
    except TypeError:
        raise WireError("a message has a set or a key of something that may change") from None


# -------------------------------------------------------------------------------------- sockets


class Channel:
    """Frames over one socket, each within a time limit."""

    def __init__(self, sock: socket.socket):
        self.socket = sock
        sock.setblocking(False)
        self.poll = select.poll()
        self.poll.register(sock)
        self.buffer = bytearray()
        self.fds: list[int] = []
        """Descriptors that came with the last frame, if they were asked for."""

    def send(
        self,
        message: Mapping[str, Any],
        *,
        until: float | None = None,
        fd: int | None = None,
    ) -> None:
        """Send a message of data, which may be a large one; see ``send_frame``."""
        self.send_frame(pack(message, head_limit=LARGE_HEAD_LIMIT), until=until, fd=fd)

    def send_frame(
        self, packed: bytes, *, until: float | None = None, fd: int | None = None
    ) -> None:
        """Send what ``pack`` made.

        Parameters
        ----------
        until : the time, by ``time.monotonic``, at which it must have gone; None to wait for ever.
        fd : a descriptor to give to the other side.

        Raises
        ------
        Closed : if nobody will read it.
        TimeoutError : if it did not go in time.
        """
        frame = memoryview(packed)
        while frame:
            try:
                if fd is not None:
                    sent = socket.send_fds(self.socket, [frame], [fd])
                    fd = None
                else:
                    sent = self.socket.send(frame, socket.MSG_NOSIGNAL)
            except BlockingIOError:
                self._wait(select.POLLOUT, until)
                continue
            except OSError:
                raise Closed("nobody reads any more") from None
            frame = frame[sent:]

    def receive(
        self,
        resolve: Resolve | None = None,
        *,
        until: float | None = None,
        head_limit: int = HEAD_LIMIT,
        meanwhile: Callable[[], None] | None = None,
        take_fd: bool = False,
    ) -> Message:
        """Receive one message.

        Parameters
        ----------
        until : the time, by ``time.monotonic``, at which all of it must be there.
        meanwhile : called every few milliseconds as long as it is not there.

        Raises
        ------
        WireError, Closed, TimeoutError
        """
        head_size, body_size = LENGTHS.unpack(self._take(LENGTHS.size, until, meanwhile, take_fd))
        if head_size > head_limit or body_size > BODY_LIMIT:
            raise WireError("a message is larger than may be")
        head = self._take(head_size, until, meanwhile, take_fd)
        return unpack(head, self._take(body_size, until, meanwhile, take_fd), resolve)

    def close(self) -> None:
        self.socket.close()

    def _take(
        self, size: int, until: float | None, meanwhile: Callable[[], None] | None, take_fd: bool
    ) -> bytes:
        """The next bytes, read in pieces that may hold more than these."""
        while len(self.buffer) < size:
            self._wait(select.POLLIN, until, meanwhile)
            try:
                if take_fd:
                    some, fds, *_ = socket.recv_fds(self.socket, PIECE, 1)
                    for fd in fds:
                        os.set_inheritable(fd, False)
                    self.fds += fds
                else:
                    some = self.socket.recv(PIECE)
            except BlockingIOError:
                continue
            except OSError:
                some = b""
            if not some:
                raise Closed("the other side is gone")
            self.buffer += some
        taken = bytes(memoryview(self.buffer)[:size])
        del self.buffer[:size]
        return taken

    def _wait(
        self, event: int, until: float | None, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Wait until the socket can be read or written."""
        self.poll.modify(self.socket, event)
        while True:
            left = math.inf if until is None else until - time.monotonic()
            wait = min(left, MEANWHILE_EVERY) if meanwhile else left
            if self.poll.poll(None if wait == math.inf else max(wait, 0) * 1000):
                return
            if left <= 0:
                raise TimeoutError
            if meanwhile:
                meanwhile()


# ----------------------------------------------------------------------------------- exceptions

NEVER = (StopIteration, StopAsyncIteration, BaseExceptionGroup)
"""Exceptions that steer the program which they reach, or that hold other exceptions."""


def _constructible(kind: Any) -> bool:
    try:
        return type(kind("message")) is kind
    except TypeError:
        return False


EXCEPTIONS = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type)
    and issubclass(kind, Exception)
    and not issubclass(kind, (*NEVER, Warning))
    and name == kind.__name__
    and kind is not Exception
    and _constructible(kind)
}
"""Kinds of exceptions that arrive as what they were; all others arrive as RuntimeError."""


def describe(error: BaseException) -> Message:
    """An exception as data: the nearest kind that can cross, and the message."""
    kind = next((k.__name__ for k in type(error).__mro__ if k in EXCEPTIONS.values()), "")
    try:
        # KeyError shows its key in quotes, which it will do again on the other side
        text = str(error.args[0] if kind == "KeyError" and error.args else error)
    except Exception:
        text = "its message cannot be shown"
    if not kind:
        name = type(error).__name__
        text = f"{name}: {text}" if text else name
    return {"type": kind, "message": text[:MESSAGE_LIMIT]}


def revive(description: Any) -> Exception:
    """The exception that was described, as one of a builtin kind."""
    if not isinstance(description, dict):
        raise WireError("a message has an error that is none")
    kind, text = description.get("type"), description.get("message")
    if type(text) is not str or type(kind) is not str:
        raise WireError("a message has an error that is none")
    return EXCEPTIONS.get(kind, RuntimeError)(text[:MESSAGE_LIMIT])
