"""What is graded has the release's cells, whatever the submission looks like."""

import copy
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from bpkit.grading.preflight import read_submission
from bpkit.grading.rebuild import rebuild
from tests.grading.courses import ASSIGNMENT, NOTEBOOK, RIGHT, WRONG, answer, make_released_course

IDS = ["title", "double", "test-double", "test-negative", "why"]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_released_course(tmp_path_factory.mktemp("rebuild"))


@pytest.fixture
def handed_in(course):
    return answer(course, RIGHT)


@pytest.fixture
def rebuilt(course, tmp_path):
    """Writes a submission down, reads it as grading does, and rebuilds it."""
    release = nbformat.read(course.release(ASSIGNMENT) / NOTEBOOK, as_version=4)

    def run(notebook):
        path = tmp_path / NOTEBOOK
        path.write_text(json.dumps(notebook))
        made, remarks = rebuild(read_submission(path), release)
        nbformat.validate(made)
        return made, remarks

    return run


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_an_honest_submission_is_the_release_with_its_answers(rebuilt, handed_in):
    made, remarks = rebuilt(handed_in)
    assert sources(made) == sources(handed_in)
    assert [cell.metadata for cell in made.cells] == [cell.metadata for cell in handed_in.cells]
    assert [cell.id for cell in made.cells] == IDS
    assert remarks == ()


def test_added_cells_stay_where_they_are(rebuilt, handed_in):
    for place, source in (5, "# last"), (2, "b = 2"), (1, "a = 1"), (0, "# first"):
        handed_in.cells.insert(place, new_code_cell(source))
    made, remarks = rebuilt(handed_in)
    assert sources(made) == sources(handed_in)
    assert remarks == ()


@pytest.mark.parametrize(
    ("doomed", "told"),
    [
        ("title", ()),
        ("test-double", ("deleted, graded as released: test-double",)),
        ("test-negative", ("deleted, graded as released: test-negative",)),
    ],
)
def test_deleted_cells_of_the_course_come_back(rebuilt, handed_in, doomed, told):
    whole = sources(handed_in)
    handed_in.cells = [cell for cell in handed_in.cells if cell.id != doomed]
    made, remarks = rebuilt(handed_in)
    assert sources(made) == whole
    assert remarks == told


def test_a_deleted_answer_is_named(rebuilt, handed_in):
    handed_in.cells = [cell for cell in handed_in.cells if cell.id != "double"]
    made, remarks = rebuilt(handed_in)
    assert "NotImplementedError" in made.cells[1].source
    assert remarks == ("cell double is missing",)


def test_edited_tests_are_the_courses_again(rebuilt, handed_in):
    whole = sources(handed_in)
    handed_in.cells[2].source = "pass"
    handed_in.cells[3].cell_type = "raw"
    made, remarks = rebuilt(handed_in)
    assert sources(made) == whole
    assert [cell.cell_type for cell in made.cells[2:4]] == ["code", "code"]
    assert remarks == ("altered, graded as released: test-double",)


def test_ends_of_lines_are_no_alteration(rebuilt, handed_in):
    handed_in.cells[2].source = handed_in.cells[2].source.replace("\n", "  \n") + "\n\n"
    assert rebuilt(handed_in)[1] == ()


def test_of_a_repeated_answer_the_last_counts_and_a_human_is_told(rebuilt, handed_in):
    handed_in.cells.insert(1, nbformat.from_dict({**handed_in.cells[1], "source": WRONG}))
    made, remarks = rebuilt(handed_in)
    graded = next(cell for cell in made.cells if cell.id == "double")
    assert graded.source == RIGHT
    assert remarks == ("cell double is there more than once: the last one was graded",)
    assert len([c for c in made.cells if c.metadata.get("nbgrader", {})]) == 4


def test_lost_metadata_is_made_good_by_names_and_texts(rebuilt, handed_in):
    whole = [copy.deepcopy(cell.metadata) for cell in handed_in.cells]
    code = sources(handed_in)[:4]
    for cell in handed_in.cells:
        cell.metadata = {}
    made, remarks = rebuilt(handed_in)
    assert sources(made)[:4] == code
    assert [cell.metadata for cell in made.cells[:4]] == whole[:4]
    assert remarks == (
        "without their ids, known by what they define: double",
        "cell why is missing",
    )


def test_forged_metadata_does_not_survive(rebuilt, handed_in):
    whole = [copy.deepcopy(cell.metadata) for cell in handed_in.cells]
    for cell in handed_in.cells[1:]:
        cell.metadata["tags"] = ["skip-execution"]
        cell.metadata["nbgrader"].update(points=100, grade=False, schema_version=1)
    handed_in.cells[2].outputs = [{"output_type": "execute_result", "data": {"text/plain": "2"}}]
    handed_in.metadata = {"kernelspec": {"name": "evil"}, "bpkit": {"events": []}}
    made, _ = rebuilt(handed_in)
    assert [cell.metadata for cell in made.cells] == whole
    assert made.cells[2].outputs == []
    assert made.metadata.kernelspec.name == "python3" and "bpkit" not in made.metadata


@pytest.mark.parametrize("grade_id", [None, 3, ["double"], {}, "nowhere", "\ud83d"])
def test_strange_ids_are_no_ids(rebuilt, handed_in, grade_id):
    handed_in.cells[4].metadata["nbgrader"]["grade_id"] = grade_id
    _, remarks = rebuilt(handed_in)
    assert remarks == ("cell why is missing",)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)>"),
        ("[x](javascript:alert(1))", "[x](javascript\N{FULLWIDTH COLON}alert(1))"),
        ("[x](JavaScript\\:alert(1))", "[x](JavaScript\\\N{FULLWIDTH COLON}alert(1))"),
        ("[x](java&#115;cript:alert(1))", "[x](java＆#115;cript:alert(1))"),
        ("[x](&#106;avascript&colon;alert(1))", "[x](＆#106;avascript＆colon;alert(1))"),
        ("![x](https://a.invalid/x.png)", "!\N{ZERO WIDTH SPACE}[x](https://a.invalid/x.png)"),
        ("![x][y]", "!\N{ZERO WIDTH SPACE}[x][y]"),
        ("![x](attachment:x.png)", "![x](attachment:x.png)"),
        ("$a < b$ and $x & y$, 2<3", "$a < b$ and $x & y$, 2<3"),
    ],
)
def test_markdown_cannot_run_anything(rebuilt, handed_in, written, kept):
    handed_in.cells[4].source = written
    handed_in.cells.append(new_markdown_cell(written))
    made, _ = rebuilt(handed_in)
    assert made.cells[4].source == made.cells[5].source == kept


def test_what_is_disarmed_is_harmless_once_rendered(rebuilt, handed_in):
    """The oracle is nbconvert's own renderer, which formgrader and feedback use."""
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    attacks = ["<script>x</script>", "[x](javascript:y)", "[x](java&#115;cript:y)", "<a href=x>"]
    attacks += ["[x]: javascript:y\n\n[x]", "![x](x 'y' onerror=z)", "[x](\\javascript\\:y)"]
    handed_in.cells[4].source = "\n\n".join(attacks)
    made, _ = rebuilt(handed_in)
    page = markdown2html_mistune(made.cells[4].source).lower()
    assert "<script" not in page and 'href="javascript:' not in page and "<a href=x" not in page
    assert "<img" not in page
    assert 'href="javascript:' in markdown2html_mistune(handed_in.cells[4].source).lower()
