"""What every worker on this machine loads when it starts: it imports nothing of the course."""

import signal

from distributed import Worker, WorkerPlugin


class Undisturbed(WorkerPlugin):
    """Ctrl-C reaches every process of a terminal; only the grader acts on it."""

    def setup(self, worker: Worker) -> None:
        """Called by Dask in each worker that starts."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
