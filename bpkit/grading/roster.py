"""The students of a course: who they are in the gradebook, and whose a name in a download is.

A table of students from Canvas or Moodle becomes nbgrader's: id, names, email address, and Canvas's
number as ``lms_user_id``. A name that two students share is never guessed.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbgrader.api import Student

from bpkit.grading.course import Attention, Course, UsageError
from bpkit.grading.lms import Owner

LARGEST_TABLE = 50 * 2**20
"""Bytes of a table of students."""
IDS = ("id", "sis login id", "username", "sis user id", "id number", "email address")
"""The columns that can be a student's id in nbgrader, the best first. Canvas's own ID is none of
them: where it stands beside a login, it is a number that nobody knows."""
PLATFORM_ROWS = re.compile(r"\s*Points Possible|Student, Test|\s*Manual Posting|\s*Muted")
"""Lines in Canvas's table that are no student's."""


@dataclass(frozen=True)
class Person:
    """A student as the gradebook has them."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""
    lms_id: str = ""
    """Canvas's number for them."""

    @property
    def name(self) -> str:
        """As one writes it: first name, last name; without both the id."""
        return " ".join(filter(None, (self.first_name, self.last_name))) or self.id


@dataclass(frozen=True)
class Table:
    """A CSV file that a platform wrote: its header, and a dictionary for each line."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    delimiter: str = ","

    @property
    def is_worksheet(self) -> bool:
        """Whether it is the grading worksheet of one of Moodle's assignments."""
        return {"Identifier", "Grade"} <= set(self.header)


@dataclass(frozen=True)
class Imported:
    """What a table of students changed in the gradebook."""

    new: tuple[str, ...]
    updated: tuple[str, ...]
    unchanged: tuple[str, ...]
    id_column: str
    attention: tuple[Attention, ...]


def people(course: Course) -> tuple[Person, ...]:
    """Everybody in the gradebook, by name."""
    with course.gradebook() as gradebook:
        found = [
            Person(s.id, s.last_name or "", s.first_name or "", s.email or "", s.lms_user_id or "")
            for s in gradebook.students
        ]
    return tuple(sorted(found, key=lambda who: (who.last_name, who.first_name, who.id)))


def read_table(path: Path) -> Table:
    """Read a CSV file with commas or semicolons.

    Raises
    ------
    UsageError : if it is not such a file.
    """
    if not path.is_file():
        raise UsageError(f"no such file: {path}")
    with path.open("rb") as file:
        content = file.read(LARGEST_TABLE)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a CSV file in UTF-8: export it as CSV") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        lines = [
            line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if line
        ]
    except csv.Error as error:
        raise UsageError(f"{path} is not a CSV file: {error}") from None
    if not lines:
        raise UsageError(f"{path} is empty")
    header = tuple(name.strip() for name in lines[0])
    if len(set(header)) < len(header):
        raise UsageError(f"{path}: two columns have the same name")
    rows = tuple(dict.fromkeys(header, "") | dict(zip(header, line)) for line in lines[1:])
    return Table(path, header, rows, delimiter)


def import_students(course: Course, path: Path, id_column: str | None = None) -> Imported:
    """Enter the students of a platform's table into the gradebook, or what is new about them.

    It may be Canvas's gradebook, or Moodle's participants, grades or grading worksheet, exported as
    CSV, or a table with nbgrader's own columns. Who is in the gradebook with the same Canvas number
    or email address keeps the id that is there; nobody is removed.

    Parameters
    ----------
    id_column : the column that holds the students' ids; by default the first there is of ``IDS``.

    Raises
    ------
    UsageError : if the file is no such table.
    """
    table = read_table(path)
    columns = {name.casefold(): name for name in table.header}
    canvas = "ID" in table.header and bool({"Student", "LastName"} & set(table.header))
    if id_column is None:
        usual = [name for name in IDS if name in columns and not (canvas and name == "id")]
        if not usual:
            raise UsageError(
                f"{path} has no column of students' ids ({', '.join(IDS)}): export the gradebook "
                "(Canvas) or the participants (Moodle) as CSV, or name a column with --id"
            )
        id_column = columns[usual[0]]
    elif id_column not in table.header:
        raise UsageError(f"{path} has no column {id_column!r}; it has: {', '.join(table.header)}")
    known = people(course)
    by_id = {who.id: who for who in known}
    by_lms_id = {who.lms_id: who for who in known if who.lms_id}
    by_email = {who.email.casefold(): who for who in known if who.email}
    changed: dict[str, Person] = {}
    outcome: dict[str, list[str]] = {"new": [], "updated": [], "unchanged": []}
    attention = []
    for line, row in enumerate(table.rows, 2):
        if PLATFORM_ROWS.match(row.get("Student", "")):
            continue
        found = _person(row, columns, row[id_column].strip(), canvas)
        before = (
            by_id.get(found.id)
            or by_lms_id.get(found.lms_id)
            or by_email.get(found.email.casefold())
        )
        id = before.id if before else found.id
        if problem := id_problem(id):
            attention.append(Attention(found.name or f"line {line}", f"left out: {problem}"))
        elif id in changed:
            attention.append(Attention(id, f"left out: line {line} has the id a second time"))
        else:
            changed[id] = _merged(before, replace(found, id=id))
            kind = "new" if before is None else "updated"
            outcome["unchanged" if changed[id] == before else kind].append(id)
    with course.alone(), course.gradebook() as gradebook:
        for id in outcome["new"] + outcome["updated"]:
            who = changed[id]
            student = Student(
                id=id,
                first_name=who.first_name or None,
                last_name=who.last_name or None,
                email=who.email or None,
                lms_user_id=who.lms_id or None,
            )
            gradebook.db.merge(student)
        gradebook.db.commit()  # nbgrader's own function would do so for each of them
    return Imported(
        new=tuple(outcome["new"]),
        updated=tuple(outcome["updated"]),
        unchanged=tuple(outcome["unchanged"]),
        id_column=id_column,
        attention=tuple(attention),
    )


