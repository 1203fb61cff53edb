"""Who is who: tables of students, and names in downloads."""

import pytest

from bpkit.grading.course import UsageError
from bpkit.grading.lms import Owner
from bpkit.grading.roster import (
    Person,
    Roster,
    Table,
    import_students,
    participant,
    people,
    read_table,
)
from tests.grading.courses import ASSIGNMENT, make_course, make_released_course
from tests.grading.platforms import CANVAS_GRADEBOOK, MOODLE_PARTICIPANTS, WORKSHEET


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def imported(course, text, **options):
    path = course.root / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_students(course, path, **options)


def test_canvas_gradebook(course):
    done = imported(course, CANVAS_GRADEBOOK)
    assert set(done.new) == {"ada", "lwei", "lwei2", "jml", "zob"}
    assert (done.updated, done.attention, done.id_column) == ((), (), "SIS Login ID")
    assert people(course)[0] == Person("ada", "Byron", "Ada", "", "101")
    assert {who.id: who.lms_id for who in people(course)}["zob"] == "105"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(",", ";"),
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
        lambda text: text.replace("Student,ID", '"Student", ID '),
    ],
    ids=["semicolons", "byte order mark", "spaces"],
)
def test_forms_of_csv(course, change):
    simple = "Student,ID,SIS Login ID,Section\nAda Byron,101,ada,Monday\n"
    assert imported(course, change(simple)).new == ("ada",)
    assert people(course) == (Person("ada", "Byron", "Ada", "", "101"),)


def test_first_and_last_names_in_columns_of_their_own(course):
    text = "LastName,FirstName,ID,SIS Login ID,Section\nByron,Ada,101,ada,Monday\n"
    imported(course, text)
    assert people(course) == (Person("ada", "Byron", "Ada", "", "101"),)


def test_moodle_participants(course):
    done = imported(course, MOODLE_PARTICIPANTS)
    assert (set(done.new), done.id_column) == ({"20001", "20002", "20003"}, "ID number")
    assert people(course)[0] == Person("20001", "Byron", "Ada", "ada@example.org")


def test_moodle_worksheet_and_a_column_of_choice(course):
    assert imported(course, WORKSHEET).id_column == "Email address"
    by_name = imported(course, MOODLE_PARTICIPANTS, id_column="Email address")
    assert len(by_name.unchanged) + len(by_name.updated) == 3
    assert {who.id for who in people(course)} == {
        "ada@example.org",
        "LI.WEI@example.org",
        "liwei@example.org",
    }


def test_nbgraders_own_table(course):
    text = "id,first_name,last_name,email,lms_user_id\nada,Ada,Byron,a@b.c,101\n"
    imported(course, text)
    assert people(course) == (Person("ada", "Byron", "Ada", "a@b.c", "101"),)


def test_who_is_there_keeps_the_id_and_what_is_known(course):
    with course.gradebook() as gradebook:
        gradebook.add_student("abyron", email="Ada@Example.org", first_name="Augusta Ada")
        gradebook.add_student("li", lms_user_id="102")
    first = imported(course, MOODLE_PARTICIPANTS)
    assert (set(first.new), first.updated) == ({"20002", "20003"}, ("abyron",))
    second = imported(course, CANVAS_GRADEBOOK)
    assert "lwei" not in second.new and "li" in second.updated
    found = {who.id: who for who in people(course)}
    assert found["abyron"] == Person("abyron", "Byron", "Ada", "ada@example.org")
    assert imported(course, CANVAS_GRADEBOOK).unchanged == (*("ada", "li", "lwei2", "jml", "zob"),)


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")
def test_marks_stay_when_a_name_changes(tmp_path):
    course = make_released_course(tmp_path / "released")
    imported(course, CANVAS_GRADEBOOK)
    with course.gradebook() as gradebook:
        gradebook.add_submission(ASSIGNMENT, "ada")
        gradebook.find_grade("test-double", "numbers", ASSIGNMENT, "ada").auto_score = 2
        gradebook.db.commit()
    assert imported(course, CANVAS_GRADEBOOK.replace("Byron", "King")).updated == ("ada",)
    with course.gradebook() as gradebook:
        assert gradebook.find_student("ada").last_name == "King"
        assert gradebook.find_submission(ASSIGNMENT, "ada").score == 2


