"""The pages that students get back: what waits for a person is said, hidden tests are not."""

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests, GetGrades
from nbgrader.utils import is_grade

from bpkit.grading.course import Attention, ConversionFailed, Course, Track, UsageError


class GetMarks(GetGrades):
    """nbgrader's step that puts marks into the page; ours says which a person has still to give."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, cell_index: int
    ) -> tuple[NotebookNode, dict]:
        """The mark of one cell."""
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if is_grade(cell):
            about = cell.metadata.nbgrader
            about["waits"] = self.gradebook.find_grade(
                about.grade_id, self.notebook_id, self.assignment_id, self.student_id
            ).needs_manual_grade
        return cell, resources


class HideHiddenTests(ClearHiddenTests):
    """A step of nbgrader's feedback: cut hidden tests, and the lines that an error shows of them.

    Of an error in a cell with hidden tests only its name and message stay, and of a failed check
    its message, as in the notebook: a traceback quotes the lines around the failing one.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, cell_index: int
    ) -> tuple[NotebookNode, dict]:
        """Cut the hidden part of one cell."""
        hides = self.begin_test_delimeter in cell.source
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if hides:
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    name = "" if output.ename == "CheckFailed" else f"{output.ename}: "
                    output.traceback = [name + output.evalue]
        return cell, resources


class FeedbackForOne(GenerateFeedback):
    """nbgrader's converter for one student, whatever characters are in the student's name."""

    def init_notebooks(self) -> None:
        """Find the notebooks; nbgrader takes the folder's path for a pattern when it does."""
        about = self.coursedir
        folder = Path(self._format_source(about.assignment_id, about.student_id))
        self.assignments = {str(folder): sorted(map(str, folder.glob("*.ipynb")))}


@dataclass(frozen=True)
class Feedback:
    """Whose pages were made, and whose could not be."""

    written: tuple[str, ...]
    attention: tuple[Attention, ...]


def feedback(course: Course, assignment: str, track: Track) -> Feedback:
    """Make the feedback page of every graded submission, anew.

    Raises
    ------
    UsageError : for an unknown assignment, or if nothing is graded yet.
    """
    course.check_assignment(assignment)
    students = course.students("autograded", assignment)
    if not students:
        raise UsageError(f"nothing of {assignment} is graded yet: run bpkit grade {assignment}")
    attention = []
    with course.alone():
        for student in track(students, "feedback"):
            try:
                course.convert(FeedbackForOne, assignment, student)
            except ConversionFailed as failure:
                attention.append(Attention(student, f"no feedback: {failure}"))
    failed = {a.student for a in attention}
    written = tuple(student for student in students if student not in failed)
    return Feedback(written, tuple(attention))
