"""Execution without a jail or a judge, for tests of everything around it. As a preload of Dask's
workers it takes the place of the real one there; a submission may then kill its worker."""

import json
import os
import signal

from bpkit.grading import execution

KILLS = "# kills its worker"


def pretend(notebook, settings, files=None):
    """Run the cells, which the tests themselves wrote, right here."""
    document = json.loads(notebook)
    names = {}
    for cell in document["cells"]:
        if cell["cell_type"] != "code":
            continue
        if KILLS in cell["source"]:
            os.kill(os.getpid(), signal.SIGKILL)
        cell["outputs"], cell["execution_count"] = [], 1
        try:
            exec(cell["source"], names)
        except Exception as error:
            name, value = type(error).__name__, str(error)
            cell["outputs"] = [
                {
                    "output_type": "error",
                    "ename": name,
                    "evalue": value,
                    "traceback": [f"{name}: {value}"],
                }
            ]
    document["metadata"]["bpkit"] = {"seconds": 0.0, "events": []}
    return json.dumps(document).encode()


def dask_setup(worker):
    """Called by Dask in each worker that preloads this file."""
    execution.execute_notebook = pretend
