"""The files beside a notebook, which it may read when it is executed."""

import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from nbgrader.utils import find_all_files

from bpkit.grading.handed_in import TIMESTAMP

FILES_LIMIT, FILES_COUNT = 16 << 20, 1000
"""Bytes and number of the files beside a notebook: they must fit into the jail's /tmp."""


def files_beside(
    folders: Iterable[Path], ignore: Collection[str], exclude: Collection[str]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files that a notebook may read, by relative path; and the names of those that it may not.

    Those of a later folder take the place of an earlier one's. Notebooks are never among them,
    because they hold hidden tests; links are not followed, because students may have made them.
    """
    files: dict[str, bytes] = {}
    refused = []
    left = FILES_LIMIT
    for folder in folders:
        for path in find_all_files(str(folder), [*ignore, "*.ipynb", TIMESTAMP]):
            name = os.path.relpath(path, folder)
            if name in exclude:
                continue
            content = _read_without_links(folder, Path(name), left)
            if content is None or len(files) == FILES_COUNT:
                refused.append(name)
                continue
            files[name] = content
            left -= len(content)
    return files, tuple(refused)


def _read_without_links(folder: Path, name: Path, limit: int) -> bytes | None:
    """A regular file of at most limit bytes; None for others, and for what a link leads to."""
    if any((folder / parent).is_symlink() for parent in name.parents if parent != Path(".")):
        return None
    try:
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = file.read(limit + 1)
    return content if len(content) <= limit else None
