"""What the doctor finds."""

import os
import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from bpkit.grading import doctor as module
from bpkit.grading import jail
from bpkit.grading.doctor import diagnose, jail_problem
from tests.grading.courses import make_course
from tests.grading.test_jail import fake


def found(start):
    return {check.name: check for check in diagnose(start)}


@pytest.mark.jail
def test_this_machine_is_ready(tmp_path):
    make_course(tmp_path / "course")
    checks = found(tmp_path / "course" / "solutions")
    assert all(check.ok for check in checks.values()), checks
    assert checks["nbgrader"].found == version("nbgrader")
    assert checks["course"].found.endswith("course: ps1")


def test_no_course_is_no_illness(tmp_path):
    check = found(tmp_path)["course"]
    assert not check.ok and not check.needed
    assert "no course here" in check.found


def test_what_is_missing_is_named_with_what_to_do(tmp_path, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    monkeypatch.setattr(module, "jail_problem", lambda: "no bubblewrap: apt-get install it")
    monkeypatch.setattr(module, "LEAST_DISK", 2**60)
    monkeypatch.setattr(module, "PYTHON", (99, 0))
    checks = found(tmp_path)
    ill = {name for name, check in checks.items() if check.needed and not check.ok}
    assert ill == {"Python 3.11 or newer", "nbgrader", "jail", "disk"}
    assert checks["nbgrader"].found == 'not installed: pip install "bpkit[grade]"'
    assert checks["jail"].found == "no bubblewrap: apt-get install it"
    assert checks["disk"].found.endswith("make room, 1 GB at least")


def test_without_bubblewrap_one_sentence_says_what_to_type(monkeypatch, tmp_path):
    fake(tmp_path, "dnf", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    problem = jail_problem()
    assert "not installed: type `sudo dnf install -y bubblewrap`" in problem


@pytest.mark.parametrize(
    "message, advice",
    [
        ("bwrap: Unknown option --size", "too old"),
        ("bwrap: setting up uid map: Permission denied", "apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: No permissions to create new namespace", "unprivileged_userns_clone=1"),
    ],
)
def test_a_bubblewrap_that_fails_is_explained(monkeypatch, tmp_path, message, advice):
    fake(tmp_path, "bwrap", f"echo '{message}' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    problem = jail_problem()
    assert advice in problem and "\n" not in problem


def test_root_in_a_container_is_told_about_the_container(monkeypatch, tmp_path):
    fake(tmp_path, "bwrap", "echo 'bwrap: Creating new namespace failed' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "--privileged" in jail_problem()


@pytest.mark.jail
def test_a_python_that_does_not_work_inside_is_told(monkeypatch):
    monkeypatch.setattr(jail, "PREFIX_PARTS", ("bin", "pyvenv.cfg"))
    assert "Python does not work in it" in jail_problem() or sys.prefix.startswith("/usr")


@pytest.mark.jail
def test_what_a_template_cannot_do_is_told(monkeypatch, tmp_path):
    """bubblewrap may work where a submission cannot be locked in inside of it."""
    monkeypatch.setattr("bpkit.grading.template.CAPABILITIES", ())
    problem = jail_problem()
    assert os.geteuid() != 0 or "a submission cannot be locked in here" in problem
