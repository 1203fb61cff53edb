"""Steps in a notebook: what is displayed, what is stored, and what the buttons do."""

import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import ipywidgets
import pytest
from matplotlib.figure import Figure

import bpkit
from bpkit import plots
from bpkit.plots import walk

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def steps():
    net = bpkit.Network([2, 2, 1], rng=0)
    trace = net.forward([[1, 0]])
    return plots.network_steps(net, trace, net.backward(trace, [[1]]), [1], rate=2.0)


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: bundles.append(data))
    return bundles


def parts(steps):
    """The buttons and the rest of what a reader has in hand."""
    bar, words, picture = walk._controls(steps, ipywidgets).children
    back, on, play, slider = bar.children
    return back, on, play, slider, words, picture


def test_buttons_and_a_table_are_displayed(steps, shown):
    plots.step_through(steps, "Once")
    buttons, table = shown
    assert set(buttons) == {VIEW, "text/html", "text/plain"}
    assert buttons["text/plain"] == (
        f"Run this cell in JupyterLab to walk through its {len(steps)} steps one at a time."
    )
    assert table == {
        "text/html": walk.table(steps, "Once"),
        "text/plain": walk.listing(steps, "Once"),
    }


def test_without_ipywidgets_there_is_the_table_and_a_sentence(steps, shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    plots.step_through(steps, "Once")
    told, table = shown
    assert told["text/plain"].startswith("To walk through these steps one at a time, install ipy")
    assert VIEW not in told
    assert table["text/html"] == walk.table(steps, "Once")


def test_no_steps_are_refused(shown):
    with pytest.raises(ValueError, match="no steps to walk through"):
        plots.step_through([], "Nothing")
    assert shown == []


def test_next_and_previous_walk_to_both_ends(steps):
    steps = steps[::4]
    back, on, _, slider, words, picture = parts(steps)
    seen = [(words.value, picture.value)]
    assert back.disabled and not on.disabled
    for _ in steps[1:]:
        assert not on.disabled
        on.click()
        seen.append((words.value, picture.value))
    assert on.disabled and not back.disabled and slider.value == len(steps)
    for n, (step, (text, image)) in enumerate(zip(steps, seen), start=1):
        assert f"<b>Step {n} of {len(steps)}. {step.title}</b>" in text
        for formula in (*step.equations, *step.numbers):
            assert f"${formula}$" in text
        assert all(f"({tag})" in text for tag in step.tags)
        alt = re.search(r'alt="([^"]+)"', image)[1]
        assert alt.startswith(step.title) and walk.plain(step.numbers[-1]) in alt
        assert "data:image/png;base64," in image
    back.click()
    assert (words.value, picture.value) == seen[-2]


def test_playing_and_the_slider_lead_to_the_same_steps(steps):
    _, _, play, slider, words, _ = parts(steps)
    play.value = 5
    assert slider.value == 5 and "Step 5 of" in words.value
    slider.value = 2
    assert play.value == 2 and "Step 2 of" in words.value
    assert play.max == slider.max == len(steps)


def test_only_the_step_that_is_looked_at_is_drawn(steps):
    drawn = []

    def drawing(n):
        return replace(steps[n], draw=lambda: drawn.append(n) or Figure())

    _, on, *_ = parts([drawing(n) for n in range(4)])
    assert drawn == [0]
    on.click()
    assert drawn == [0, 1]


def test_the_table_has_every_step_with_its_numbers(steps):
    html = walk.table(steps, "A < B").replace("<br>", "<br/>")
    table = ElementTree.fromstring(html)
    assert table.find("caption").text == "A < B"
    rows = table.findall("tbody/tr")
    assert len(rows) == len(steps)
    for n, (step, row) in enumerate(zip(steps, rows), start=1):
        number, what, equations, numbers = row.findall("td")
        assert number.text == str(n) and what.text.strip() == step.title
        assert what.find("br").tail == f"({', '.join(step.tags)})"
        for cell, formulas in ((equations, step.equations), (numbers, step.numbers)):
            spans = ["".join(span.itertext()) for span in cell.findall("span")]
            bare = [re.sub(r"[\^_]", "", walk.plain(formula)) for formula in formulas]
            assert spans == bare
    assert "\\" not in html and "$" not in html


def test_the_listing_has_a_line_for_each_step(steps):
    title, *lines = walk.listing(steps, "Once").splitlines()
    assert title == "Once" and len(lines) == len(steps)
    assert lines[4].startswith("5. Backward: neuron 1, layer 3 (BP-1): δ^3_1 = (")


@pytest.mark.parametrize(
    "latex, html, text",
    [
        (r"w^3_{k1}\,\delta^3_k", "w<sup>3</sup><sub>k1</sub> δ<sup>3</sup><sub>k</sub>",
         "w^3_k1 δ^3_k"),
        (r"\partial C/\partial b^2_1 = 3 \cdot 10^{-5}",
         "∂C/∂b<sup>2</sup><sub>1</sub> = 3 · 10<sup>−5</sup>", "∂C/∂b^2_1 = 3 · 10^−5"),
        (r"b \leftarrow b - \gamma\,|\nabla C|", "b ← b − γ |∇C|", "b ← b − γ |∇C|"),
        (r"\delta_7 = -[\,z_7\,t < 0\,]\,g'(z_7)",
         "δ<sub>7</sub> = −[ z<sub>7</sub> t &lt; 0 ] g′(z<sub>7</sub>)",
         "δ_7 = −[ z_7 t < 0 ] g′(z_7)"),
    ],
)  # fmt: skip
def test_formulas_without_typesetting(latex, html, text):
    assert walk.markup(latex) == html
    assert walk.plain(latex) == text


def test_widgets_are_loaded_when_they_are_needed_and_not_before():
    code = "import sys\nfrom bpkit import plots\nassert 'ipywidgets' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
