"""For all tests: what one does, no other sees; and a busy machine is no fault of the code."""

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="module")
def numbers_print_as_usual():
    """Notebooks that are run in this process choose how NumPy prints."""
    with np.printoptions():
        yield
