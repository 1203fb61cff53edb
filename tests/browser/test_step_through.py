"""Steps of lectures in JupyterLab: opened as stored, run, walked through, and the numbers read."""

import re
from collections.abc import Iterator
from math import exp, tanh

import nbformat
import pytest
from browsing import REPOSITORY, Server, jupyter_server
from lab import PATIENCE, address, cell, run, set_up, wait_for_kernel
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OPENED = {"gradients": "02", "training": "05"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Server]:
    """A folder with two lectures as they are stored, but for the counts of the last run."""
    folder, scratch = tmp_path_factory.mktemp("lectures"), tmp_path_factory.mktemp("jupyter")
    for name, number in OPENED.items():
        (path,) = (REPOSITORY / "lectures").glob(f"{number}-*.ipynb")
        notebook = nbformat.read(path, as_version=4)
        for one in notebook.cells:
            if one.cell_type == "code":
                one.execution_count = None
        nbformat.write(notebook, folder / f"{name}.ipynb")
    set_up(scratch)
    with jupyter_server(folder, scratch) as server:
        yield server


@pytest.fixture
def open_lab(desk, visit):
    visits = []

    def open_lab(name: str) -> Page:
        seen = visit(address(desk, f"{name}.ipynb"), extra_http_headers=desk.headers)
        visits.append(seen)
        wait_for_kernel(seen.page)
        return seen.page

    yield open_lab
    for seen in visits:
        elsewhere = ("data:", "blob:", "http://127.0.0.1:")
        assert [url for url in seen.requests if not url.startswith(elsewhere)] == []
        assert [text for text in seen.complaints if "idget" in text] == []


class Walk:
    """The buttons of a cell that shows steps, and what stands below them."""

    def __init__(self, page: Page, beginning: str):
        self.cell: Locator = cell(page, beginning)
        self.words = self.cell.locator(".widget-htmlmath")
        self.picture = self.cell.locator(".widget-html img")

    def press(self, name: str) -> None:
        self.cell.locator("button", has_text=name).click()

    def to_the_end(self, page: Page) -> None:
        """With the keyboard, on the slider."""
        self.cell.locator(".noUi-handle").focus()
        page.keyboard.press("End")

    def wait(self, step: int, steps: int) -> str:
        """What the step says it is, once it is shown and its formulas are set."""
        heading = self.words.get_by_text(f"Step {step} of {steps}.")
        heading.wait_for(timeout=PATIENCE)
        expect(self.words.locator("mjx-container").last).to_be_visible(timeout=PATIENCE)
        return self.words.locator("b").inner_text()

    def formulas(self) -> list[str]:
        """The formulas as a reader with a screen reader has them, without spaces."""
        said = self.words.locator("mjx-assistive-mml")
        texts = said.evaluate_all("all => all.map(one => one.textContent)")
        return [re.sub(r"\s", "", text).replace("−", "-") for text in texts]

    def results(self) -> list[float]:
        """The number that each formula ends with, of those that end with one."""
        ends = [formula.rpartition("=")[2] for formula in self.formulas() if "=" in formula]
        return [float(end) for end in ends if re.fullmatch(r"-?[\d.]+", end)]

    def alt(self) -> str:
        assert self.picture.evaluate("image => image.naturalWidth") > 1000
        return self.picture.get_attribute("alt").replace("−", "-")


