"""How learning platforms name what they give an instructor to download.

Canvas puts all files of an assignment into one folder, ``byronada_LATE_4711_9001_ps3.ipynb``: the
sortable name without what is not a letter or digit, LATE if it was, the user's number, the file's
number, the file's own name (``lib/content_zipper.rb`` of canvas-lms). Who hands in the same name
again gets ``ps3-1.ipynb``.

Moodle makes a folder for each student, ``Ada Byron_4711_assignsubmission_file_/ps3.ipynb``, since
4.1 without the last underscore; with "Download submissions in folders" switched off, that is a
prefix of the file's name. The number is the participant's in this one assignment
(``mod/assign/classes/downloader.php`` of Moodle).

Neither says when a submission came: both write the time of the download into the zip file.
"""

import re
from dataclasses import dataclass

CANVAS_FILE = re.compile(
    r"(?P<name>\w*?)_(?P<late>(?i:LATE)_)?(?P<number>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL
)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>(?i:LATE)_)?(?P<name>anon)_(?P<number>[A-Za-z0-9]+)_(?P<file>\d+)_(?P<rest>.+)",
    re.DOTALL,
)
CANVAS_TEXT = re.compile(r"(?P<name>\w+?)_(?P<late>(?i:LATE)_)?(?P<number>\d+)_(text|link)\.html")
MOODLE = re.compile(
    r"(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<rest>.*))?"
)
TEXT = "text.html"
"""What a text typed into a form of the platform is called here: it is no file of the student's."""


@dataclass(frozen=True)
class Owner:
    """Who handed something in, as the download names them."""

    name: str
    """A name as Canvas or Moodle writes it; in a plain download the student's folder."""
    system: str = ""
    """"Canvas", "Moodle", or nothing for a plain download."""
    number: str = ""
    """The platform's number for the student: theirs in Canvas, for this assignment in Moodle."""
    late: bool = False

    def __str__(self) -> str:
        return f"{self.name}_{self.number}" if self.system else self.name

    def returned(self, file: int) -> str:
        """How the name of a file has to begin for the platform to give it to this student; nothing
        in a plain download.

        Parameters
        ----------
        file : Canvas's number of a file that the student handed in.
        """
        if self.system == "Canvas":
            late = "LATE_" if self.late else ""
            return f"{self.name}_{late}{self.number}_{file}_"
        return f"{self.name}_{self.number}_assignsubmission_file/" if self.system else ""


@dataclass(frozen=True)
class Named:
    """A file's name taken apart."""

    owner: Owner
    rest: str
    """The student's own name for the file; of a folder nothing."""
    file: int = 0
    """Canvas's number of the file: the higher, the later it was handed in."""


def from_canvas(name: str) -> Named | None:
    """Take a file's name in a download from Canvas apart; None if it is not such a name.

    >>> from_canvas("byronada_LATE_4711_9001_ps3-1.ipynb").rest
    'ps3-1.ipynb'
    """
    if found := CANVAS_ANONYMOUS.fullmatch(name) or CANVAS_FILE.fullmatch(name):
        owner = Owner(found["name"], "Canvas", found["number"], bool(found["late"]))
        return Named(owner, found["rest"], int(found["file"]))
    if found := CANVAS_TEXT.fullmatch(name):
        return Named(Owner(found["name"], "Canvas", found["number"], bool(found["late"])), TEXT)
    return None


def from_moodle(name: str) -> Named | None:
    """Take the name of a folder or a file in a download from Moodle apart; None if it is none.

    >>> from_moodle("Ada Byron_4711_assignsubmission_file_").owner
    Owner(name='Ada Byron', system='Moodle', number='4711', late=False)
    """
    found = MOODLE.fullmatch(name)
    if not found:
        return None
    owner = Owner(found["name"], "Moodle", found["number"])
    return Named(owner, TEXT if found["kind"] != "file" else found["rest"] or "")
