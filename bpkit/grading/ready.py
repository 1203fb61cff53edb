"""What every worker on this machine loads when it starts: it imports nothing of the course."""

import contextlib
import signal
import threading

from distributed import Worker, WorkerPlugin

from bpkit.grading.jail import JailUnavailable
from bpkit.grading.staff import on_duty
from bpkit.grading.warm import stay_as_it_is


class Ready(WorkerPlugin):
    """A worker that starts what serves its submissions before the first one comes.

    Parameters
    ----------
    hides : the modules of bpkit that students may not see; None if there is no jail.
    """

    def __init__(self, hides: frozenset[str] | None):
        self.hides = hides

    def setup(self, worker: Worker) -> None:
        """Called by Dask in each worker that starts."""
        # Ctrl-C reaches every process of a terminal; only the grader acts on it
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if self.hides is not None:
            threading.Thread(target=self._begin, daemon=True).start()
        stay_as_it_is()

    def _begin(self) -> None:
        assert self.hides is not None
        # the first submission meets the same problem, and tells it
        with contextlib.suppress(JailUnavailable), on_duty(self.hides, unsafe_no_jail=False):
            pass
