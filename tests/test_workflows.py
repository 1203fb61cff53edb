"""What runs on GitHub is what runs here: the workflows hold no step of their own."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OLDEST = PYPROJECT["project"]["requires-python"].removeprefix(">=")
PRIMARY = re.compile(r"actions/[a-z-]+@v\d+")


def read(name):
    # YAML 1.1 reads the key `on` as True
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))


def job_of(name):
    [job] = read(name)["jobs"].values()
    return job


def runs(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_ci_checks_out_and_runs_the_ci_script_and_nothing_else():
    job = job_of("ci.yml")
    assert [step.get("uses", step.get("run")) for step in job["steps"]] == [
        "actions/checkout@v4",
        ".ci/run",
    ]
    assert all(set(step) in ({"uses"}, {"run"}) for step in job["steps"])
    assert job["container"]["image"].startswith(f"python:{OLDEST}-")


def test_ci_runs_for_every_change_and_may_change_nothing():
    ci = read("ci.yml")
    assert ci[True] == {"push": {"branches": ["main"]}, "pull_request": None}
    assert ci["permissions"] == {"contents": "read"}


def test_a_release_is_what_the_package_script_made():
    release, job = read("release.yml"), job_of("release.yml")
    assert release[True] == {"push": {"tags": ["v*"]}}
    assert release["permissions"] == {"contents": "write"}
    package, publish = runs(job)
    assert package == '.ci/package "$GITHUB_REF_NAME"'
    assert re.fullmatch(
        r'gh release create "\$GITHUB_REF_NAME" dist/\*\.whl dist/\*\.tar\.gz .*', publish
    )
    [python] = [step["with"]["python-version"] for step in job["steps"] if "with" in step]
    assert python == OLDEST


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_scripts_exist_and_others_steps_are_from_github(path):
    for step in job_of(path.name)["steps"]:
        assert "uses" not in step or PRIMARY.fullmatch(step["uses"])
        for script in re.findall(r"\.ci/\w+", step.get("run", "")):
            assert os.access(ROOT / script, os.X_OK), script
    assert job_of(path.name)["timeout-minutes"] <= 60


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_nothing_from_outside_is_pasted_into_a_shell(path):
    """A title or a branch name in ``${{ }}`` would be run as a command."""
    assert not any("${{" in run for run in runs(job_of(path.name)))


def test_there_are_workflows():
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "release.yml"]
