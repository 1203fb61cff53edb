"""Reads a submitted file as what it is: bytes that anybody may have written.

Nothing of a submission is given to nbgrader before it has passed here. A link is not followed, a
pipe or device is not waited for, and what is not a notebook is refused with one sentence that an
instructor can act on.
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

SIZE_LIMIT = 20 << 20
DEPTH_LIMIT = 100
"""Lists and objects within each other; a notebook with rich outputs has about ten."""
CELL_LIMIT = 2000
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can hold one, a file or a program cannot."""


class Unreadable(ValueError):
    """The submission cannot be read; the message is one sentence that says why."""


def read_submission(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The notebook in a submitted file, in the form of nbformat 4.

    Any format is accepted in which cells can be found: 4, later ones as far as they look like it,
    and 3 with its worksheets. A byte order mark and Windows line ends do no harm, nor does metadata
    that got lost. Every cell that is returned has its source in one string, and metadata.

    Raises
    ------
    Unreadable : if it is not a regular file, too large, not UTF-8, not JSON, nested too deeply, not
        a notebook, or holds characters that no Python source can have.
    """
    name = ascii(Path(path).name)[1:-1]
    data = _read_regular_file(path, name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Unreadable(f"{name} is UTF-16 text: it must be saved as UTF-8") from None
        raise Unreadable(f"{name} is not UTF-8 text (byte {error.start + 1})") from None
    if not text.strip():
        raise Unreadable(f"{name} is empty")
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"{name} is not JSON (line {error.lineno}: {error.msg}): it may be cut off, or not a "
            "notebook at all"
        ) from None
    except ValueError as error:
        raise Unreadable(f"{name} has a number that Python does not read: {error}") from None
    except RecursionError:
        raise Unreadable(f"{name} is nested more than {DEPTH_LIMIT} levels deep") from None
    _check_depth(notebook, name)
    cells = [_cell(cell, i, name) for i, cell in enumerate(_cells(notebook, name), start=1)]
    metadata = notebook.get("metadata")
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "cells": cells,
    }


def _read_regular_file(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        # NONBLOCK: opening a pipe that nobody writes to would wait for ever
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if os.path.islink(path):
            raise Unreadable(f"{name} is a link: the file itself must be submitted") from None
        raise Unreadable(f"{name} cannot be opened: {error.strerror}") from None
    try:
        mode = os.fstat(fd).st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "a pipe or device"
            raise Unreadable(f"{name} is {kind}, not a file")
        with open(fd, "rb", closefd=False) as file:
            data = file.read(SIZE_LIMIT + 1)
    finally:
        os.close(fd)
    if len(data) > SIZE_LIMIT:
        raise Unreadable(f"{name} is larger than {SIZE_LIMIT >> 20} MB: clear its outputs")
    return data


def _check_depth(notebook: Any, name: str) -> None:
    level = [notebook]
    for _ in range(DEPTH_LIMIT):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        if not inner:
            return
        level = inner
    raise Unreadable(f"{name} is nested more than {DEPTH_LIMIT} levels deep")


def _cells(notebook: Any, name: str) -> list[Any]:
    """The cells as they stand in the file, those of nbformat 3 under their names in 4."""
    if not isinstance(notebook, dict):
        raise Unreadable(f"{name} is JSON but not a notebook")
    version = notebook.get("nbformat", 4)
    if type(version) is not int or version < 3:
        raise Unreadable(f"{name} has nbformat {str(version)[:20]}: save it with a newer Jupyter")
    cells = notebook.get("cells")
    if version == 3 and isinstance(notebook.get("worksheets"), list):
        sheets = notebook["worksheets"]
        if all(
            isinstance(sheet, dict) and isinstance(sheet.get("cells"), list) for sheet in sheets
        ):
            cells = [_from_3(cell) for sheet in sheets for cell in sheet["cells"]]
    if not isinstance(cells, list):
        raise Unreadable(f"{name} is JSON but not a notebook: it has no cells")
    if len(cells) > CELL_LIMIT:
        raise Unreadable(f"{name} has {len(cells)} cells, more than {CELL_LIMIT}")
    return cells


def _from_3(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return cell
    if cell.get("cell_type") == "code":
        return {**cell, "source": cell.get("input")}
    if cell.get("cell_type") == "heading":
        return {**cell, "cell_type": "markdown"}
    return cell


def _cell(cell: Any, number: int, name: str) -> dict[str, Any]:
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
        raise Unreadable(f"{name}: cell {number} is neither code, nor markdown, nor raw text")
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise Unreadable(f"{name}: cell {number} has no source")
    if "\0" in source:
        raise Unreadable(f"{name}: cell {number} has a NUL character in its source")
    if HALF_CHARACTER.search(source):
        raise Unreadable(f"{name}: cell {number} has half a character in its source")
    metadata = cell.get("metadata")
    return {
        "cell_type": cell["cell_type"],
        "source": source.replace("\r\n", "\n"),
        "metadata": metadata if isinstance(metadata, dict) else {},
    }
