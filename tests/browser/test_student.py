"""A student's chair: problem sets in JupyterLab, wrong answers and right ones, Validate."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from browsing import REPOSITORY, Server, jupyter_server
from lab import address, run, set_up, validate, wait_for_kernel
from playwright.sync_api import Page

from bpkit.checks.misconceptions import MISCONCEPTIONS
from bpkit.demo_answers import Answers
from bpkit.demo_answers.right import MATRIX
from bpkit.demo_class import fill_in
from tests.exercises.harness import SETS, ProblemSet

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RELEASE = (REPOSITORY / "exercises" / "ps3" / "backpropagation.ipynb").read_bytes()
WRONG = "def output_delta_quadratic(z, y):\n    return sigmoid(z) - y"
RIGHT = "def output_delta_quadratic(z, y):\n    return (sigmoid(z) - y) * sigmoid_prime(z)"
TEST = "checks.output_delta_quadratic("
READ_BY_A_PERSON = {"code": "plt.plot([1, 2])", "markdown": "Because of the slope."}


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Server]:
    """A student's folder: a notebook as it was handed out, and each one done."""
    folder, scratch = tmp_path_factory.mktemp("mine"), tmp_path_factory.mktemp("jupyter")
    (folder / "blank.ipynb").write_bytes(RELEASE)
    for ps in SETS:
        release = (REPOSITORY / "exercises" / ps.name / ps.path.name).read_bytes()
        (folder / f"{ps.name}.ipynb").write_bytes(fill_in(release, right(ps), None))
    set_up(scratch)
    with jupyter_server(folder, scratch) as server:
        yield server


@pytest.fixture
def open_lab(desk, visit):
    def open_lab(notebook: str) -> Page:
        page = visit(address(desk, notebook), extra_http_headers=desk.headers).page
        wait_for_kernel(page)
        return page

    return open_lab


def test_a_wrong_answer_is_told_which_slip_it_is_and_validate_says_the_same(open_lab):
    page = open_lab("blank.ipynb")
    run(page, "import matplotlib")
    run(page, "def sigmoid(z)")
    assert run(page, "checks.sigmoid(").startswith("sigma [not implemented] sigmoid is still to be")
    run(page, "def sigmoid(z)", MATRIX.cells["sigmoid"].strip())
    assert run(page, "checks.sigmoid(") == "sigmoid: right in all 4 random cases."

    run(page, "def output_delta_quadratic", WRONG)
    told = run(page, TEST)
    assert told.startswith("BP-1 [M01] sigma'(z^L) is left out\nExpected: delta (5, 4), one row")
    assert told.endswith("Which derivative leads from a^L back to z^L?")
    assert "Traceback" not in told and len(told.splitlines()) <= 6
    verdict = validate(page)
    assert told in verdict and "still None: w^3_24, z^3_2, a^3_2, delta^3_2" in verdict
    assert "hidden_delta is still to be written" in verdict
    assert verdict.count("Traceback") == 1  # of the empty figure cell, which no check looks at
    assert "checks.sigmoid(sigmoid)" not in verdict

    run(page, "def output_delta_quadratic", RIGHT)
    assert run(page, TEST) == "output_delta_quadratic: right in all 4 random cases."
    verdict = validate(page)
    assert TEST not in verdict and "hidden_delta is still to be written" in verdict


def right(ps: ProblemSet) -> Answers:
    """Right answers in one hand, and something in each place that no check looks at."""
    answers = ps.answers.RIGHT[-1]
    others = {id: READ_BY_A_PERSON[ps.cells[id]["cell_type"]] for id in ps.read_by_a_person}
    return replace(answers, cells={**others, **answers.cells})


def slip_in_one_function(ps: ProblemSet) -> tuple[str, str, str]:
    """A wrong answer: its cell, its test cell and the code of what it is told."""
    by_hand = {f"test-{name.replace('_', '-')}" for name in ps.by_hand}
    return next(
        (cell, test, code)
        for slip in ps.answers.SLIPS
        for cell in slip.cells
        for test, code in slip.fails.items()
        if len(slip.cells) == 1 and test == f"test-{cell}" and test not in by_hand
    )


@pytest.mark.parametrize("ps", SETS, ids=lambda ps: ps.name)
def test_validate_has_nothing_to_say_of_right_answers_and_a_wrong_one_is_told(open_lab, ps):
    page = open_lab(f"{ps.name}.ipynb")
    assert validate(page) == "Success! Your notebook passes all the tests."

    id, test, code = slip_in_one_function(ps)
    source = next(slip.cells[id] for slip in ps.answers.SLIPS if slip.fails == {test: code})
    run(page, "import matplotlib")
    run(page, f"def {id.replace('-', '_')}(", source.strip())
    told = run(page, ps.text(test).splitlines()[0])
    assert f" [{code}] {MISCONCEPTIONS[code].title}" in told.splitlines()[0]
    assert "Traceback" not in told and len(told.splitlines()) <= 6
