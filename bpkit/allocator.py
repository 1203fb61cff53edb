"""One line that makes small networks up to twice as fast under Linux's C library.

glibc returns the memory of every array above 128 kB to the system when the array is freed, and the
system clears it again page by page for the next one. A gradient makes such arrays all the time. The
first time that a *larger* block is freed, glibc raises its threshold to that size and keeps memory
from then on; plotting libraries happen to cause this, a process with NumPy alone does not.
"""

import numpy as np

BLOCK = 30 << 20
"""Bytes; glibc learns from blocks up to 32 MB. The block is never touched, so it costs nothing."""


def keep_memory_between_arrays() -> None:
    """Free one large block, once; on other C libraries this does nothing."""
    np.empty(BLOCK, np.uint8)
