"""The system's Chromium, a graded demo class, and Jupyter's server in its course."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

from bpkit.grading.course import find_course
from bpkit.grading.demo import Demo, run_demo

REPOSITORY = Path(__file__).parents[2]
START = 90
"""Seconds that Jupyter's server may take to start on a busy machine."""


@dataclass(frozen=True)
class Server:
    """A running Jupyter server."""

    address: str
    headers: dict[str, str]
    """What a request must carry to be let in."""


@dataclass
class Visit:
    """A page in the browser, and what went on while it was open."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings on the console, and exceptions of scripts."""


def find_chromium() -> str:
    """Where the system's Chromium is.

    Raises
    ------
    RuntimeError : if there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise RuntimeError(
        "Chromium is missing: install it with the system's packages "
        "(Debian, Ubuntu: apt-get install chromium; Fedora: dnf install chromium)"
    )


@contextmanager
def open_browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        try:
            yield browser
        finally:
            browser.close()


def make_demo(directory: Path, students: int) -> Demo:
    """The whole loop on a synthetic class, in a new directory."""
    course = find_course(REPOSITORY)
    return run_demo(course, directory, students, 0, lambda items, _: items)


@contextmanager
def jupyter_server(course: Path, scratch: Path) -> Iterator[Server]:
    """Jupyter's server with formgrader, in a course, for as long as it is needed.

    It listens on this machine alone, with a token, and sees no settings but nbgrader's own.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    options = {
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.root_dir": course,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": token,
        "Exchange.root": scratch / "exchange",
    }
    home = {
        "HOME": str(scratch),
        "JUPYTER_CONFIG_DIR": str(scratch / "config"),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "JUPYTER_RUNTIME_DIR": str(scratch / "runtime"),
    }
    command = [sys.executable, "-m", "jupyter_server", "--no-browser"]
    command += [f"--{option}={value}" for option, value in options.items()]
    log = scratch / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=course, env=os.environ | home, stdout=output, stderr=output
        )
    try:
        running = Server(f"http://127.0.0.1:{port}", {"Authorization": f"token {token}"})
        deadline = time.monotonic() + START
        while not _answers(running):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Jupyter's server did not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield running
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _answers(server: Server) -> bool:
    request = urllib.request.Request(f"{server.address}/api/status", headers=server.headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def open_page(browser: Browser, address: str, width: int = 1200, **options) -> Visit:
    """Open a page without any network but this machine's own."""
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    seen = Visit(page)

    def decide(route: Route) -> None:
        url = route.request.url
        seen.requests.append(url)
        local = url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))
        (route.continue_ if local else route.abort)()

    page.route("**/*", decide)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            seen.complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.goto(address)
    return seen