def id_problem(id: str) -> str | None:
    """Why a text cannot be a student's id, which is the name of a folder; None if it can."""
    if not id:
        return "there is no id"
    if id.startswith(".") or len(id) > 128 or not id.isprintable() or "/" in id:
        return "that name cannot be a student's id"
    if set("*?[") & set(id):
        return "nbgrader takes that name for a pattern: rename it without * ? ["
    return None


def _person(row: Mapping[str, str], columns: Mapping[str, str], id: str, canvas: bool) -> Person:
    """What a line says of a student, whatever the platform calls its columns."""

    def value(*names: str) -> str:
        found = (row[columns[name]].strip() for name in names if name in columns)
        return next(filter(None, found), "")

    last = value("last_name", "lastname", "last name", "surname")
    first = value("first_name", "firstname", "first name")
    if not last and not first:
        whole = value("student")
        if "," in whole:
            last, _, first = (part.strip() for part in whole.partition(","))
        else:  # a full name: the last word is the last name, which is right often, not always
            first, _, last = (value("full name") or whole).rpartition(" ")
    number = row["ID"].strip() if canvas else value("lms_user_id")
    return Person(id, last, first, value("email", "email address"), number)


def _merged(before: Person | None, now: Person) -> Person:
    """A platform's table need not know everything that the gradebook knows."""
    if before is None:
        return now
    told = {name: value for name, value in vars(now).items() if value}
    return replace(before, **told)


class Roster:
    """Finds the student that a download means.

    Parameters
    ----------
    by_hand : students' ids by the numbers that a person has looked up.
    worksheet : Moodle's grading worksheet, which knows the students behind its numbers.
    known : students' ids by the numbers that were found before; they settle what is not clear.
    """

    def __init__(
        self,
        everybody: Sequence[Person],
        by_hand: Mapping[str, str] | None = None,
        worksheet: Table | None = None,
        known: Mapping[str, str] | None = None,
    ):
        self.everybody = {who.id: who for who in everybody}
        self.by_hand, self.known = dict(by_hand or {}), dict(known or {})
        self.by_lms_id = _index((who.lms_id, who) for who in everybody)
        self.by_email = _index((who.email.casefold(), who) for who in everybody)
        self.by_name = _index((key, who) for who in everybody for key in _names(who))
        rows = worksheet.rows if worksheet else ()
        self.rows = {participant(row["Identifier"]): row for row in rows}

    def find(self, owner: Owner) -> Person | str:
        """The student, or in one sentence why it cannot be said who it is."""
        told = self.by_hand.get(owner.number) or self.by_hand.get(owner.name)
        if told is not None:
            return self.everybody.get(told) or Person(told)
        if not owner.system:
            return self._of_folder(owner.name)
        if owner.system == "Canvas" and (found := self.by_lms_id.get(owner.number)):
            return self._only(found, owner)
        name = owner.name
        if owner.system == "Moodle" and (row := self.rows.get(owner.number)):
            if found := self.by_email.get(row.get("Email address", "").casefold()):
                return self._only(found, owner)
            name = row.get("Full name") or name
        others = [
            who
            for who in self.by_name.get(_key(name), ())
            if owner.system == "Moodle" or who.lms_id in ("", owner.number)
        ]
        return self._only(others, owner)

    def _of_folder(self, folder: str) -> Person | str:
        """A folder has the student's id for a name, or, if that is nobody's, a name of theirs."""
        if folder in self.everybody:
            return self.everybody[folder]
        called = self.by_name.get(_key(folder), ())
        if len(called) == 1:
            return called[0]
        return self._only(called, Owner(folder)) if called else Person(folder)

    def _only(self, found: Sequence[Person], owner: Owner) -> Person | str:
        told = f"--match {owner.number or repr(owner.name)}="
        if len(found) == 1:
            return found[0]
        if (before := self.everybody.get(self.known.get(owner.number, ""))) and owner.number:
            return before
        if not found:
            return f"no student of the gradebook is called so; say who it is with {told}ID"
        ids = ", ".join(who.id for who in found)
        return f"{len(found)} students are called so ({ids}); say who it is with {told}ID"


def _index(pairs) -> dict[str, list[Person]]:
    index: dict[str, list[Person]] = {}
    for key, who in pairs:
        if key and who not in index.setdefault(key, []):
            index[key].append(who)
    return index


def _names(who: Person) -> set[str]:
    first, last = who.first_name, who.last_name
    return {_key(f"{first} {last}"), _key(f"{last} {first}")}


def _key(name: str) -> str:
    """A name's letters and digits, without case and accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def participant(identifier: str) -> str:
    """The number in "Participant 4711", or in its like in another language."""
    found = re.search(r"\d+$", identifier.strip())
    return found[0] if found else ""
