"""What crosses arrives as it was, and what may not cross is refused with a sentence."""

import json
import math
import os
import random
import socket
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bpkit.grading import wire
from bpkit.grading.wire import LENGTHS, Channel, Closed, WireError, describe, pack, revive, unpack

FUZZING_SECONDS = float(os.environ.get("BPKIT_FUZZING_SECONDS", 2))
"""More of them find more."""

numbers = st.integers(-(2**4095), 2**4095) | st.floats() | st.complex_numbers() | st.booleans()
keys = st.none() | st.text(st.characters(exclude_categories=["Cs"])) | st.integers()
dtypes = st.sampled_from(sorted(wire.DTYPES))
ndarrays = dtypes.flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_side=0)))
leaves = numbers | keys | st.binary() | ndarrays | st.sets(keys) | st.frozensets(keys)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner) | st.lists(inner).map(tuple),
    max_leaves=20,
)


def parts(frame: bytes) -> tuple[bytes, bytes]:
    head, body = LENGTHS.unpack_from(frame)
    assert len(frame) == LENGTHS.size + head + body
    return frame[LENGTHS.size :][:head], frame[LENGTHS.size + head :]


def across(value, refer=None, resolve=None):
    return unpack(*parts(pack({"v": value}, refer)), resolve)["v"]


def same(x, y) -> bool:
    """Equal in type and value, and NaN equal to NaN."""
    if type(x) is not type(y):
        return False
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()
    if isinstance(x, list | tuple):
        return len(x) == len(y) and all(map(same, x, y))
    if isinstance(x, dict):
        return same(list(x.items()), list(y.items()))
    if isinstance(x, complex):
        return same(x.real, y.real) and same(x.imag, y.imag)
    if isinstance(x, float):
        both_nan = math.isnan(x) and math.isnan(y)
        return both_nan or (x == y and math.copysign(1, x) == math.copysign(1, y))
    return x == y


# --------------------------------------------------------------------------- what may cross


@given(values)
def test_data_arrives_as_it_was(value):
    assert same(across(value), value)


@given(ndarrays)
def test_scalars_of_numpy_stay_scalars(array):
    for scalar in array.ravel()[:3]:
        assert same(across(scalar), scalar)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.arange(3, dtype=">i4"),
        np.array(3.0),
        np.broadcast_to(1.5, (2, 3)),
    ],
)
def test_arrays_in_any_order_of_memory_arrive_with_their_values(array):
    got = across(array)
    assert np.array_equal(got, array) and got.shape == array.shape
    assert got.flags.writeable and got.flags.c_contiguous


def test_what_arrives_shares_no_memory():
    x, y = across([np.zeros(2), np.zeros(2)])
    x[:] = 1
    assert not y.any()


def test_a_long_double_arrives_as_a_double():
    assert same(across(np.longdouble("1.5")), np.float64(1.5))


class AlwaysEqual(np.ndarray):
    def __eq__(self, other):
        return np.True_


class Text(str):
    def __eq__(self, other):
        return True

    def __str__(self):
        return "other"

    __hash__ = str.__hash__


class Number(int):
    def __eq__(self, other):
        return True

    def __index__(self):
        return 7

    __hash__ = int.__hash__


def test_subclasses_arrive_as_what_they_are_made_of():
    assert same(across(np.arange(3.0).view(AlwaysEqual)), np.arange(3.0))
    assert same(across(np.matrix([[1.0]])), np.array([[1.0]]))
    assert same(across(Text("a")), "a")
    assert type(across(Number(3))) is int


def test_halves_of_surrogate_pairs_are_replaced():
    assert across(["a\ud800b"]) == ["a?b"]
    assert unpack(b'{"v": "\\ud800"}', b"") == {"v": "?"}


def test_a_random_generator_goes_on_where_it_was():
    rng = np.random.default_rng(3)
    rng.integers(2)
    got = across(rng)
    assert np.array_equal(got.normal(size=9), rng.normal(size=9))


def test_other_objects_go_as_references():
    things = [print, {1, 2}]
    refer = lambda thing: {"$": "handle", "id": things.index(thing)}
    resolve = lambda node: things[node["id"]]
    assert across([print, 5], refer, resolve) == [print, 5]


# ------------------------------------------------------------------------- what may not cross

cyclic: list = []
cyclic.append(cyclic)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (print, "an object of type builtin_function_or_method is not data"),
        (np.array([print]), "an object of type ndarray is not data"),
        (np.array(["a"]), "an object of type ndarray is not data"),
        (np.zeros(2, "M8[s]"), "an object of type ndarray is not data"),
        (np.zeros(2, [("a", "f8")]), "an object of type ndarray is not data"),
        ((x for x in ()), "an object of type generator is not data"),
        (2**4097, "an integer of more than 4,096 bits"),
        (np.zeros((64 << 20) + 1, "i1"), "arrays of more than 64 MB"),
        ([0] * 100_001, "more than 100,000 values"),
        (cyclic, "values within values, more than 32 deep"),
        ("x" * (1 << 20), "more than a megabyte"),
    ],
)
def test_what_is_refused_on_the_way_out(value, why):
    with pytest.raises(WireError, match=why):
        pack({"v": value})


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def array(dtype="<f8", shape=(1,), **more) -> dict:
    return {"$": "array", "dtype": dtype, "shape": list(shape), **more}


