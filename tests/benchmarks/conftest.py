"""Turn the medians of one run into ratios: how many times as long each peer takes as bpkit.

Benchmarks of one group do the same work on the same data; the one named "bpkit" is ours. A budget
is the least ratio that we want against a peer (or, for the bare products, the most that we may
take of theirs). Nothing here fails a run: a table is printed, and a person reads it.
"""

import os
from collections import defaultdict
from statistics import median

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

BUDGETS = {
    ("gradient 2-2-1, batch 100", "PyTorch eager"): 6,
    ("gradient 2-25-25-1, batch 100", "PyTorch eager"): 3,
    ("gradient 784-30-10, batch 10", "PyTorch eager"): 4,
    ("gradient 784-30-10, batch 128", "PyTorch eager"): 1.5,
    ("gradient 784-256-256-10, batch 128", "PyTorch eager"): 1,
    ("gradient 784-30-10, batch 10", "bare products"): 1 / 2,
    ("gradient 784-256-256-10, batch 128", "bare products"): 1 / 1.25,
    ("gradient 2-25-25-1, batch 100", "bare products"): 1 / 3,
    ("epoch of 784-30-10, batch 10", "PyTorch eager"): 4,
    ("epoch of 784-30-10, batch 10", "per example"): 5,
    ("epoch of 784-30-10, batch 10", "scikit-learn"): 2.5,
    ("every parameter of 784-30-10", "PyTorch gradcheck"): 40,
    ("every delta of 784-30-10", "PyTorch gradcheck"): 5000,
    ("import", "numpy"): 1 / 1.3,
    ("60 submissions of ps3", "nbgrader autograde"): 10,
}
JAX_BUDGET = 1 / 1.25


def pytest_terminal_summary(terminalreporter, config):
    session = getattr(config, "_benchmarksession", None)
    measured = defaultdict(lambda: defaultdict(list))
    for benchmark in session.benchmarks if session else []:
        if benchmark.stats.data:
            measured[benchmark.group][benchmark.params["who"]].append(benchmark.stats.median)
    if not measured:
        return
    medians = {
        group: {who: median(turns) for who, turns in times.items()}
        for group, times in measured.items()
    }
    terminalreporter.section("ratios of medians: peer / bpkit")
    for group, times in medians.items():
        terminalreporter.write_line(f"\n{group}: bpkit takes {_readable(times['bpkit'])}")
        for who, seconds in sorted(times.items(), key=lambda item: item[1]):
            if who != "bpkit":
                ratio = seconds / times["bpkit"]
                budget = BUDGETS.get((group, who), JAX_BUDGET if who == "JAX jit" else None)
                verdict = ("met" if ratio >= budget else "MISSED") if budget else ""
                aim = f"at least {budget:.3g}x: {verdict}" if budget else ""
                terminalreporter.write_line(
                    f"  {who:<18} {_readable(seconds):>9}  {ratio:9.2f}x  {aim}"
                )


def _readable(seconds: float) -> str:
    unit, factor = next(u for u in (("s", 1), ("ms", 1e3), ("us", 1e6)) if seconds * u[1] >= 1)
    return f"{seconds * factor:.3g} {unit}"
