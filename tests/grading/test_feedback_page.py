"""Feedback pages: formulas typeset without a script, and nothing in them that could run."""

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from bpkit.grading.feedback_page import FeedbackExporter

MARKS = {"notebook": "numbers", "score": 2.5, "max_score": 6.0, "late_penalty": 0}
ALERT = "<img src=x onerror=alert(1)>"


def page_of(cells, **marks):
    """The page as nbgrader has it made, its marks put in already."""
    exporter = FeedbackExporter(config=GenerateFeedback(coursedir=CourseDirectory()).config)
    resources = {"nbgrader": MARKS | marks}
    html, _ = exporter.from_notebook_node(new_notebook(cells=cells), resources)
    return BeautifulSoup(html, features="html.parser")


def page(*sources: str, outputs=()):
    cells = [new_markdown_cell(source) for source in sources]
    return page_of([*cells, new_code_cell("1", outputs=list(outputs))])


def graded(grade_id, score, points, error=None, **about):
    nbgrader = {"grade": True, "solution": False, "grade_id": grade_id, "locked": True}
    cell = new_code_cell("check()", metadata={"nbgrader": nbgrader | about})
    cell.metadata.nbgrader.update(score=score, points=points)
    if error:
        ename, evalue = error
        cell.outputs = [new_output("error", ename=ename, evalue=evalue, traceback=[evalue])]
    return cell


def answer(comment):
    nbgrader = {"grade": False, "solution": True, "grade_id": "answer", "comment": comment}
    return new_code_cell("mine", metadata={"nbgrader": nbgrader})


def rows(soup):
    """The table on top: the words of each row, those that lost marks with an exclamation mark."""
    return [
        "!" * ("lost" in row.get("class", ()))
        + " | ".join(" ".join(cell.stripped_strings) for cell in row.find_all(["th", "td"]))
        for row in soup.find("table", class_="marks").tbody.find_all("tr")
    ]


def test_the_top_tells_marks_and_what_was_said_task_by_task():
    failed = "CheckFailed", "BP-1 [M01] sigma' is left out\nExpected: delta"
    soup = page_of(
        [
            graded("test-a-sum", 1.0, 1.0),
            answer("nearly\nthere"),
            graded("test-delta", 0.5, 2.0, failed),
            answer("No response."),
            graded("test-blank", 0.0, 1.0, ("CheckFailed", "BP-2 [not implemented] still empty")),
            graded("figure", 0.0, 1.0, ("NameError", "name 'plt' is not defined")),
            graded("explain", 0.0, 1.0, waits=True),
            graded("test-extra", 0.0, 0.0, ("CheckFailed", "N-1 [wrong value] no")),
        ]
    )
    assert rows(soup) == [
        "a sum | 1 of 1 | ",
        "!delta | 0.5 of 2 | BP-1 [M01] sigma' is left out nearly there",
        "!blank | 0 of 1 | BP-2 [not implemented] still empty",
        "!figure | 0 of 1 | NameError: name 'plt' is not defined",
        "explain | not marked yet | ",
        "extra | no marks | N-1 [wrong value] no",
    ]
    assert soup.h1.text == "numbers: 2.5 of 6 marks"
    assert "Not given yet: 1 mark, for" in soup.header.text


def test_each_row_leads_to_its_cell():
    soup = page_of([graded("test-a", 1.0, 1.0), graded("explain", 0.0, 1.0, solution=True)])
    targets = [link["href"] for link in soup.find("table", class_="marks").find_all("a")]
    assert targets == ["#test-a", "#explain"]
    for target in targets:
        (cell,) = soup.find_all("a", attrs={"name": target[1:]})
        assert cell.find_parent(class_="nbgrader_cell")


def test_no_comment_of_nbgraders_own_where_nothing_else_is_said():
    soup = page_of([answer("No response."), graded("figure", 0.0, 1.0)])
    assert rows(soup) == ["!figure | 0 of 1 | No response."]


def test_all_marks_need_no_word_on_lost_ones_and_lateness_has_a_row():
    assert soup_text(page_of([graded("a", 1.0, 1.0)])) == ""
    late = page_of([graded("a", 1.0, 1.0)], late_penalty=1.5)
    assert rows(late)[-1] == "!handed in late | −1.5 | "


def soup_text(soup):
    return " ".join(soup.header.p.stripped_strings)


def test_nothing_that_is_said_on_top_can_run_or_is_a_book():
    soup = page_of(
        [answer(ALERT), graded("test-a", 0.0, 1.0, ("CheckFailed", ALERT + 10_000 * "x"))],
        notebook=ALERT,
    )
    assert not soup.header.find_all("img")
    (row,) = rows(soup)
    assert row.count(ALERT) == 2 and len(row) < 400


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
    assert "@font-face" not in str(soup) and "Helvetica" in str(soup.find_all("style"))


def test_pictures_are_shown_and_missing_ones_are_named():
    pixel = "iVBORw0KGgo="
    cell = nbformat.v4.new_markdown_cell("![a](attachment:a.png) ![b](attachment:<b>.png)")
    cell.attachments = {"a.png": {"image/png": pixel}}
    soup = page_of([cell])
    assert soup.find("img")["src"] == f"data:image/png;base64,{pixel}"
    assert "is missing" in soup.text


def test_links_lead_to_pages_only_and_formulas_have_no_style():
    soup = page(
        "[a](https://a.org) [b](data:text/html,x) $\\style{position:fixed}{x}$ $\\color{red}x$"
    )
    links = soup.find(id="notebook").find("p").find_all("a")
    assert [link.get("href") for link in links] == ["https://a.org", None]
    assert not [part for m in soup.find_all("math") for part in m.find_all(style=True)]
