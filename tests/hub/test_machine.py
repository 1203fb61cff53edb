"""The machine that the hub's tests run on leaves nothing behind."""

import os
import subprocess
from pathlib import Path
from pwd import getpwall

import pytest

from tests.hub.machine import machine

NAME = "bpkit-test-account"


@pytest.mark.skipif(os.geteuid() != 0, reason="accounts can only be made by root")
def test_accounts_files_and_programs_end_with_the_machine():
    accounts = getpwall()
    with machine() as own:
        own.run(own.command("useradd", "--create-home", NAME))
        assert own.run(own.as_user(NAME, "whoami")) == f"{NAME}\n"
        own.run(own.command("touch", f"/srv/{NAME}", f"/opt/{NAME}", f"/etc/{NAME}"))
        sleeper = subprocess.Popen(own.command("sleep", "1000"))
        assert sleeper.poll() is None
    assert sleeper.wait(10) != 0
    assert getpwall() == accounts
    for folder in "/home", "/srv", "/opt", "/etc":
        assert not Path(folder, NAME).exists()
