"""Downloads as Canvas and Moodle make them, spelled out by hand from their sources."""

import zipfile
from datetime import datetime

DOWNLOADED = datetime(2026, 12, 24, 8, 30)
"""What both platforms write into the zip file for every entry: when it was downloaded."""

CANVAS_GRADEBOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,"Problem set 1 (4711)",Current Score
    Points Possible,,,,,6.00,(read only)
"Byron, Ada",101,S1,ada,Monday,,
"Wei, Li",102,S2,lwei,Monday,,
"Wei, Li",103,S3,lwei2,Tuesday,,
"Müller-Lüdenscheidt, Jörg",104,S4,jml,Tuesday,3.5,
"O'Brien, Zoë",105,S5,zob,Tuesday,,
"Student, Test",199,,0a1b2c3d4e5f,Monday,,
"""

MOODLE_PARTICIPANTS = """\
"First name","Last name","Email address","ID number"
Ada,Byron,ada@example.org,20001
Li,Wei,li.wei@example.org,20002
Li,Wei,liwei@example.org,20003
"""

WORKSHEET = """\
Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed",\
"Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 11","Ada Byron",ada@example.org,"Submitted for grading - ",,6.00,Yes,\
"Tuesday, 1 December 2026, 5:59 PM",-,
"Participant 12","Li Wei",LI.WEI@example.org,"Submitted for grading - 2 hours late",,6.00,Yes,\
"Tuesday, December 1, 2026, 8:00 PM",-,
"Participant 13","Li Wei",liwei@example.org,"No submission",,6.00,Yes,-,-,
"""


def zipped(path, files):
    """A zip file with these contents by name, all with the time of the download."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, DOWNLOADED.timetuple()[:6]), content)
    return path
