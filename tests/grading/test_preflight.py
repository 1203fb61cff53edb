"""Reading submitted files: broken ones are refused with a sentence, honest ones are read."""

import json
import os
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bpkit.grading import preflight
from bpkit.grading.preflight import Unreadable, read_submission

GOOD = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title"},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"nbgrader": {"grade_id": "f"}},
            "source": ["x = 'ä'\n", "y = 2"],
            "outputs": [],
            "execution_count": None,
        },
    ],
}


def written(tmp_path, content, name="ps.ipynb"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def refusal(path) -> str:
    with pytest.raises(Unreadable) as raised:
        read_submission(path)
    message = str(raised.value)
    assert "\n" not in message and message.isprintable()
    return message


def cells(*sources) -> dict:
    return {"cells": [{"cell_type": "code", "source": source} for source in sources]}


# what is read


def test_a_notebook_is_read(tmp_path):
    notebook = read_submission(written(tmp_path, GOOD))
    assert [cell["source"] for cell in notebook["cells"]] == ["# Title", "x = 'ä'\ny = 2"]
    assert notebook["cells"][1]["metadata"] == {"nbgrader": {"grade_id": "f"}}
    assert notebook["metadata"] == GOOD["metadata"]


def test_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    text = json.dumps(GOOD, indent=1, ensure_ascii=False).replace("\n", "\r\n")
    plain = read_submission(written(tmp_path, GOOD))
    assert read_submission(written(tmp_path, b"\xef\xbb\xbf" + text.encode(), "w.ipynb")) == plain
    (cell,) = read_submission(written(tmp_path, cells("a = 1\r\nb = 2")))["cells"]
    assert cell["source"] == "a = 1\nb = 2"


def test_format_3_is_read_like_jupyter_reads_it(tmp_path):
    notebook = new_notebook(cells=[new_code_cell("x = 1\nx"), new_markdown_cell("text")])
    old = nbformat.v4.downgrade(notebook)
    assert "worksheets" in old
    read = read_submission(written(tmp_path, json.loads(json.dumps(old))))
    assert [(c["cell_type"], c["source"]) for c in read["cells"]] == [
        ("code", "x = 1\nx"),
        ("markdown", "text"),
    ]


def test_a_heading_of_format_3_is_markdown(tmp_path):
    heading = {"cell_type": "heading", "level": 2, "source": ["Title"]}
    old = {"nbformat": 3, "worksheets": [{"cells": [heading]}], "metadata": {}}
    assert read_submission(written(tmp_path, old))["cells"][0]["cell_type"] == "markdown"


@pytest.mark.parametrize(
    "change",
    [{"nbformat": 5}, {"metadata": None}, {"nbformat_minor": 99}, {"unknown": [1]}],
    ids=str,
)
def test_future_and_incomplete_notebooks_are_read(tmp_path, change):
    notebook = read_submission(written(tmp_path, {**GOOD, **change}))
    assert len(notebook["cells"]) == 2 and notebook["nbformat"] == 4


def test_metadata_that_got_lost_is_empty(tmp_path):
    notebook = read_submission(written(tmp_path, cells("x")))
    assert notebook["metadata"] == notebook["cells"][0]["metadata"] == {}


def test_what_is_read_is_valid_for_jupyter(tmp_path):
    notebook = read_submission(written(tmp_path, GOOD))
    for cell in notebook["cells"]:
        cell["id"] = cell["source"][0].replace("#", "a")
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    nbformat.validate(notebook)


# what is refused


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"PK\x03\x04\xff", "is not UTF-8 text (byte 5)"),
        (json.dumps(GOOD).encode("utf-16"), "is UTF-16 text: it must be saved as UTF-8"),
        (json.dumps(GOOD).encode()[:-20], "is not JSON (line 1: "),
        (b"print('a program')", "is not JSON (line 1: "),
        (b"[" * 10**6, "is nested more than 100 levels deep"),
        (b'{"cells": ' + b"[" * 150 + b"]" * 150 + b"}", "is nested more than 100 levels deep"),
        (b'{"cells": [' + b"9" * 10_000 + b"]}", "has a number that Python does not read"),
        (b"[1, 2]", "is JSON but not a notebook"),
        (b"null", "is JSON but not a notebook"),
        ({"metadata": {}}, "it has no cells"),
        ({"cells": {}}, "it has no cells"),
        ({"cells": [], "nbformat": 2}, "has nbformat 2: save it with a newer Jupyter"),
        ({"cells": [], "nbformat": "4" * 999}, "has nbformat 4"),
        ({"cells": [7]}, "cell 1 is neither code"),
        ({"cells": [{"cell_type": ["code"], "source": ""}]}, "cell 1 is neither code"),
        (cells("x", None), "cell 2 has no source"),
        (cells(["x", 7]), "cell 1 has no source"),
        (cells("x\0y"), "cell 1 has a NUL character in its source"),
        (cells("'\ud800'"), "cell 1 has half a character in its source"),
        (cells(*["x"] * 2001), "has 2001 cells, more than 2000"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_no_notebook_is_refused(tmp_path, content, sentence):
    message = refusal(written(tmp_path, content))
    assert message.startswith("ps.ipynb") and sentence in message


def test_links_are_not_followed(tmp_path):
    written(tmp_path, GOOD, "solution.ipynb")
    link = tmp_path / "ps.ipynb"
    link.symlink_to(tmp_path / "solution.ipynb")
    assert refusal(link) == "ps.ipynb is a link: the file itself must be submitted"
    (tmp_path / "gone.ipynb").symlink_to(tmp_path / "nowhere")
    assert "is a link" in refusal(tmp_path / "gone.ipynb")


def test_pipes_and_devices_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ps.ipynb")
    start = time.monotonic()
    assert refusal(tmp_path / "ps.ipynb") == "ps.ipynb is a pipe or device, not a file"
    assert "is a pipe or device" in refusal("/dev/zero")
    assert time.monotonic() - start < 1


def test_directories_and_missing_files_are_named(tmp_path):
    (tmp_path / "ps.ipynb").mkdir()
    assert refusal(tmp_path / "ps.ipynb") == "ps.ipynb is a directory, not a file"
    assert refusal(tmp_path / "no.ipynb") == "no.ipynb cannot be opened: No such file or directory"


def test_large_files_are_not_read_whole(tmp_path):
    path = tmp_path / "ps.ipynb"
    with path.open("wb") as file:
        file.truncate(10 << 30)  # sparse: it takes no room on the disk
    assert refusal(path) == "ps.ipynb is larger than 20 MB: clear its outputs"


def test_a_file_at_the_limit_is_read(tmp_path, monkeypatch):
    path = written(tmp_path, GOOD)
    monkeypatch.setattr(preflight, "SIZE_LIMIT", path.stat().st_size)
    assert read_submission(path)
    monkeypatch.setattr(preflight, "SIZE_LIMIT", path.stat().st_size - 1)
    assert "larger than" in refusal(path)


def test_names_are_printed_tamely(tmp_path):
    path = written(tmp_path, b"", "a\x1b[31m\nb.ipynb")
    assert refusal(path) == r"a\x1b[31m\nb.ipynb is empty"
