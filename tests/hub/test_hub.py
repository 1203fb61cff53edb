"""A department's hub from the first login to the marks, and what a student does not get to see.

The hub is real, with its own configuration, and so are its accounts, each with a password, a home
and a server that runs under it. All of them live in namespaces and are gone afterwards.
"""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page

from bpkit.demo_answers.right import MATRIX
from bpkit.demo_answers.slips import SLIPS
from bpkit.demo_class import EXPLANATIONS, fill_in
from tests.browser.browsing import open_browser, open_page
from tests.hub.department import (
    ANA,
    BEN,
    COURSE,
    GRADER,
    INSTRUCTOR,
    STRANGER,
    Department,
    Person,
    department,
)
from tests.hub.machine import machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.jail,
    pytest.mark.skipif(os.geteuid() != 0, reason="accounts can only be made by root"),
    pytest.mark.skipif(
        shutil.which("configurable-http-proxy") is None and "CI" not in os.environ,
        reason="configurable-http-proxy is missing: npm install -g configurable-http-proxy",
    ),
]

NOTEBOOK = f"{COURSE}/ps3/backpropagation.ipynb"
"""Where a student has what was fetched."""
FORMGRADER = f"/user/{GRADER}/formgrader"
SLIP = next(slip for slip in SLIPS if slip.kind == "M01")
WRONG = replace(MATRIX, cells={**MATRIX.cells, **SLIP.cells})
READ_BY_A_PERSON = 3  # marks: the figure and the explanation
IN_GRADERS = f"~{GRADER}/course"
EXCHANGE = f"/srv/nbgrader/exchange/{COURSE}"
LATER = "2100-01-01 00:00:00 UTC+x"
SLIP_TOLD = "[M01] sigma'(z^L) is left out"


@dataclass(frozen=True)
class Term:
    """A term in which ps3 was handed in twice."""

    ana: Person
    ben: Person
    ines: Person
    first: dict[str, tuple[float, float]]
    """By student: marks, out of how many."""
    collected_again: str
    """What nbgrader said."""
    second: dict[str, tuple[float, float]]


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[Department]:
    log = tmp_path_factory.mktemp("hub") / "hub.log"
    with machine() as own, department(own, log) as hub:
        yield hub


@pytest.fixture(scope="module")
def term(hub) -> Term:
    """All steps of the exchange, by the commands of the page; then once more, by the buttons."""
    ana, ben, ines = (hub.log_in(name) for name in (ANA, BEN, INSTRUCTOR))
    hub.start_servers({GRADER: ines, ANA: ana, BEN: ben})

    hub.as_grader("bpkit release ps3 && nbgrader release_assignment ps3")
    for student, answers in (ana, MATRIX), (ben, WRONG):
        student.exchange("fetch")
        hand_in(student, answers)
    hub.as_grader("nbgrader collect ps3 && bpkit grade ps3")
    hub.as_grader("bpkit feedback ps3 && nbgrader release_feedback ps3")
    for student in ana, ben:
        student.exchange("fetch_feedback")
    first = marks(ines)

    hand_in(ben, MATRIX)
    as_student(hub, BEN, put_into_exchange(f"{ANA}+ps3+{LATER}", f"cp ~/{NOTEBOOK}"))
    collected = press(ines, "assignment/ps3/collect")
    press(ines, f"submission/ps3/{BEN}/autograde")
    press(ines, "assignment/ps3/generate_feedback")
    press(ines, "assignment/ps3/release_feedback")
    ben.exchange("fetch_feedback")
    return Term(ana, ben, ines, first, collected, marks(ines))


def hand_in(student: Person, answers) -> None:
    """Fill in the notebook that was fetched, in JupyterLab, and press Submit."""
    path = f"/user/{student.name}/api/contents/{NOTEBOOK}"
    notebook = fill_in(read(student, NOTEBOOK), answers, EXPLANATIONS[0])
    about = {"type": "file", "format": "text", "content": notebook.decode()}
    assert student.ask("PUT", path, json=about).ok
    student.exchange("submit")


def read(student: Person, path: str) -> bytes:
    """A file in a student's home, as their JupyterLab gives it to them."""
    answer = student.get(f"/user/{student.name}/files/{path}")
    assert answer.ok, answer.text
    return answer.content


def put_into_exchange(folder: str, how: str) -> str:
    """The line of shell that puts a folder of one's own making among the submissions."""
    return f"mkdir '{EXCHANGE}/inbound/{folder}' && {how} '{EXCHANGE}/inbound/{folder}/'"