def test_the_first_update_of_xor_one_number_at_a_time(open_lab):
    page = open_lab("training")
    walk = Walk(page, "plots.network_steps(")
    stored = walk.cell.locator(".jp-OutputArea").inner_text()
    assert stored.startswith("Run this cell in JupyterLab to walk through its 14 steps")
    assert "Forward again: the cost was 0.0888" in stored and not walk.words.count()
    for beginning in ("import numpy", "X, classes = datasets.xor()", "def xor_start()"):
        run(page, beginning)
    run(page, "plots.network_steps(")

    sigma = lambda z: 1 / (1 + exp(-z))
    a = [sigma(1.0), sigma(-1.5)]  # z = (0.5 + 0.5, -0.5 - 1): the input is (1, 0)
    a_3 = sigma(-0.5 * a[0] + a[1] + 0.5)
    delta_3 = (a_3 - 1) * a_3 * (1 - a_3)
    delta_2 = [w * delta_3 * a_j * (1 - a_j) for w, a_j in zip((-0.5, 1), a)]
    gradients = [delta_3, delta_3 * a[0], delta_3 * a[1]]
    expected = {
        1: ("Forward: neuron 1, layer 2", [1, a[0]]),
        2: ("Forward: neuron 2, layer 2", [-1.5, a[1]]),
        3: ("Forward: neuron 1, layer 3", [-0.5 * a[0] + a[1] + 0.5, a_3]),
        4: ("The cost", [(a_3 - 1) ** 2 / 2]),
        5: ("Backward: neuron 1, layer 3", [delta_3]),
        6: ("Backward: neuron 1, layer 2", [delta_2[0]]),
        7: ("Backward: neuron 2, layer 2", [delta_2[1]]),
        8: ("Gradients: neuron 1, layer 3", gradients),
    }
    for step, (title, numbers) in expected.items():
        assert walk.wait(step, 14) == f"Step {step} of 14. {title}"
        assert walk.results() == pytest.approx(numbers, abs=6e-5)
        last = float(walk.alt().split()[-1])
        assert walk.alt().startswith(title) and last == pytest.approx(numbers[-1], abs=6e-5)
        if step == 6:
            assert "(BP-2)" in walk.words.inner_text()
            assert walk.formulas()[0] == "δ12=(∑kwk13δk3)σ′(z12)"  # below before above, as MathML
        walk.press("Next")
    walk.wait(9, 14)
    walk.press("Previous")
    assert walk.wait(8, 14).endswith("Gradients: neuron 1, layer 3")


def test_seven_neurons_back_to_the_two_paths(open_lab):
    page = open_lab("gradients")
    for beginning in ("import itertools", "w = {(1, 3): 1.0"):
        run(page, beginning)
    run(page, "plots.graph_steps(")
    walk = Walk(page, "plots.graph_steps(")
    walk.wait(1, 16)
    walk.to_the_end(page)
    assert walk.wait(16, 16).endswith("Gradients: neuron 3")
    walk.press("Previous")
    assert walk.wait(15, 16).endswith("Backward: neuron 3")
    a_3, a_4 = tanh(0.5), tanh(0.25)
    delta_5 = 1 - tanh(a_3) ** 2
    delta_6 = -(1 - tanh(-0.5 * a_3 + 2 * a_4) ** 2)
    delta_3 = (delta_5 * 1.0 + delta_6 * -0.5) * (1 - a_3**2)
    assert walk.results() == pytest.approx([delta_3], abs=6e-5)
    assert "(C-30)" in walk.words.inner_text()
    assert f"= {delta_3:.4f}" in walk.alt()


def test_the_boundary_bends_while_the_steps_are_played(open_lab):
    page = open_lab("training")
    for beginning in ("import numpy", "def wide(", "work, work_classes", "states, net, done"):
        run(page, beginning)
    run(page, "plots.training_steps(")
    walk = Walk(page, "plots.training_steps(")
    walk.wait(1, 7)
    before = walk.picture.get_attribute("src")
    walk.cell.locator(".jupyter-widget-play button, .widget-play button").first.click()
    assert walk.wait(3, 7) == "Step 3 of 7. After 30 epochs: 5 mistakes"
    assert walk.picture.get_attribute("src") != before
    walk.to_the_end(page)
    assert walk.wait(7, 7) == "Step 7 of 7. After 3000 epochs: 0 mistakes"
    cost, length = walk.results()
    assert 0 < cost < 0.05 and 0 < length < 0.01
