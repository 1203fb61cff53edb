"""What notebooks import and draw with, made ready once for all forks of this process.

It runs in the jail's template, before any student code, and imports of bpkit only what does too.
"""

import ctypes
import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bpkit.grading.drawing import drawing_made_quick

MODULES = (
    "numpy",
    "IPython.core.interactiveshell",
    "IPython.core.pylabtools",
    "matplotlib.figure",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
)
GARBAGE = 4_000
"""Objects that are made before garbage is looked for, not 700: a figure is made of thousands."""
LARGE_PAGE = 2 << 20
COLLAPSE = 25
"""The advice MADV_COLLAPSE of Linux 6.1; an older kernel does not take it, and loses some speed."""


@contextmanager
def warm_modules() -> Iterator[None]:
    """Import what notebooks need, do what the block does, and leave it all ready to be forked."""
    gc.disable()  # nothing that is imported is garbage
    for name in MODULES:
        importlib.import_module(name)
    importlib.import_module("numpy").random.seed()
    gc.freeze()  # what the block does may have garbage looked for, as IPython's reset does
    with drawing_made_quick():
        yield
    stay_as_it_is()


def stay_as_it_is() -> None:
    """Have what is in memory now cost forks as little as can be.

    It is no garbage: forks need not touch it to find that out. And it is put into pages of 2 MB:
    a fork copies the list of pages, not the pages.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    advise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, rights, _, _, file, *_ = line.split()
        if rights == "rw-p" and file == "0":
            start, end = (int(address, 16) for address in addresses.split("-"))
            for page in range(-(-start // LARGE_PAGE), end // LARGE_PAGE):
                advise(ctypes.c_void_p(page * LARGE_PAGE), ctypes.c_size_t(LARGE_PAGE), COLLAPSE)