def as_student(hub: Department, name: str, line: str) -> None:
    hub.machine.run(hub.machine.as_user(name, line))


def press(ines: Person, button: str) -> str:
    """Press a button of formgrader's; what it tells."""
    answer = ines.ask("POST", f"{FORMGRADER}/api/{button}")
    assert answer.ok and answer.json()["success"], answer.text
    return answer.json().get("log", "")


def marks(ines: Person) -> dict[str, tuple[float, float]]:
    found = ines.get(f"{FORMGRADER}/api/submissions/ps3").json()
    return {row["student"]: (row["score"], row["max_score"]) for row in found if row["autograded"]}


def test_marks_are_what_the_answers_deserve(term):
    score, most = term.first[ANA]
    assert score == most - READ_BY_A_PERSON
    assert term.first[BEN][0] < score
    assert set(term.first) == {ANA, BEN}


def test_who_hands_in_once_more_is_graded_once_more(term):
    assert term.second == {ANA: term.first[ANA], BEN: term.first[ANA]}


def test_a_submission_in_anothers_name_is_not_collected(term):
    assert f"{ANA}+ps3+{LATER} was put there by {BEN}" in term.collected_again


def test_everybody_reads_their_own_marks_and_what_was_wrong(term):
    for student, pages in (term.ana, 1), (term.ben, 2):
        folder = f"{COURSE}/ps3/feedback"
        times = student.get(f"/user/{student.name}/api/contents/{folder}").json()["content"]
        paths = sorted(f"{time['path']}/backpropagation.html" for time in times)
        found = [read(student, path).decode() for path in paths]
        slipped = student is term.ben
        assert [SLIP_TOLD in page for page in found] == [slipped, False][:pages]
        score, most = term.first[student.name]
        assert f"{score:g} of {most:g} marks" in found[0]


def test_a_link_to_somebodys_work_brings_nothing(hub, term):
    stolen = f"/home/{GRADER}/course/submitted/{ANA}/ps3/backpropagation.ipynb"
    as_student(hub, BEN, put_into_exchange(f"{BEN}+ps3+{LATER}", f"ln -s {stolen}"))
    assert "backpropagation.ipynb is a link" in press(term.ines, "assignment/ps3/collect")
    assert hub.as_grader(f"ls submitted/{BEN}/ps3").split() == ["timestamp.txt"]
    assert "backpropagation.ipynb" in hub.as_grader(f"ls submitted/{ANA}/ps3")


WEB = {
    "Ana's files": (ANA, f"/user/{ANA}/api/contents"),
    "Ana's notebook": (ANA, f"/user/{ANA}/files/{NOTEBOOK}"),
    "Ana's terminals": (ANA, f"/user/{ANA}/api/terminals"),
    "Ana's assignments": (ANA, f"/user/{ANA}/assignments?course_id={COURSE}"),
    "Ana at the hub": (ANA, f"/hub/api/users/{ANA}"),
    "formgrader": (INSTRUCTOR, f"{FORMGRADER}/manage_assignments"),
    "everybody's marks": (INSTRUCTOR, f"{FORMGRADER}/api/submissions/ps3"),
    "the gradebook": (INSTRUCTOR, f"/user/{GRADER}/files/course/gradebook.db"),
    "the solutions": (INSTRUCTOR, f"/user/{GRADER}/api/contents/course/solutions"),
}


@pytest.mark.parametrize(("whose", "path"), WEB.values(), ids=WEB)
def test_a_student_is_not_shown(term, whose, path):
    persons = {person.name: person for person in (term.ana, term.ben, term.ines)}
    allowed = persons.pop(whose)
    assert allowed.get(path).status_code == 200
    students = [persons[name] for name in (ANA, BEN) if name in persons]
    assert {student.get(path).status_code for student in students} <= {403, 404}


def test_a_student_has_no_formgrader(term):
    assert term.ana.get(f"/user/{ANA}/formgrader/manage_assignments").status_code == 404


def test_a_student_cannot_start_or_stop_the_graders_server(term):
    for method in "POST", "DELETE":
        answer = term.ben.ask(method, f"/hub/api/users/{GRADER}/server")
        assert answer.status_code in (403, 404)
    assert term.ines.get(f"{FORMGRADER}/manage_assignments").ok


