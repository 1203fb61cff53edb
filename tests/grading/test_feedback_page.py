"""Feedback pages: formulas typeset without a script, and nothing in them that could run."""

import nbformat
import pytest
from bs4 import BeautifulSoup

from bpkit.grading.feedback_page import FeedbackExporter


def page(*sources: str, outputs=()):
    cells = [nbformat.v4.new_markdown_cell(source) for source in sources]
    cells.append(nbformat.v4.new_code_cell("1", outputs=list(outputs)))
    html, _ = FeedbackExporter().from_notebook_node(nbformat.v4.new_notebook(cells=cells))
    return BeautifulSoup(html, features="html.parser")


def test_formulas_are_mathml():
    soup = page("The slope $\\sigma'(z)$ and\n\n$$\\frac{\\partial C}{\\partial b} = \\delta$$")
    inline, block = soup.find_all("math")
    assert [m["display"] for m in (inline, block)] == ["inline", "block"]
    assert block.find("mfrac") and "δ" in block.text
    assert "$" not in soup.body.text


def test_aligned_equations_keep_their_rows():
    soup = page("$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$")
    assert len(soup.find("math").find_all("mtr")) == 2


@pytest.mark.parametrize("tex", ["\\frac{1", "\\begin{x} 1", "_^_^", "\\left( 1", "<b>x</b>"])
def test_what_is_no_formula_stays_as_it_was_typed_or_is_harmless(tex):
    soup = page(f"Before ${tex}$ after")
    assert "Before" in soup.text and "after" in soup.text
    assert soup.find("b") is None


def test_nothing_in_the_page_can_run_or_load():
    html = {"text/html": "<script>alert(1)</script><img src=x onerror=alert(2)>"}
    script = {"application/javascript": "alert(3)"}
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in (html, script)]
    soup = page("<script>alert(4)</script> hello", outputs=outputs)
    assert not soup.find_all("script")
    policy = soup.head.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'")
    assert "cdnjs" not in str(soup)


def test_pictures_are_shown_and_missing_ones_are_named():
    pixel = "iVBORw0KGgo="
    cell = nbformat.v4.new_markdown_cell("![a](attachment:a.png) ![b](attachment:<b>.png)")
    cell.attachments = {"a.png": {"image/png": pixel}}
    page, _ = FeedbackExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    soup = BeautifulSoup(page, features="html.parser")
    assert soup.find("img")["src"] == f"data:image/png;base64,{pixel}"
    assert "is missing" in soup.text


def test_links_lead_to_pages_only_and_formulas_have_no_style():
    soup = page(
        "[a](https://a.org) [b](data:text/html,x) $\\style{position:fixed}{x}$ $\\color{red}x$"
    )
    assert [link.get("href") for link in soup.find("p").find_all("a")] == ["https://a.org", None]
    assert not [part for m in soup.find_all("math") for part in m.find_all(style=True)]
