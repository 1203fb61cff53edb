"""Writing files so that an interrupt at any moment leaves the old or the new, never a half."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


def write_atomically(path: Path, content: bytes) -> bool:
    """Write a file in one step; return whether its content changed.

    Raises
    ------
    OSError : if it cannot be written; the old file is then still there.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return True


@contextmanager
def staging(folder: Path, prefix: str) -> Iterator[Path]:
    """A new folder inside ``folder``, on the same disk, that is gone when the work is done.

    What a killed run left behind under the same prefix is removed first.
    """
    for left_over in folder.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    place = Path(mkdtemp(prefix=prefix, dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def replace_folder(old: Path, new: Path) -> None:
    """Put the folder ``new`` in the place of ``old``, which may not exist yet."""
    old.parent.mkdir(parents=True, exist_ok=True)
    if old.exists():
        aside = new.with_name(f"{new.name}.old")
        old.rename(aside)
        new.rename(old)
        shutil.rmtree(aside)
    else:
        new.rename(old)


@contextmanager
def only_one(lock: Path) -> Iterator[bool]:
    """Hold a lock file; yields False if another process holds it. The system frees it at exit."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
