"""Executes submissions on many processes or machines: Dask hands them out and runs lost ones again.

What a submission takes goes with it, and what comes back is its notebooks: workers need bpkit and
nothing of the course. They write nothing.
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, wait
from distributed.comm import CommClosedError
from distributed.core import rpc
from distributed.security import Security

from bpkit.grading import staff
from bpkit.grading.course import UsageError
from bpkit.grading.execution import Settings
from bpkit.grading.jail import JailUnavailable
from bpkit.grading.ready import Ready
from bpkit.grading.work import Executed, Run, Work, execute, first_line, not_graded

MOST_THREADS = 5
"""How many submissions one process of this machine may serve at a time."""
PER_THREAD = 2
"""Submissions that wait or run for each thread of the workers: more would only fill memory."""
MOST_DEATHS = 3
"""Workers that may die of a submission before it is set aside."""
ANSWER_TAKES = 10
"""Seconds after which a scheduler does not answer."""
WORKERS_TAKE = 60
"""Seconds in which workers should be there, at the beginning and when all have gone."""
LOOK_EVERY = 5.0
"""Seconds after which it is looked for workers that came or went."""
QUIET = {
    "distributed.admin.log-length": 100,
    "distributed.admin.low-level-log-length": 100,
    "distributed.admin.large-graph-warning-threshold": "1GB",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
}
"""What Dask would measure, keep, say or show of each submission, and nobody reads."""


@contextmanager
def on_this_machine(
    settings: Settings, jobs: int, place: Path, hides: frozenset[str]
) -> Iterator[Run]:
    """So many at a time, a few in each process: they share what is warm, and mostly wait.

    The processes talk over the loopback interface, encrypted, and let in nobody else: whoever could
    talk to them could run programs as the instructor.

    Parameters
    ----------
    place : a folder for what the processes write to disk.
    hides : the modules of bpkit that the assignment hides from students.
    """
    threads = max(n for n in range(1, MOST_THREADS + 1) if jobs % n == 0)
    with (
        dask.config.set({**QUIET, "temporary-directory": str(place)}),
        LocalCluster(
            n_workers=jobs // threads,
            threads_per_worker=threads,
            host="127.0.0.1",
            security=True,
            dashboard_address=None,
            memory_limit=0,
            local_directory=str(place),
            env={"TMPDIR": str(place)},  # what a killed process leaves there goes with the place
            silence_logs=logging.CRITICAL,
            scheduler_kwargs={"allowed_failures": 0, "dashboard_address": "127.0.0.1:0"},
        ) as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(Ready(None if settings.unsafe_no_jail else hides))
        with contextlib.closing(_Runner(client, settings)) as runner:
            yield runner.run


@contextmanager
def elsewhere(settings: Settings, scheduler: str) -> Iterator[Run]:
    """On the workers of a Dask scheduler, wherever they are.

    Whoever reaches a scheduler at ``tcp://`` can run programs on its workers: outside of a network
    of one's own it should be at ``tls://``, with the certificates that Dask's configuration names.

    Raises
    ------
    UsageError : if the scheduler does not answer, or has no workers.
    """
    try:
        # in a thread of its own: this one may have a loop that runs already, as in Jupyter
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _identity(scheduler)).result()
        client = Client(scheduler, timeout=ANSWER_TAKES)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {scheduler}: look for the right address, like "
            f"tcp://10.0.0.1:8786 ({first_line(error) or type(error).__name__})"
        ) from error
    with dask.config.set(QUIET), client, contextlib.closing(_Runner(client, settings)) as runner:
        yield runner.run


async def _identity(scheduler: str) -> None:
    """Ask a scheduler who it is: `Client` would wait for ever for a server that is something else.

    Raises
    ------
    OSError, ValueError, TypeError : if there is none.
    """
    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(ANSWER_TAKES), rpc(scheduler, connection_args=arguments) as remote:
        await remote.identity()


class _Runner:
    """Keeps the workers of a cluster busy with submissions."""

    def __init__(self, client: Client, settings: Settings):
        self.client, self.settings = client, settings
        self.running: dict[Future, Work] = {}
        self.deaths: Counter[str] = Counter()
        self.threads, self.looked, self.seen = 0, 0.0, time.monotonic()

    def run(self, works: Iterable[Work]) -> Iterator[Executed]:
        """Execute submissions; alone those whose worker died.

        A worker that dies takes with it whatever it was given. Only one that dies while there is
        nothing else to do can be put down to a submission.
        """
        suspects = []
        for work, executed in self._execute(works, alone=False):
            if executed:
                yield executed
            else:
                suspects.append(work)
        for work in suspects:
            executed = None
            while executed is None and self.deaths[work.student] < MOST_DEATHS:
                ((_, executed),) = self._execute([work], alone=True)
            problem = f"killed {self.deaths[work.student]} processes that ran it"
            yield executed or Executed(work.student, problem=problem, deadly=True)

    def _execute(
        self, works: Iterable[Work], alone: bool
    ) -> Iterator[tuple[Work, Executed | None]]:
        """What became of each; None if its worker died."""
        waiting = iter(works)
        while True:
            for work in itertools.islice(waiting, max(0, self._room(alone) - len(self.running))):
                future = self.client.submit(
                    execute, work.notebooks, work.files, self.settings, pure=False
                )
                self.running[future] = work
            if not self.running:
                return
            for future in self._finished():
                work = self.running.pop(future)
                yield work, self._outcome(future, work)
                future.release()

    def _room(self, alone: bool) -> int:
        """How many submissions may be under way; at least one, which then waits for a worker."""
        now = time.monotonic()
        if now >= self.looked + LOOK_EVERY or not self.threads:
            self.threads = sum(self.client.nthreads().values())
            self.looked = now
            if self.threads:
                self.seen = now
            elif now > self.seen + WORKERS_TAKE:
                raise UsageError(
                    f"no worker is connected to {self.client.scheduler.address}: start some there "
                    "(dask worker ADDRESS --nthreads 1), and run the command again"
                )
        return 1 if alone else max(1, PER_THREAD * self.threads)

    def _finished(self) -> Collection[Future]:
        """What has ended since; maybe nothing."""
        try:
            return wait(list(self.running), LOOK_EVERY, "FIRST_COMPLETED").done
        except TimeoutError:
            return ()

    def _outcome(self, future: Future, work: Work) -> Executed | None:
        try:
            return Executed(work.student, work, future.result())
        except KilledWorker as killed:
            self.deaths[work.student] += killed.allowed_failures + 1
            return None
        except (CancelledError, CommClosedError):
            raise UsageError(
                "the Dask scheduler is gone: run the same command again to finish the rest"
            ) from None
        except JailUnavailable:
            raise
        except Exception as error:
            if isinstance(error.__cause__ or error, ImportError):
                raise UsageError(
                    f"the cluster lacks what runs here ({first_line(error.__cause__ or error)}): "
                    'install the same bpkit with "bpkit[grade]" on its scheduler and its workers'
                ) from error
            return Executed(work.student, problem=not_graded(error))

    def close(self) -> None:
        """Leave nothing on the workers: no submission, no process that serves submissions."""
        with contextlib.suppress(Exception):  # the workers may be gone
            self.client.cancel(list(self.running))
            self.client.run(staff.dismiss, on_error="ignore")
