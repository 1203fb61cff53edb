"""A hub as docs/department.md sets one up, and people who log in there."""

import html
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.hub.machine import Machine
from tests.hub.recipe import read_recipe

COURSE = "backpropagation"
GRADER = f"grader-{COURSE}"
INSTRUCTOR = "ines"
STUDENTS = ANA, BEN = "ana", "ben"
STRANGER = "stu"
"""Has an account on the machine, but no course."""
PATIENCE = 90
"""Seconds that the hub or a server may take to start on a busy machine."""


@dataclass(frozen=True)
class Person:
    """Somebody's way into the hub: a token that may do what they may do."""

    hub: str
    name: str
    token: str = field(repr=False)

    def ask(self, method: str, path: str, **about: Any) -> requests.Response:
        """Send a request to the hub, or through it to somebody's server."""
        headers = {"Authorization": f"token {self.token}"}
        return requests.request(method, self.hub + path, headers=headers, timeout=60, **about)

    def get(self, path: str) -> requests.Response:
        """Read a page, or a piece of data."""
        return self.ask("GET", path)

    def exchange(self, action: str, assignment: str = "ps3") -> Any:
        """Press a button of nbgrader's list of assignments in one's own JupyterLab."""
        about = {"course_id": COURSE, "assignment_id": assignment}
        answer = self.ask("POST", f"/user/{self.name}/assignments/{action}", json=about)
        assert answer.ok and answer.json()["success"], answer.text
        return answer.json()["value"]


@dataclass(frozen=True)
class Department:
    """A machine with a hub on it, whose accounts have passwords."""

    machine: Machine
    address: str
    passwords: dict[str, str] = field(repr=False)

    def log_in(self, name: str) -> Person:
        """Log in on the hub's page, and get a token there."""
        browser = requests.Session()

        def post(path: str, **about: Any) -> requests.Response:
            params = {"_xsrf": browser.cookies.get("_xsrf", path="/hub/")}
            return browser.post(self.address + path, params=params, timeout=60, **about)

        browser.get(f"{self.address}/hub/login", timeout=60)
        form = {"username": name, "password": self.passwords.get(name, "")}
        page = post("/hub/login", data=form | {"next": "/hub/home"})
        if not page.ok:
            told = re.search(r'class="login_error">(.*?)</p>', page.text, re.S)
            raise PermissionError(html.unescape(told[1]).strip() if told else page.text)
        made = post(f"/hub/api/users/{name}/tokens", json={})
        assert made.ok, made.text
        return Person(self.address, name, made.json()["token"])

    def as_grader(self, line: str, typed: str = "") -> str:
        """Run a line in a terminal of the account that grades."""
        return self.machine.run(self.machine.as_user(GRADER, f"cd course && {line}"), typed)

    def start_servers(self, owners: dict[str, Person]) -> None:
        """Start the servers of these accounts, each by a person who may, all at the same time."""
        with ThreadPoolExecutor() as threads:  # the hub answers when a server has started
            for asked in threads.map(
                lambda owner: owners[owner].ask("POST", f"/hub/api/users/{owner}/server"), owners
            ):
                assert asked.status_code in (201, 202), asked.text
        until = time.monotonic() + PATIENCE
        for owner, person in owners.items():
            while not person.get(f"/hub/api/users/{owner}").json()["servers"].get("", {})["ready"]:
                assert time.monotonic() < until, f"the server of {owner} does not start"
                time.sleep(0.1)


@contextmanager
def department(machine: Machine, log: Path) -> Iterator[Department]:
    """Do what the image's recipe does, start the hub as it says, and make the accounts."""
    recipe = read_recipe()
    for source, target in recipe.copies:
        machine.run(machine.command("mkdir", "-p", target.parent))
        machine.run(machine.command("cp", "-R", source, target))
    assert "chmod 700 /opt/bpkit" in recipe.runs
    machine.run(machine.command("chmod", "700", "/opt/bpkit"))

    public, inner, proxy = (f"http://127.0.0.1:{port}" for port in _free_ports(3))
    line = recipe.command.replace("http://:8000", public)
    assert public in line
    line += f" --JupyterHub.hub_bind_url={inner} --ConfigurableHTTPProxy.api_url={proxy}"
    # Debian's packages of Node modules lie where only Debian's own Node looks
    line = f"export NODE_PATH=/usr/share/nodejs; cd {recipe.place} && {line}"
    with log.open("wb") as output:
        hub = subprocess.Popen(
            machine.command("bash", "-c", line),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        until = time.monotonic() + PATIENCE
        while not _answers(f"{public}/hub/health"):
            assert hub.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.1)
        yield Department(machine, public, _make_accounts(machine))
    finally:
        hub.terminate()
        hub.wait(30)


def _make_accounts(machine: Machine) -> dict[str, str]:
    """People, in the groups of the course; their passwords."""
    students = {name: ["--groups", f"nbgrader-{COURSE}"] for name in STUDENTS}
    people = {INSTRUCTOR: ["--groups", f"formgrade-{COURSE}"], **students, STRANGER: []}
    for name, groups in people.items():
        machine.run(machine.command("useradd", "--create-home", "--shell=/bin/bash", *groups, name))
    passwords = {name: secrets.token_urlsafe() for name in people}
    lines = "".join(f"{name}:{password}\n" for name, password in passwords.items())
    machine.run(machine.command("chpasswd"), lines)
    return passwords


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [free.getsockname()[1] for free in sockets]
    for free in sockets:
        free.close()
    return ports


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False