def test_lines_that_cannot_be_students_are_named(course):
    text = "id,first_name\n../x,Eve\n,Bob\nada,Ada\nada,Ada\na*,Max\n"
    done = imported(course, text)
    assert done.new == ("ada",)
    reasons = [attention.reason for attention in done.attention]
    assert ["id" in reason or "pattern" in reason for reason in reasons] == [True] * 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Name,Mark\nAda,1\n", "has no column of students' ids"),
        ("", "is empty"),
        (b"\xff\xfe\x00\x01", "is not a CSV file in UTF-8"),
        ("id,id\na,b\n", "two columns have the same name"),
        ("ID,Student,Section\n1,Ada,x\n", "has no column of students' ids"),
    ],
)
def test_what_is_no_table_of_students(course, text, sentence):
    with pytest.raises(UsageError, match=sentence):
        imported(course, text)
    with pytest.raises(UsageError, match="no such file"):
        read_table(course.root / "nowhere.csv")
    with pytest.raises(UsageError, match="has no column 'Matrikel'; it has: Student, ID"):
        imported(course, CANVAS_GRADEBOOK, id_column="Matrikel")


CLASS = (
    Person("ada", "Byron", "Ada", "ada@example.org", "101"),
    Person("lwei", "Wei", "Li", "li.wei@example.org", "102"),
    Person("lwei2", "Wei", "Li", "liwei@example.org"),
    Person("jml", "Müller-Lüdenscheidt", "Jörg"),
    Person("zob", "O'Brien", "Zoë Anna"),
)


def found(owner, **options):
    who = Roster(CLASS, **options).find(owner)
    return who.id if isinstance(who, Person) else who


@pytest.mark.parametrize(
    ("name", "number", "id"),
    [
        ("whoever", "101", "ada"),  # the number is sure, a name may have changed
        ("byronada", "999999", None),  # Ada is 101: this is another one of her name
        ("müllerlüdenscheidtjörg", "104", "jml"),
        ("mullerludenscheidtjorg", "104", "jml"),
        ("obrienzoëanna", "105", "zob"),
        ("weili", "102", "lwei"),
        ("weili", "103", "lwei2"),  # the other Li Wei is known to be 102
        ("strangereve", "7", None),
        ("anonymous", "a1b2", None),
    ],
)
def test_canvas_numbers_and_names(name, number, id):
    who = found(Owner(name, "Canvas", number))
    assert who == id or (id is None and who.startswith("no student of the gradebook is called so"))


@pytest.mark.parametrize(
    ("name", "id"),
    [("Ada Byron", "ada"), ("Byron Ada", "ada"), ("ADA BYRON", "ada"), ("Zoe Anna O'Brien", "zob")],
)
def test_moodle_names_in_any_order(name, id):
    assert found(Owner(name, "Moodle", "1")) == id


def test_two_of_a_name_are_never_guessed():
    who = found(Owner("Li Wei", "Moodle", "12"))
    assert who == "2 students are called so (lwei, lwei2); say who it is with --match 12=ID"
    assert found(Owner("Li Wei")).startswith("2 students are called so (lwei, lwei2)")


def test_what_a_person_says_comes_first():
    assert found(Owner("Li Wei", "Moodle", "12"), by_hand={"12": "lwei2"}) == "lwei2"
    assert found(Owner("Ada Byron", "Moodle", "12"), by_hand={"12": "lwei2"}) == "lwei2"
    assert found(Owner("Li Wei"), by_hand={"Li Wei": "lwei"}) == "lwei"


def test_what_was_found_before_settles_only_what_is_not_clear():
    known = {"12": "lwei2", "13": "gone"}
    assert found(Owner("Li Wei", "Moodle", "12"), known=known) == "lwei2"
    assert found(Owner("Ada Byron", "Moodle", "12"), known=known) == "ada"
    assert "2 students" in found(Owner("Li Wei", "Moodle", "13"), known=known)


def test_a_worksheet_tells_students_of_a_name_apart(tmp_path):
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET)
    worksheet = read_table(path)
    assert worksheet.is_worksheet
    assert found(Owner("Li Wei", "Moodle", "12"), worksheet=worksheet) == "lwei"
    assert found(Owner("Li Wei", "Moodle", "13"), worksheet=worksheet) == "lwei2"
    assert "2 students" in found(Owner("Li Wei", "Moodle", "14"), worksheet=worksheet)
    bare = Table(path, ("Identifier", "Grade"), ({"Identifier": "Participant 12", "Grade": ""},))
    assert "2 students" in found(Owner("Li Wei", "Moodle", "12"), worksheet=bare)


@pytest.mark.parametrize(
    ("folder", "id"), [("ada", "ada"), ("Ada Byron", "ada"), ("byron_ada", "ada"), ("new", "new")]
)
def test_folders_have_ids_or_names(folder, id):
    assert found(Owner(folder)) == id


def test_participants_in_other_languages():
    assert [participant(t) for t in ("Participant 12", "Teilnehmer/in12 ", "x")] == ["12", "12", ""]
