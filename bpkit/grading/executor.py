"""nbgrader's executor, in a jail: takes the place of nbgrader's own ``Execute`` in ``autograde``.

In nbgrader_config.py the list ``Autograde.autograde_preprocessors`` names `JailedExecute` where
nbgrader has ``Execute``. All other steps, the gradebook, feedback and formgrader stay nbgrader's.
"""

import json
import os
import stat
from pathlib import Path

import nbformat
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import find_all_files
from traitlets import Bool, Float, Integer

from bpkit.grading.execution import Settings, execute_notebook
from bpkit.grading.jail import JailUnavailable

FILES_LIMIT, FILES_COUNT = 16 << 20, 1000
"""Bytes and number of the files beside a notebook: they must fit into the jail's /tmp."""


class JailedExecute(NbGraderPreprocessor):
    """Run a submission's cells in a jail of its own."""

    cell_timeout = Float(10, help="Seconds that one cell may run.").tag(config=True)
    total_timeout = Float(60, help="Seconds that all cells of a notebook may run.").tag(config=True)
    memory = Integer(1 << 30, help="Bytes of memory that a notebook may use.").tag(config=True)
    unsafe_no_jail = Bool(
        False,
        help="Run student code with your own rights, for machines that have no jail: it can then "
        "read and change everything that you can.",
    ).tag(config=True)

    def preprocess(self, nb, resources):
        settings = Settings(
            cell_seconds=self.cell_timeout,
            total_seconds=self.total_timeout,
            memory=self.memory,
            seed=os.environ.get("BPKIT_SEED"),
            unsafe_no_jail=self.unsafe_no_jail,
        )
        if self.unsafe_no_jail:
            self.log.warning(
                "unsafe_no_jail is set: this student's code runs with your own rights, and can "
                "read and change everything that you can, the gradebook included"
            )
        try:
            executed = execute_notebook(
                json.dumps(nb).encode(), settings, self._files_beside(resources)
            )
        except JailUnavailable as problem:
            self.log.critical("Nothing was graded: %s", problem)
            raise NbGraderException(str(problem)) from None
        nb = nbformat.from_dict(json.loads(executed))
        for event in nb.metadata.bpkit.events:
            self.log.warning("%s: %s", resources["nbgrader"]["student"], event)
        return nb, resources

    def _files_beside(self, resources) -> dict[str, bytes]:
        """The files that the notebook may read, by relative path: the student's, then the course's.

        They are read from where they were submitted and from the course's source, not from the
        folder that nbgrader copies them to: the copy follows links that a student may have made.
        Notebooks are never among them, because they hold hidden tests.
        """
        course = CourseDirectory(parent=self)
        student, assignment = resources["nbgrader"]["student"], resources["nbgrader"]["assignment"]
        folders = (
            course.format_path(course.submitted_directory, student, assignment),
            course.format_path(course.source_directory, ".", assignment),
        )
        files: dict[str, bytes] = {}
        left = FILES_LIMIT
        for folder in folders:
            for path in find_all_files(folder, [*course.ignore, "*.ipynb", "timestamp.txt"]):
                content = _read_without_links(Path(folder), Path(path).relative_to(folder), left)
                if content is None or len(files) == FILES_COUNT:
                    self.log.warning("%s: %s is not given to the notebook", student, path)
                    continue
                files[os.path.relpath(path, folder)] = content
                left -= len(content)
        return files


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
