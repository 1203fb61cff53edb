"""A notebook in JupyterLab, driven as a student would: click, type, run, Validate."""

import json
import re
from pathlib import Path

from browsing import Server
from playwright.sync_api import Locator, Page, expect

HAS_RUN = re.compile(r"\[\d+\]")
PATIENCE = 90_000
"""Milliseconds that a kernel may take on a busy machine."""


def set_up(scratch: Path) -> None:
    """JupyterLab's settings, for a server that is started with this scratch folder.

    All cells are in the page, also those that are out of sight, and no news come up.
    """
    for plugin, settings in {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }.items():
        folder = scratch / "config" / "lab" / "user-settings" / "@jupyterlab"
        path = folder / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(settings))


def address(server: Server, notebook: str) -> str:
    """Where JupyterLab shows a notebook, with nothing else open."""
    return f"{server.address}/lab/tree/{notebook}?reset"


def wait_for_kernel(page: Page) -> None:
    page.set_default_timeout(PATIENCE)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()


def cell(page: Page, beginning: str) -> Locator:
    """The first code cell that has this text."""
    return page.locator(".jp-CodeCell").filter(has_text=beginning).first


def run(page: Page, beginning: str, text: str | None = None) -> str:
    """Run a cell, with a new text that begins so if one is given; what stands below it then."""
    chosen = cell(page, beginning)
    prompt = chosen.locator(".jp-InputArea-prompt")
    before = prompt.inner_text()
    chosen.locator(".cm-content").click()
    if text is not None:
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(text)
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before, timeout=PATIENCE)
    expect(prompt).to_have_text(HAS_RUN, timeout=PATIENCE)
    return chosen.locator(".jp-OutputArea").inner_text().strip()


def validate(page: Page) -> str:
    """Press Validate; what its verdict says. The dialog is closed again."""
    page.locator(".jp-Toolbar-item", has_text="Validate").first.click()
    verdict = page.locator("#validation-message")
    verdict.wait_for()
    said = verdict.inner_text()
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click()
    return said
