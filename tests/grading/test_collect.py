"""Whatever a download looks like, nothing is lost and nothing gets out."""

import io
import os
import stat
import time
import zipfile
from datetime import UTC, datetime

import nbformat
import pytest

from bpkit.grading import taking
from bpkit.grading.collect import collect
from bpkit.grading.course import Attention, UsageError
from bpkit.grading.handed_in import handed_in, is_newer
from bpkit.grading.quarantine import quarantined
from bpkit.grading.roster import import_students
from tests.grading import platforms
from tests.grading.courses import (
    ASSIGNMENT,
    LOOPS,
    NOTEBOOK,
    RIGHT,
    WRONG,
    answer,
    at_once,
    hand_in,
    make_released_course,
)

MARCH, APRIL = datetime(2025, 3, 1, 12, tzinfo=UTC), datetime(2025, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def course(tmp_path):
    return make_released_course(tmp_path / "tiny")


@pytest.fixture
def download(tmp_path):
    folder = tmp_path / "download"
    folder.mkdir()
    return folder


@pytest.fixture
def notebook(course):
    return nbformat.writes(answer(course, RIGHT)).encode()


def put(folder, name, content=b"", when=MARCH):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, times=(when.timestamp(),) * 2)


def zipped(folder, path):
    """A zip file of a folder's contents."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def collected(course, download):
    return collect(course, ASSIGNMENT, download, at_once)


def submitted(course, student):
    folder = course.submitted(student, ASSIGNMENT)
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def reasons(done):
    return "\n".join(f"{a.student}: {a.reason}" for a in done.attention)


LAYOUTS = {
    "plain": "{student}/numbers.ipynb",
    "nbgrader's": "{student}/ps1/numbers.ipynb",
    "nbgrader's, whole": "submitted/{student}/ps1/numbers.ipynb",
    "wrapped": "class of 2025/{student}/numbers.ipynb",
    "named like the download": "download/{student}/numbers.ipynb",
    "deep": "{student}/my work/numbers.ipynb",
}


@pytest.mark.parametrize("form", ["folder", "zip"])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(course, download, notebook, layout, form):
    for student in "ada", "Zoë K.", "o'neill-7":
        put(download, layout.format(student=student), notebook)
    where = download if form == "folder" else zipped(download, download.with_suffix(".zip"))
    done = collected(course, where)
    assert set(done.new) == {"ada", "Zoë K.", "o'neill-7"}
    assert not done.attention
    assert all(submitted(course, student)[NOTEBOOK] == notebook for student in done.new)


@pytest.mark.parametrize("layout", ["{student}/numbers.ipynb", "{student}/ps1/numbers.ipynb"])
def test_a_class_of_one(course, download, notebook, layout):
    put(download, layout.format(student="ada"), notebook)
    assert collected(course, download).new == ("ada",)


def test_other_assignments_are_passed_over(course, download, notebook):
    (course.root / "solutions" / "ps2").mkdir()
    (course.root / "solutions" / "ps2" / "letters.ipynb").write_bytes(notebook)
    put(download, "ada/ps1/numbers.ipynb", notebook)
    put(download, "ada/ps2/letters.ipynb", notebook)
    put(download, "bob/ps2/letters.ipynb", notebook)
    done = collected(course, download)
    assert (done.new, done.attention) == (("ada",), ())


def test_the_time_of_the_file_is_when_it_was_handed_in(course, download, notebook):
    put(download, "ada/numbers.ipynb", notebook, MARCH)
    put(download, "bob/ps1/numbers.ipynb", notebook, MARCH)
    put(download, "bob/ps1/timestamp.txt", b"2025-04-01T14:00:00+02:00")
    put(download, "eve/ps1/numbers.ipynb", notebook, MARCH)
    put(download, "eve/ps1/timestamp.txt", b"the day after tomorrow")
    collected(course, download)
    times = {s: handed_in(course.submitted(s, ASSIGNMENT)) for s in ("ada", "bob", "eve")}
    naive = {name: time.replace(tzinfo=None) for name, time in zip("ma", (MARCH, APRIL))}
    assert times == {"ada": naive["m"], "bob": naive["a"], "eve": naive["m"]}


def test_a_second_collection_changes_nothing(course, download, notebook):
    put(download, "ada/numbers.ipynb", notebook)
    collected(course, download)
    done = collected(course, download)
    assert (done.new, done.updated, done.unchanged) == ((), (), ("ada",))


def test_newer_replaces_older_and_not_the_other_way(course, download, tmp_path):
    older = nbformat.writes(answer(course, WRONG)).encode()
    newer = nbformat.writes(answer(course, RIGHT)).encode()
    put(download, "ada/numbers.ipynb", older, MARCH)
    collected(course, download)
    put(tmp_path / "later", "ada/numbers.ipynb", newer, APRIL)
    assert collected(course, tmp_path / "later").updated == ("ada",)
    assert submitted(course, "ada")[NOTEBOOK] == newer
    done = collected(course, download)
    assert done.unchanged == ("ada",) and "older than what is in submitted/" in reasons(done)
    assert submitted(course, "ada")[NOTEBOOK] == newer


RENAMED = ["numbers (1).ipynb", "Numbers.ipynb", "numbers-Copy2.ipynb", "Copy of numbers.ipynb"]


@pytest.mark.parametrize("name", [*RENAMED, "my final version.ipynb", "numbers.IPYNB"])
def test_renamed_notebooks_are_found(course, download, notebook, name):
    put(download, f"ada/{name}", notebook)
    done = collected(course, download)
    assert submitted(course, "ada")[NOTEBOOK] == notebook
    assert not done.attention


@pytest.mark.parametrize("name", RENAMED)
def test_of_two_the_one_with_the_right_name_is_graded_and_the_other_named(
    course, download, notebook, name
):
    put(download, "ada/numbers.ipynb", notebook, MARCH)
    put(download, f"ada/{name}", b"another", APRIL)
    done = collected(course, download)
    assert submitted(course, "ada")[NOTEBOOK] == notebook
    assert f"{name} could be numbers.ipynb too: not graded" in reasons(done)
    assert submitted(course, "ada")[name] == b"another"


def test_of_two_renamed_ones_the_newest_is_graded(course, download, notebook):
    put(download, "ada/numbers (1).ipynb", notebook, APRIL)
    put(download, "ada/numbers (2).ipynb", b"another", MARCH)
    done = collected(course, download)
    assert submitted(course, "ada")[NOTEBOOK] == notebook
    assert "numbers (2).ipynb could be numbers.ipynb too" in reasons(done)


def test_a_missing_notebook_of_several_is_named(course, download, notebook):
    (course.source(ASSIGNMENT) / "letters.ipynb").write_bytes(notebook)
    put(download, "ada/letters.ipynb", notebook)
    done = collected(course, download)
    assert done.attention == (Attention("ada", "numbers.ipynb is missing"),)
    assert set(submitted(course, "ada")) == {"letters.ipynb", "timestamp.txt"}


def broken_files(course):
    text = nbformat.writes(answer(course, RIGHT))
    return {
        "empty": b"",
        "cut off": text.encode()[:700],
        "not a notebook": b'{"name": "ada"}',
        "a page": b"<!DOCTYPE html><html></html>",
        "UTF-16": text.encode("utf-16"),
        "binary": bytes(range(256)),
    }


def test_broken_files_are_kept_byte_for_byte_and_named(course, download, notebook):
    broken = broken_files(course)
    for student, content in broken.items():
        hand_in(download, student, content)
    hand_in(download, "ada", notebook)
    done = collected(course, download)
    assert done.new == ("ada",)
    assert {a.student for a in done.attention} == set(broken)
    assert set(quarantined(course, ASSIGNMENT)) == set(done.attention)
    for student, content in broken.items():
        folder = course.root / "quarantine" / ASSIGNMENT / student
        assert (folder / NOTEBOOK).read_bytes() == content
        assert (folder / "reason.txt").read_text().startswith("numbers.ipynb ")
        assert not course.submitted(student, ASSIGNMENT).exists()


def test_a_readable_file_ends_the_quarantine_and_the_broken_one_is_still_there(
    course, download, notebook
):
    hand_in(download, "ada", b"")
    collected(course, download)
    collected(course, download)
    assert len(quarantined(course, ASSIGNMENT)) == 1
    hand_in(download, "ada", notebook)
    assert collected(course, download).new == ("ada",)
    assert quarantined(course, ASSIGNMENT) == ()
    folder = course.quarantine("ada", ASSIGNMENT)
    assert {path.name for path in folder.iterdir()} == {NOTEBOOK, "superseded.txt"}


def test_a_broken_second_try_leaves_the_first(course, download, notebook):
    hand_in(download, "ada", notebook)
    collected(course, download)
    hand_in(download, "ada", b"{")
    collected(course, download)
    assert submitted(course, "ada")[NOTEBOOK] == notebook
    assert [a.student for a in quarantined(course, ASSIGNMENT)] == ["ada"]


def test_links_and_pipes_are_named_and_not_followed(course, download, notebook, tmp_path):
    secret = tmp_path / "secret"
    (secret / "inside").mkdir(parents=True)
    (secret / "numbers.ipynb").write_bytes(notebook)
    for student in "file", "folder", "pipe":
        (download / student).mkdir()
    (download / "file" / NOTEBOOK).symlink_to(secret / "numbers.ipynb")
    (download / "folder" / "work").symlink_to(secret)
    os.mkfifo(download / "pipe" / NOTEBOOK)
    (download / "whole").symlink_to(secret)
    hand_in(download, "ada", notebook)
    done = collected(course, download)
    assert done.new == ("ada",)
    assert {a.student for a in done.attention} == {"file", "folder", "pipe", "whole"}
    assert all("not followed" in a.reason for a in done.attention)
    assert [path.name for path in (course.root / "submitted").iterdir()] == ["ada"]


def test_a_zip_file_cannot_write_elsewhere(course, tmp_path, notebook):
    path = tmp_path / "evil.zip"
    link = zipfile.ZipInfo("eve/numbers.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        for name in (
            "../../outside/numbers.ipynb",
            "/etc/outside/numbers.ipynb",
            "ada/../../outside.ipynb",
            "..\\outside\\numbers.ipynb",
            "C:\\x\\numbers.ipynb",
            "ada/numbers.ipynb",
        ):
            archive.writestr(name, notebook)
        archive.writestr(link, "/etc/passwd")
    done = collected(course, path)
    assert "ada" in done.new
    assert {p.name for p in (course.root / "submitted").iterdir()} == set(done.new)
    assert not [p for p in tmp_path.rglob("*outside*") if "pytest" not in p.name]
    assert reasons(done).count("leads out of the zip file") == 4
    assert "eve/numbers.ipynb: a link or a device" in reasons(done)


def test_a_damaged_member_of_a_zip_file_is_named(course, tmp_path, notebook):
    path = tmp_path / "download.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada/numbers.ipynb", notebook)
        archive.writestr("eve/numbers.ipynb", notebook)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"eve/numbers.ipynb", 0, len(data) // 2 + 300) + 60
    data[at : at + 20] = bytes(20)
    path.write_bytes(data)
    done = collected(course, path)
    assert done.new == ("ada",)
    assert "eve: numbers.ipynb: left in the download" in reasons(done)


def test_what_unpacks_to_too_much_stays_in_the_download(course, tmp_path, notebook, monkeypatch):
    monkeypatch.setattr(taking, "LARGEST_SUBMISSION", 2**20)
    path = tmp_path / "download.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada/numbers.ipynb", notebook)
        archive.writestr("ada/zeros.bin", bytes(50 * 2**20))
        for number in range(300):
            archive.writestr(f"eve/{number}.ipynb", notebook)
    done = collected(course, path)
    assert done.new == ("ada",) and set(submitted(course, "ada")) == {NOTEBOOK, "timestamp.txt"}
    assert "more than 1 MB in one submission" in reasons(done)
    assert "eve: left in the download: 300 files, more than 200" in reasons(done)


def test_a_folder_named_like_a_notebook(course, download, notebook):
    put(download, "ada/numbers.ipynb/note.txt", b"?")
    put(download, "bob/numbers.ipynb/numbers.ipynb", notebook)
    done = collected(course, download)
    assert done.new == ("bob",) and submitted(course, "bob")[NOTEBOOK] == notebook
    assert "ada: left in the download: no notebook in the folder" in reasons(done)


def test_files_of_the_system_are_litter(course, tmp_path, notebook):
    path = tmp_path / "download.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ada/numbers.ipynb", notebook)
        archive.writestr("ada/.ipynb_checkpoints/numbers-checkpoint.ipynb", notebook)
        archive.writestr("__MACOSX/ada/._numbers.ipynb", b"x")
        archive.writestr(".DS_Store", b"x")
    done = collected(course, path)
    assert (done.new, done.attention) == (("ada",), ())
    assert set(submitted(course, "ada")) == {NOTEBOOK, "timestamp.txt"}


def test_loose_notebooks_belong_to_nobody(course, download, notebook):
    put(download, "numbers.ipynb", notebook)
    put(download, "ada/numbers.ipynb", notebook)
    done = collected(course, download)
    assert done.new == ("ada",)
    assert "?: numbers.ipynb: lies in no student's folder" in reasons(done)


@pytest.mark.parametrize("name", [".hidden", "a\x1b31mred", "x" * 129])
def test_names_that_cannot_be_ids(course, download, notebook, name):
    put(download, f"{name}/numbers.ipynb", notebook)
    put(download, "ada/numbers.ipynb", notebook)
    done = collected(course, download)
    assert done.new == ("ada",)
    assert "cannot be a student's id" in reasons(done)


@pytest.mark.parametrize("name", ["*", "[a-z]da", "who?"])
def test_names_that_nbgrader_takes_for_patterns(course, download, notebook, name):
    put(download, f"{name}/numbers.ipynb", notebook)
    put(download, "ada/numbers.ipynb", notebook)
    done = collected(course, download)
    assert done.new == ("ada",)
    assert "rename it without" in reasons(done)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "no such file or folder"),
        (lambda path: path.write_text("hello"), "neither a folder nor a zip file"),
        (lambda path: path.mkdir(), r"no submission of ps1 in .*, like student/numbers\.ipynb"),
    ],
)
def test_what_is_no_download(course, tmp_path, make, sentence):
    make(tmp_path / "x.zip")
    with pytest.raises(UsageError, match=sentence):
        collected(course, tmp_path / "x.zip")


def test_an_interrupt_leaves_whole_submissions_only(course, download, notebook, monkeypatch):
    for student in "ada", "bob", "eve":
        hand_in(download, student, notebook)

    def interrupted(items, what):
        yield items[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect(course, ASSIGNMENT, download, interrupted)
    assert submitted(course, "ada")[NOTEBOOK] == notebook
    assert not list(course.root.glob(".collecting-*"))
    assert collected(course, download).new == ("bob", "eve")


def test_what_a_killed_run_left_is_removed(course, download, notebook):
    (course.root / ".collecting-old" / "raw").mkdir(parents=True)
    hand_in(download, "ada", notebook)
    collected(course, download)
    assert not list(course.root.glob(".collecting-*"))


def test_a_full_disk_is_not_blamed_on_the_student(course, download, notebook, monkeypatch):
    class Full(io.BytesIO):
        def read(self, size=-1):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("bpkit.grading.download._opener", lambda path: lambda: Full())
    hand_in(download, "ada", notebook)
    with pytest.raises(OSError, match="No space left"):
        collected(course, download)


@pytest.fixture
def enrolled(course):
    """The same course with a class in which two are called Li Wei, due on 1 December at 17:00."""
    path = course.root / "gradebook.csv"
    path.write_text(platforms.CANVAS_GRADEBOOK)
    import_students(course, path)
    due(course)
    return course


def due(course):
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate="2026-12-01 17:00 UTC")


def from_canvas(tmp_path, files):
    return platforms.zipped(tmp_path / "submissions.zip", files)


def time_of(course, student):
    return handed_in(course.submitted(student, ASSIGNMENT))


def test_canvas(enrolled, tmp_path, notebook):
    download = from_canvas(
        tmp_path,
        {
            "byronada_101_9001_numbers.ipynb": notebook,
            "byronada_101_9002_data.csv": b"1,2",
            "müllerlüdenscheidtjörg_LATE_104_9003_numbers-1.ipynb": notebook,
            "weili_103_9004_my answer.ipynb": notebook,
            "strangereve_777_9005_numbers.ipynb": notebook,
            "obrienzoë_105_text.html": b"<p>here it is",
            "notes.ipynb": notebook,
        },
    )
    done = collected(enrolled, download)
    assert done.new == ("ada", "jml", "lwei2")
    assert set(submitted(enrolled, "ada")) == {NOTEBOOK, "data.csv", "timestamp.txt"}
    assert all(submitted(enrolled, student)[NOTEBOOK] == notebook for student in done.new)
    assert [(m.found, m.student, m.late) for m in done.matches] == [
        ("byronada_101", "ada", False),
        ("müllerlüdenscheidtjörg_104", "jml", True),
        ("weili_103", "lwei2", False),
    ]
    told = reasons(done)
    assert "strangereve_777: left in the download: no student of the gradebook is called so" in told
    assert "obrienzoë_105: handed in a text or a link in Canvas, no file" in told
    assert "?: notes.ipynb: lies in no student's folder" in told
    assert "jml: late, says Canvas, not by how much: counted as just late" in told
    assert len(done.attention) == 4


def test_the_time_of_a_download_is_nobodys_time(enrolled, tmp_path, notebook):
    """All entries say 24 December, long after the due date, and only one was late."""
    download = from_canvas(
        tmp_path,
        {
            "byronada_101_1_numbers.ipynb": notebook,
            "byronada_101_2_timestamp.txt": b"2020-01-01 00:00:00 UTC",
            "müllerlüdenscheidtjörg_LATE_104_3_numbers.ipynb": notebook,
        },
    )
    collected(enrolled, download)
    assert time_of(enrolled, "ada") is None
    assert time_of(enrolled, "jml") == datetime(2026, 12, 1, 17, 0, 1)


def test_late_without_a_due_date(enrolled, tmp_path, notebook):
    with enrolled.gradebook() as gradebook:
        gradebook.update_or_create_assignment(ASSIGNMENT, duedate=None)
    done = collected(
        enrolled, from_canvas(tmp_path, {"byronada_LATE_101_1_numbers.ipynb": notebook})
    )
    assert time_of(enrolled, "ada") is None
    assert "ps1 has no due date here, so nothing is taken off" in reasons(done)


def test_of_two_files_of_one_name_the_later_is_graded(enrolled, tmp_path, notebook):
    download = from_canvas(
        tmp_path,
        {"byronada_101_8_numbers.ipynb": b"earlier", "byronada_101_70_numbers.ipynb": notebook},
    )
    done = collected(enrolled, download)
    assert submitted(enrolled, "ada")[NOTEBOOK] == notebook
    assert submitted(enrolled, "ada")["8/numbers.ipynb"] == b"earlier"
    assert "8/numbers.ipynb could be numbers.ipynb too: not graded" in reasons(done)


def test_what_canvas_numbers_is_told_from_notebooks_with_numbers(enrolled, tmp_path, notebook):
    for name in "part-1.ipynb", "part-2.ipynb":
        (enrolled.source(ASSIGNMENT) / name).write_bytes(notebook)
    files = {
        "byronada_101_1_part-1-3.ipynb": b'{"cells": [], "nbformat": 4, "nbformat_minor": 5}',
        "byronada_101_2_part-2.ipynb": notebook,
        "byronada_101_3_numbers-1.ipynb": notebook,
    }
    collected(enrolled, from_canvas(tmp_path, files))
    assert {"part-1.ipynb", "part-2.ipynb", NOTEBOOK} <= set(submitted(enrolled, "ada"))
    assert submitted(enrolled, "ada")["part-1.ipynb"] == files["byronada_101_1_part-1-3.ipynb"]


MOODLE_FORMS = {
    "before 4.1": "{name}_{number}_assignsubmission_file_/numbers.ipynb",
    "since 4.1": "{name}_{number}_assignsubmission_file/numbers.ipynb",
    "without folders": "{name}_{number}_assignsubmission_file_numbers.ipynb",
    "with folders of the student's": "{name}_{number}_assignsubmission_file/work/numbers.ipynb",
    "unpacked into a folder": "ALL/{name}_{number}_assignsubmission_file/numbers.ipynb",
}


@pytest.mark.parametrize("form", MOODLE_FORMS.values(), ids=MOODLE_FORMS)
def test_moodle(enrolled, tmp_path, notebook, form):
    names = {11: "Ada Byron", 12: "Li Wei", 14: "Jörg Müller-Lüdenscheidt", 16: "Eve Stranger"}
    files = {form.format(name=name, number=n): notebook for n, name in names.items()}
    around = "ALL/" if form.startswith("ALL/") else ""
    files[f"{around}Zoë O'Brien_15_assignsubmission_onlinetext/onlinetext.html"] = b"here it is"
    if "/" not in form:
        files = {name.replace("/", "_"): content for name, content in files.items()}
    done = collected(enrolled, platforms.zipped(tmp_path / "ALL.zip", files))
    assert done.new == ("ada", "jml")
    assert submitted(enrolled, "ada")[NOTEBOOK] == notebook
    assert time_of(enrolled, "ada") is None
    told = reasons(done)
    assert "Li Wei_12: left in the download: 2 students are called so (lwei, lwei2)" in told
    assert "Eve Stranger_16: left in the download: no student" in told
    assert "Zoë O'Brien_15: handed in a text or a link in Moodle, no file" in told
    assert "(class): Moodle's download does not say who was late" in told
    assert len(done.attention) == 4


@pytest.fixture
def moodle(course, tmp_path, notebook):
    """A class from Moodle, what they handed in, and the grading worksheet."""
    (tmp_path / "participants.csv").write_text(platforms.MOODLE_PARTICIPANTS)
    import_students(course, tmp_path / "participants.csv")
    due(course)
    (tmp_path / "worksheet.csv").write_text(platforms.WORKSHEET)
    names = {11: "Ada Byron", 12: "Li Wei", 13: "Li Wei"}
    files = {
        f"{name}_{number}_assignsubmission_file/numbers.ipynb": notebook
        for number, name in names.items()
    }
    return platforms.zipped(tmp_path / "ALL.zip", files), tmp_path / "worksheet.csv"


def test_a_worksheet_tells_who_and_when(course, moodle, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    download, worksheet = moodle
    done = collect(course, ASSIGNMENT, download, at_once, worksheet=worksheet)
    monkeypatch.undo()
    time.tzset()
    assert done.new == ("20001", "20002", "20003")
    assert time_of(course, "20001") == datetime(2026, 12, 1, 16, 59)
    assert time_of(course, "20002") == datetime(2026, 12, 1, 19, 0)
    assert time_of(course, "20003") is None
    assert reasons(done) == "20003: the worksheet does not say when: counted as in time"


def test_a_worksheet_that_comes_later_dates_what_is_there(course, moodle):
    download, worksheet = moodle
    collect(course, ASSIGNMENT, download, at_once, by_hand={"12": "20002", "13": "20003"})
    assert time_of(course, "20001") is None
    done = collect(course, ASSIGNMENT, download, at_once, worksheet=worksheet)
    assert len(done.unchanged) == 3
    assert time_of(course, "20001") is not None


def test_who_was_told_once_is_known_the_next_time(course, moodle):
    download, _ = moodle
    assert collected(course, download).new == ("20001",)
    collect(course, ASSIGNMENT, download, at_once, by_hand={"12": "20003", "13": "20002"})
    done = collected(course, download)
    assert {m.found: m.student for m in done.matches} == {
        "Ada Byron_11": "20001",
        "Li Wei_12": "20003",
        "Li Wei_13": "20002",
    }


def test_times_in_another_language_are_named(course, moodle):
    download, worksheet = moodle
    worksheet.write_text(worksheet.read_text().replace("Tuesday, 1 December", "Dienstag, 1. Dez."))
    done = collect(course, ASSIGNMENT, download, at_once, worksheet=worksheet)
    assert "Ada Byron: the worksheet's time 'Dienstag, 1. Dez. 2026" in reasons(done)
    assert time_of(course, "20001") is None


def test_another_table_is_no_worksheet(course, moodle, tmp_path):
    with pytest.raises(UsageError, match=r"participants\.csv is no grading worksheet: in Moodle's"):
        collect(course, ASSIGNMENT, moodle[0], at_once, worksheet=tmp_path / "participants.csv")


def test_a_folder_that_a_person_renamed(enrolled, download, notebook):
    put(download, "Ada Byron_11_assignsubmission_file/numbers.ipynb", notebook)
    put(download, "lwei2/numbers.ipynb", notebook)
    assert collected(enrolled, download).new == ("ada", "lwei2")


@pytest.mark.parametrize(
    "name",
    [
        "eve/Ada Byron_11_assignsubmission_file/numbers.ipynb",
        "eve/byronada_101_1_numbers.ipynb",
        "eve/x/Ada Byron_11_assignsubmission_file_numbers.ipynb",
    ],
)
def test_students_own_names_make_nobody_else_the_owner(enrolled, download, notebook, name):
    put(download, name, notebook)
    put(download, "bob/numbers.ipynb", notebook)
    done = collected(enrolled, download)
    assert (done.new, done.unknown) == (("bob", "eve"), ("bob", "eve"))


def test_two_that_could_be_one_student_are_both_left(enrolled, tmp_path, notebook):
    files = {
        "Ada Byron_11_assignsubmission_file/numbers.ipynb": notebook,
        "Byron Ada_12_assignsubmission_file/numbers.ipynb": notebook,
    }
    download = platforms.zipped(tmp_path / "ALL.zip", files)
    done = collected(enrolled, download)
    assert done.new == ()
    assert reasons(done).count("one of 2 that could be ada's; say whose it is with --match") == 2
    done = collect(enrolled, ASSIGNMENT, download, at_once, by_hand={"12": "zob"})
    assert done.new == ("ada", "zob")


def test_names_without_students_to_find_them_among(course, tmp_path, notebook):
    download = from_canvas(tmp_path, {"byronada_101_1_numbers.ipynb": notebook})
    with pytest.raises(UsageError, match="from Canvas has names in it, and the gradebook has no"):
        collected(course, download)


def test_what_is_replaced_is_kept_and_asked_about_once(course, download, notebook):
    for student in "ada", "bob", "eve":
        put(download, f"{student}/numbers.ipynb", notebook)
    collected(course, download)
    others = [nbformat.writes(answer(course, code)).encode() for code in (WRONG, LOOPS)]
    asked = []
    for other in others:
        for student in "ada", "bob":
            put(download, f"{student}/numbers.ipynb", other, APRIL)
        put(download, "max/numbers.ipynb", notebook)

        def yes(students):
            asked.append(students)
            return True

        done = collect(course, ASSIGNMENT, download, at_once, may_replace=yes)
        assert (done.updated, done.kept) == (("ada", "bob"), ())
    assert asked == [("ada", "bob")] * 2
    kept = course.root / "replaced" / ASSIGNMENT / "ada"
    assert (kept / "1" / NOTEBOOK).read_bytes() == notebook
    assert (kept / "2" / NOTEBOOK).read_bytes() == others[0]
    assert submitted(course, "ada")[NOTEBOOK] == others[1]
    assert not (course.root / "replaced" / ASSIGNMENT / "eve").exists()


def test_a_no_keeps_the_old_and_takes_the_new(course, download, notebook):
    put(download, "ada/numbers.ipynb", notebook)
    collected(course, download)
    other = nbformat.writes(answer(course, WRONG)).encode()
    put(download, "ada/numbers.ipynb", other, APRIL)
    put(download, "bob/numbers.ipynb", notebook)
    done = collect(course, ASSIGNMENT, download, at_once, may_replace=lambda students: False)
    assert (done.new, done.updated, done.kept) == (("bob",), (), ("ada",))
    assert submitted(course, "ada")[NOTEBOOK] == notebook


def test_replaced_or_dated_anew_is_graded_anew(enrolled, tmp_path, notebook):
    """Nothing in a download from Canvas is newer than anything: what counts is the collecting."""
    name = "byronada_101_{}_numbers.ipynb"
    collected(enrolled, from_canvas(tmp_path, {name.format(1): notebook}))
    graded = enrolled.autograded("ada", ASSIGNMENT) / NOTEBOOK
    graded.parent.mkdir(parents=True)
    graded.write_bytes(notebook)
    assert not is_newer(enrolled, ASSIGNMENT, "ada")
    collected(enrolled, from_canvas(tmp_path, {name.format(2): notebook}))
    assert not is_newer(enrolled, ASSIGNMENT, "ada")
    other = nbformat.writes(answer(enrolled, WRONG)).encode()
    collected(enrolled, from_canvas(tmp_path, {name.format(3): other}))
    assert is_newer(enrolled, ASSIGNMENT, "ada")
    graded.write_bytes(other)
    os.utime(graded)
    assert not is_newer(enrolled, ASSIGNMENT, "ada")
    (enrolled.submitted("ada", ASSIGNMENT) / "timestamp.txt").write_text("2026-12-01 18:00 UTC")
    assert is_newer(enrolled, ASSIGNMENT, "ada")


@pytest.mark.parametrize(
    ("by_hand", "sentence"),
    [
        ({"999": "ada"}, "--match 999=ada: nothing in the download has that number"),
        ({"101": "adda"}, "--match 101=adda: no student adda in the gradebook"),
    ],
)
def test_a_slip_in_a_match_is_named(enrolled, tmp_path, notebook, by_hand, sentence):
    download = from_canvas(tmp_path, {"byronada_101_1_numbers.ipynb": notebook})
    with pytest.raises(UsageError, match=sentence):
        collect(enrolled, ASSIGNMENT, download, at_once, by_hand=by_hand)
    assert not enrolled.submitted("ada", ASSIGNMENT).exists()


def test_a_worksheet_for_another_platform(enrolled, tmp_path, notebook):
    (tmp_path / "worksheet.csv").write_text(platforms.WORKSHEET)
    download = from_canvas(tmp_path, {"byronada_101_1_numbers.ipynb": notebook})
    with pytest.raises(UsageError, match="goes with a download from Moodle, and this is none"):
        collect(enrolled, ASSIGNMENT, download, at_once, worksheet=tmp_path / "worksheet.csv")
