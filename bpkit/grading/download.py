"""What lies in a download of submissions, a folder or a zip file, and whose it is.

It has a folder for each student, or what Canvas or Moodle make of it (`lms.py`).

A download is untrusted: links and devices are named and not followed, a name that leads out of
the zip is refused, and every file is read with a bound on its size.
"""

import os
import re
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from bpkit.grading.course import Attention, UsageError
from bpkit.grading.lms import TEXT, Named, Owner, from_canvas, from_moodle

MOST_FILES = 1_000_000
"""Files that a download may have."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What Python's zipfile raises for damaged, foreign or encrypted content."""
LITTER = re.compile(r"\.DS_Store|Thumbs\.db|\._.*|__MACOSX|\.ipynb_checkpoints|__pycache__")


@dataclass(frozen=True)
class File:
    """One file of a download."""

    parts: tuple[str, ...]
    """Its path inside the download, or inside one student's submission."""
    modified: datetime
    open: Callable[[], BinaryIO]
    number: int = 0
    """Canvas's number for it."""

    @property
    def is_notebook(self) -> bool:
        """Whether its name is a notebook's."""
        return self.parts[-1].lower().endswith(".ipynb")

    def __str__(self) -> str:
        return "/".join(self.parts)


@dataclass(frozen=True)
class Download:
    """The submissions of one assignment, by owner, and what was not taken with the reason."""

    submissions: dict[Owner, list[File]]
    refused: list[Attention]


def read_download(
    path: Path, assignment: str, others: tuple[str, ...], stack: ExitStack
) -> Download:
    """Sort the files of a download by owner, without reading them yet.

    Parameters
    ----------
    others : the course's other assignments, whose folders are passed over.
    stack : keeps a zip file open for as long as its files are read.

    Raises
    ------
    UsageError : if it is neither a folder nor a zip file, or is too large.
    """
    files: list[File] = []
    refused: list[Attention] = []
    for found in _files(path, stack):
        if len(files) + len(refused) == MOST_FILES:
            raise UsageError(f"{path} has more than {MOST_FILES:,} files")
        if isinstance(found, Attention):
            refused.append(found)
        elif not any(LITTER.fullmatch(part) for part in found.parts):
            files.append(found)
    plain = [file for file in files if not {assignment, *others} & set(file.parts[1:-1])]
    depth = _wrappers([file.parts for file in plain if file.is_notebook], path.stem)
    owned = (
        _in_folders_of_moodle(files, depth)
        or _side_by_side(files, path.stem)
        or _in_folders(files, plain, depth, assignment)
    )
    submissions = _by_owner(owned, refused)
    refused += [
        Attention("?", f"{file}: lies in no student's folder, left there")
        for file in plain
        if file.is_notebook and file not in owned
    ]
    return Download(submissions, refused)


Owned = dict[File, tuple[Named, int]]
"""Files, whose they are, and how many parts of their path tell this and are not the student's."""


def _in_folders(files: list[File], plain: list[File], depth: int, assignment: str) -> Owned:
    """A folder for each student, and in it the files, or nbgrader's folder of the assignment."""
    owned = {}
    for file in files:
        if assignment in file.parts[1:-1]:
            below = file.parts.index(assignment, 1) + 1
            owned[file] = Named(Owner(_tidy(file.parts[below - 2])), ""), below
        elif file in plain and len(file.parts) > depth + 1:
            owned[file] = Named(Owner(_tidy(file.parts[depth])), ""), depth + 1
    return owned


def _in_folders_of_moodle(files: list[File], depth: int) -> Owned:
    """A folder for each student as Moodle names it, or as a person who knew better renamed it.

    Only a level above the students' own folders counts: their names are their affair.
    """
    for level in range(depth + 1):
        inside = [file for file in files if len(file.parts) > level + 1]
        named = {file: from_moodle(_tidy(file.parts[level])) for file in inside}
        named = {f: found for f, found in named.items() if found and found.rest in ("", TEXT)}
        if any(file.is_notebook for file in named):
            return {
                file: (named.get(file) or Named(Owner(_tidy(file.parts[level])), ""), level + 1)
                for file in inside
            }
    return {}