DISK = {
    "Ana's home": (ANA, f"ls ~{ANA}"),
    "Ana's notebook": (ANA, f"cat ~{ANA}/{NOTEBOOK}"),
    "Ana's feedback": (ANA, f"cat ~{ANA}/{COURSE}/ps3/feedback/*/backpropagation.html"),
    "the token of Ana's server": (ANA, f"cat /proc/$(pgrep -o -u {ANA} -f singleuser)/environ"),
    "the list of submissions": (GRADER, f"ls {EXCHANGE}/inbound"),
    "the submissions": (GRADER, f"cat {EXCHANGE}/inbound/{ANA}*/backpropagation.ipynb"),
    "the list of feedback pages": (GRADER, f"ls {EXCHANGE}/feedback"),
    "the feedback pages": (GRADER, f"cat {EXCHANGE}/feedback/*.html"),
    "the release, to write": (GRADER, f"touch {EXCHANGE}/outbound/ps3/backpropagation.ipynb"),
    "the release, to replace": (
        GRADER,
        f"mv {EXCHANGE} {EXCHANGE}-2 && mv {EXCHANGE}-2 {EXCHANGE}",
    ),
    "the solutions": (GRADER, f"cat {IN_GRADERS}/solutions/ps3/backpropagation.ipynb"),
    "the gradebook": (GRADER, f"cat {IN_GRADERS}/gradebook.db"),
    "what Ana handed in": (
        GRADER,
        f"cat {IN_GRADERS}/submitted/{ANA}/ps3/backpropagation.ipynb",
    ),
    "the token of the grader's server": (
        GRADER,
        f"cat /proc/$(pgrep -o -u {GRADER} -f singleuser)/environ",
    ),
    "the recipe's copy of the solutions": ("root", "ls /opt/bpkit/solutions"),
    "the hub's tokens": ("root", "cat /srv/jupyterhub/jupyterhub.sqlite"),
    "the hub's secret": ("root", "cat /srv/jupyterhub/jupyterhub_cookie_secret"),
}


@pytest.mark.parametrize(("who", "line"), DISK.values(), ids=DISK)
def test_a_students_terminal_does_not_reach(hub, term, who, line):
    allowed = hub.machine.attempt(hub.machine.as_user(who, line))
    assert allowed.returncode == 0, allowed.stderr
    refused = hub.machine.attempt(hub.machine.as_user(BEN, line))
    assert refused.returncode != 0 and refused.stdout == ""


def test_without_the_course_or_a_password_nobody_comes_in(hub):
    with ThreadPoolExecutor() as threads:  # PAM lets one wait for seconds
        tries = [threads.submit(hub.log_in, name) for name in (STRANGER, GRADER, "root")]
    for refused in tries:
        with pytest.raises(PermissionError, match="Invalid username or password"):
            refused.result()


@pytest.fixture(scope="module")
def log_in_page(hub, term):
    """Logs in on the hub's first page; the page one comes to."""
    with open_browser() as browser:

        def log_in(name: str) -> Page:
            page = open_page(browser, hub.address).page
            page.set_default_timeout(90_000)
            page.get_by_label("Username").fill(name)
            page.get_by_label("Password").fill(hub.passwords[name])
            page.get_by_role("button", name="Sign in").click()
            return page

        yield log_in


def menu(page: Page) -> list[str]:
    """What JupyterLab's menu of nbgrader offers; it stays open."""
    page.locator(".lm-MenuBar-itemLabel", has_text="Nbgrader").click()
    page.locator(".lm-Menu-itemLabel", has_text="Assignment List").wait_for()
    return [label for label in page.locator(".lm-Menu-itemLabel").all_inner_texts() if label]


@pytest.mark.browser
def test_a_student_finds_the_assignment_and_no_formgrader(log_in_page):
    page = log_in_page(ANA)
    page.wait_for_url(f"**/user/{ANA}/lab")
    assert menu(page) == ["Assignment List"]
    page.locator(".lm-Menu-itemLabel", has_text="Assignment List").click()
    submitted = page.locator("#submitted_assignments_list")
    submitted.get_by_text("(view feedback)").wait_for()
    assert "ps3" in submitted.inner_text()


@pytest.mark.browser
def test_an_instructor_comes_to_the_course_and_its_formgrader(log_in_page):
    page = log_in_page(INSTRUCTOR)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"**/user/{GRADER}/lab")
    assert "Formgrader" in menu(page)
    page.get_by_text("Formgrader", exact=True).click()
    formgrader = page.frame_locator("iframe")
    row = formgrader.locator("#main-table tr", has=formgrader.get_by_text("ps3", exact=True))
    assert row.locator("td.num-submissions").inner_text().strip() == "2"
