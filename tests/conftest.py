"""For all tests: an example may take its time, since a busy machine is no fault of the code."""

from hypothesis import settings

settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")
