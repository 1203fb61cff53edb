"""A student's chair: problem set 3 in JupyterLab, a wrong answer, then a right one, Validate."""

from collections.abc import Iterator

import pytest
from browsing import REPOSITORY, Server, jupyter_server
from lab import address, run, set_up, validate, wait_for_kernel
from playwright.sync_api import Page

from bpkit.demo_answers.right import EINSUM, MATRIX
from bpkit.demo_class import EXPLANATIONS, fill_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RELEASE = (REPOSITORY / "exercises" / "ps3" / "backpropagation.ipynb").read_bytes()
WRONG = "def output_delta_quadratic(z, y):\n    return sigmoid(z) - y"
RIGHT = "def output_delta_quadratic(z, y):\n    return (sigmoid(z) - y) * sigmoid_prime(z)"
TEST = "checks.output_delta_quadratic("


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Server]:
    """A student's folder: the notebook as it was handed out, and one that is done."""
    folder, scratch = tmp_path_factory.mktemp("mine"), tmp_path_factory.mktemp("jupyter")
    (folder / "blank.ipynb").write_bytes(RELEASE)
    (folder / "done.ipynb").write_bytes(fill_in(RELEASE, EINSUM, EXPLANATIONS[0]))
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


def test_validate_finds_nothing_to_say_of_a_notebook_that_is_done(open_lab):
    verdict = validate(open_lab("done.ipynb"))
    assert verdict == "Success! Your notebook passes all the tests."