@pytest.mark.parametrize(
    ("node", "body", "why"),
    [
        (array(shape=[2]), b"8 bytes.", "fewer bytes than its arrays need"),
        (array(shape=[]), b"16 bytes........", "bytes that belong to no array"),
        (array(shape=[10**9]), b"", "an impossible shape"),
        (array(shape=[2**26] * 4), b"", "fewer bytes"),
        (array(shape=[0] + [2**26] * 31), b"", "an impossible shape"),
        (array(shape=[1] * 33), b"8 bytes.", "without a shape"),
        (array(shape=[-1]), b"8 bytes.", "an impossible shape"),
        (array(shape=[True]), b"8 bytes.", "an impossible shape"),
        (array(shape=[1.0]), b"8 bytes.", "an impossible shape"),
        ({"$": "array", "dtype": "<f8", "shape": 1}, b"8 bytes.", "without a shape"),
        (array("|O"), b"8 bytes.", "a type that may not cross"),
        (array("|V8"), b"8 bytes.", "a type that may not cross"),
        (array("<f8,<f8"), b"8 bytes.", "a type that may not cross"),
        (array([["a", "<f8"]]), b"8 bytes.", "a type that may not cross"),
        (array("|b1"), b"\x02", "neither True nor False"),
        ({"$": "float", "v": "1e5"}, b"", "a float that is none"),
        ({"$": "float", "v": ["nan"]}, b"", "a float that is none"),
        ({"$": "int", "hex": "0x" + "f" * 2000}, b"", "an integer that is none"),
        ({"$": "int", "hex": "z"}, b"", "an integer that is none"),
        ({"$": "int", "hex": 5}, b"", "an integer that is none"),
        ({"$": "complex", "v": [1]}, b"", "a complex number that is none"),
        ({"$": "complex", "v": [1, "a"]}, b"", "a complex number that is none"),
        ({"$": "complex", "v": [10**400, 0]}, b"", "a complex number that is none"),
        ({"$": "set", "v": [[]]}, b"", "something that may change"),
        ({"$": "dict", "v": [[[], 1]]}, b"", "something that may change"),
        ({"$": "dict", "v": [[1]]}, b"", "not made of pairs"),
        ({"$": "dict", "v": {"a": 1}}, b"", "no list where one belongs"),
        ({"$": "tuple"}, b"", "no list where one belongs"),
        ({"$": "bytes", "size": -1}, b"", "bytes of no size"),
        ({"$": "bytes", "size": 9}, b"", "fewer bytes"),
        ({"$": "generator", "v": [1, 2, 3]}, b"", "a random generator that is none"),
        ({"$": "generator", "v": [-1, 2, 3, 4]}, b"", "a random generator that is none"),
        ({"$": "generator", "v": ["a", [], {}, 4]}, b"", "."),
        ({"$": "handle", "id": 1}, b"", "refers to an object"),
        ({"$": []}, b"", "refers to an object"),
        ({}, b"", "refers to an object"),
    ],
    ids=str,
)
def test_what_is_refused_on_the_way_in(node, body, why):
    with pytest.raises(WireError, match=why):
        unpack(json.dumps({"v": node}).encode(), body)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b'{"v": NaN}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"v": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"v": ' + b"9" * 2000 + b"}", "an integer of more than"),
        (b"[1]", "not a dictionary"),
        (b'{"v": ' + nested(33).encode() + b"}", "more than 32 values deep"),
        (json.dumps({"v": [0] * 100_000}).encode(), "more than 100,000 values"),
    ],
)
def test_heads_that_are_none_are_refused(head, why):
    with pytest.raises(WireError, match=why):
        unpack(head, b"")


def test_no_bytes_whatever_do_more_than_be_refused():
    """Frames that are torn, turned and put together anew, for a while."""
    rng = random.Random(FUZZING_SECONDS)
    seeds = [
        pack({"op": "call", "args": [np.eye(2), (1, 2.5, None)], "kwargs": {"a": {"b": {1, 2}}}}),
        pack({"v": [1j, float("nan"), 2**200, "ä", b"x", True, np.float32(3), {(1,): []}]}),
        pack({"v": [np.zeros((2, 0)), np.ones(3, bool), np.random.default_rng(1)]}),
    ]
    pieces = [b'{"$":', b'"array"', b"[", b"]", b"{", b"}", b"1e999", b"-1", b"null", b"\\u0000"]
    end, refused, read = time.monotonic() + FUZZING_SECONDS, 0, 0
    while time.monotonic() < end:
        head, body = map(bytearray, parts(rng.choice(seeds)))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(head) + 1)
            change = rng.choice([bytes([rng.randrange(256)]), b"", *pieces])
            head[at : at + rng.randint(0, 3)] = change
        if rng.random() < 0.3:
            body = body[: rng.randrange(len(body) + 1)]
        try:
            message = unpack(bytes(head), bytes(body))
        except WireError as refusal:
            refused += 1
            assert "\n" not in str(refusal) and len(str(refusal)) < 200
        else:
            read += 1
            pack(message)
    assert refused > 100 and read > 10