def _side_by_side(files: list[File], name: str) -> Owned:
    """All files in one folder, and each tells its owner: what Canvas makes, and Moodle can make."""
    if any(file.parts[:-1] not in ((), (name,)) for file in files if file.is_notebook):
        return {}
    named = {}
    for file in files:
        own = _tidy(file.parts[-1])
        if len(file.parts) <= 2 and (found := from_moodle(own) or from_canvas(own)):
            named[file] = found, len(file.parts)
    return named if any(file.is_notebook for file in named) else {}


def _by_owner(owned: Owned, refused: list[Attention]) -> dict[Owner, list[File]]:
    submissions: dict[Owner, list[File]] = {}
    texts: set[Owner] = set()
    taken: set[tuple[Owner, tuple[str, ...]]] = set()
    for file, (found, below) in sorted(owned.items(), key=lambda item: -item[1][0].file):
        if found.rest == TEXT:
            texts.add(found.owner)
            continue
        parts = (found.rest,) if found.rest else file.parts[below:]
        if found.file and (found.owner, parts) in taken:  # a name twice: the later file keeps it
            parts = (str(found.file), *parts)
        taken.add((found.owner, parts))
        submissions.setdefault(found.owner, []).append(
            replace(file, parts=parts, number=found.file)
        )
    refused += [
        Attention(str(owner), f"handed in a text or a link in {owner.system}, no file")
        for owner in sorted(texts - submissions.keys(), key=str)
    ]
    return submissions


def _tidy(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _files(path: Path, stack: ExitStack) -> Iterator[File | Attention]:
    if path.is_dir():
        return _files_of_folder(path)
    if zipfile.is_zipfile(path):
        return _files_of_zip(stack.enter_context(zipfile.ZipFile(path)))
    if path.exists():
        raise UsageError(f"{path} is neither a folder nor a zip file")
    raise UsageError(f"no such file or folder: {path}")


def _files_of_folder(folder: Path) -> Iterator[File | Attention]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in sorted(names + links):
            path = Path(parent, name)
            parts = path.relative_to(folder).parts
            about = path.lstat()
            if stat.S_ISREG(about.st_mode):
                modified = datetime.fromtimestamp(about.st_mtime, UTC)
                yield File(parts, modified, _opener(path))
            else:
                yield _left_there(parts, "a link or a device, which is not followed")


def _opener(path: Path) -> Callable[[], BinaryIO]:
    def open_regular() -> BinaryIO:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        file = os.fdopen(descriptor, "rb")
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            file.close()
            raise OSError("not a regular file")
        return file

    return open_regular


def _files_of_zip(archive: zipfile.ZipFile) -> Iterator[File | Attention]:
    for entry in archive.infolist():
        name = entry.filename.replace("\\", "/")
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.is_dir() or not parts:
            continue
        if ".." in parts or name.startswith("/"):
            yield Attention("?", f"{name}: a path that leads out of the zip file, left there")
        elif kind not in (0, stat.S_IFREG):
            yield _left_there(parts, "a link or a device, which is not followed")
        else:
            yield File(parts, _modified(entry), _zip_opener(archive, entry))


def _zip_opener(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: archive.open(entry)  # type: ignore[return-value]


def _modified(entry: zipfile.ZipInfo) -> datetime:
    """A zip file notes local time, without saying where; some programs note nothing at all."""
    try:
        return datetime(*entry.date_time).astimezone(UTC)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC)


def _left_there(parts: tuple[str, ...], why: str) -> Attention:
    return Attention(parts[0], f"{'/'.join(parts)}: {why}")


def _wrappers(notebooks: list[tuple[str, ...]], name: str) -> int:
    """How many folders lie around the folders of the students.

    A folder that alone holds everything is a wrapper if several folders are in it, or if it has
    the download's own name; otherwise it is the only student's.
    """
    depth = 0
    while True:
        tops = {parts[depth] for parts in notebooks}
        only_folders = all(len(parts) > depth + 2 for parts in notebooks)
        if len(tops) != 1 or not only_folders:
            return depth
        inside = {parts[depth + 1] for parts in notebooks}
        if len(inside) == 1 and not tops <= {name, "submitted"}:
            return depth
        depth += 1