# ------------------------------------------------------------------------------------- channels


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours), theirs


def soon() -> float:
    return time.monotonic() + 0.2


def test_messages_arrive_in_their_order_however_they_are_cut(ends):
    channel, other = ends
    sent = [{"n": n, "x": np.arange(n)} for n in (0, 5, 300_000)]
    frames = b"".join(map(pack, sent))

    def send():
        for at in range(0, len(frames), 7919):
            other.sendall(frames[at : at + 7919])

    thread = threading.Thread(target=send)
    thread.start()
    for message in sent:
        assert same(channel.receive(until=time.monotonic() + 10), message)
    thread.join()


@pytest.mark.parametrize(
    "lengths", [(wire.HEAD_LIMIT + 1, 0), (0, wire.BODY_LIMIT + 1), (2**32 - 1, 2**64 - 1)]
)
def test_a_length_that_lies_is_refused_before_anything_is_read(ends, lengths):
    channel, other = ends
    other.send(LENGTHS.pack(*lengths))
    with pytest.raises(WireError, match="larger than may be"):
        channel.receive(until=soon())


def test_a_slow_drip_runs_out_of_time(ends):
    channel, other = ends
    stop = threading.Event()

    def drip():
        for byte in pack({"v": "x" * 1000}):
            if stop.wait(0.02):
                return
            other.send(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        channel.receive(until=soon())
    assert time.monotonic() - start < 1
    stop.set()
    thread.join()


def test_a_reader_that_does_not_read_runs_out_of_time(ends):
    channel, _ = ends
    with pytest.raises(TimeoutError):
        channel.send({"v": np.zeros(1 << 22)}, until=soon())


def test_the_end_is_noticed_by_both_sides(ends):
    channel, other = ends
    other.send(LENGTHS.pack(10, 0) + b"12345")
    other.close()
    with pytest.raises(Closed):
        channel.receive(until=soon())
    with pytest.raises(Closed):
        for _ in range(3):
            channel.send({"v": 1}, until=soon())


def test_something_can_be_done_meanwhile(ends):
    channel, _ = ends
    times: list[float] = []
    with pytest.raises(TimeoutError):
        channel.receive(until=soon(), meanwhile=lambda: times.append(time.monotonic()))
    assert len(times) >= 3


def test_descriptors_are_taken_only_where_they_are_asked_for(ends):
    channel, other = ends
    read, write = os.pipe()
    Channel(other).send({}, fd=write)
    os.close(write)
    channel.receive(until=soon())
    assert channel.fds == []
    assert os.read(read, 1) == b""  # nobody holds the other end
    Channel(other).send({}, fd=read)
    channel.receive(until=soon(), take_fd=True)
    assert len(channel.fds) == 1 and not os.get_inheritable(channel.fds[0])
    for fd in read, channel.fds[0]:
        os.close(fd)


# ----------------------------------------------------------------------------------- exceptions


class Own(Exception):
    pass


class OwnValue(ValueError):
    pass


class Unprintable(ValueError):
    def __str__(self):
        raise OSError


@pytest.mark.parametrize(
    ("error", "arrives"),
    [
        (ValueError("a"), ValueError("a")),
        (KeyError("a"), KeyError("a")),
        (NotImplementedError(), NotImplementedError("")),
        (AssertionError("a"), AssertionError("a")),
        (np.linalg.LinAlgError("a"), ValueError("a")),
        (OwnValue("a"), ValueError("a")),
        (Own("a"), RuntimeError("Own: a")),
        (Own(), RuntimeError("Own")),
        (StopIteration("a"), RuntimeError("StopIteration: a")),
        (SystemExit(3), RuntimeError("SystemExit: 3")),
        (KeyboardInterrupt(), RuntimeError("KeyboardInterrupt")),
        (GeneratorExit(), RuntimeError("GeneratorExit")),
        (ExceptionGroup("a", [OSError()]), RuntimeError("ExceptionGroup: a (1 sub-exception)")),
        (Unprintable(), ValueError("its message cannot be shown")),
        (ValueError("x" * 10**6), ValueError("x" * 20_000)),
    ],
    ids=repr,
)
def test_exceptions_arrive_as_plain_ones(error, arrives):
    got = revive(across(describe(error)))
    assert type(got) is type(arrives) and got.args == arrives.args


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"type": "ValueError"},
        {"type": 1, "message": "a"},
        {"type": "a", "message": 1},
    ],
)
def test_what_is_no_exception_is_refused(told):
    with pytest.raises(WireError, match="an error that is none"):
        revive(told)


@pytest.mark.parametrize("kind", ["StopIteration", "SystemExit", "Exception", "eval", "Warning"])
def test_a_kind_that_may_not_arrive_arrives_as_runtime_error(kind):
    assert type(revive({"type": kind, "message": "a"})) is RuntimeError
