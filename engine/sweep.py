"""Many runs in one world: what does not depend on the parameters is shared, memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from engine.plan import Plan
from engine.scenario import Scenario
from engine.simulation import StepperName, simulate
from engine.totals import RunTotals

Key = str
Result = TypeVar("Result")
Progress = Callable[[int, int, Key], None]


@dataclass(frozen=True)
class Job:
    """One parameter set: its name and how to plan it. Planning is done in the worker, and forgotten after the run."""

    key: Key
    plan: Callable[[], Plan]


def sweep(
    scenario: Scenario,
    jobs: Sequence[Job],
    reduce: Callable[[Key, RunTotals], Result],
    *,
    workers: int = 1,
    stepper: StepperName = "compiled",
    progress: Progress | None = None,
    cancelled: Event | None = None,
) -> Iterator[tuple[Key, Result]]:
    """Plan, replay and reduce every job; yields in the order of the jobs.

    At most ``workers`` plans and totals are in memory at once, and finished results wait only for those before them.
    The results do not depend on the number of workers: each run is on its own, in one thread (kernels release the GIL).

    Args:
        scenario: the world all jobs run in.
        jobs: parameter sets.
        reduce: what to keep of a run, e.g. its scores; called in the worker.
        workers: threads.
        stepper: as in ``simulate``.
        progress: called with (done, all, key) as jobs finish.
        cancelled: when set, no further job starts and the iterator ends.
    """

    def task(job: Job) -> Callable[[], Result]:
        return lambda: reduce(job.key, simulate(scenario, job.plan(), stepper=stepper, strategy=job.key))

    def tell(done: int, index: int) -> None:
        if progress is not None:
            progress(done, len(jobs), jobs[index].key)

    results = in_order([task(job) for job in jobs], workers=workers, finished=tell, cancelled=cancelled)
    for job, result in zip(jobs, results, strict=False):
        yield job.key, result


def in_order(
    tasks: Sequence[Callable[[], Result]],
    *,
    workers: int,
    finished: Callable[[int, int], None] | None = None,
    cancelled: Event | None = None,
) -> Iterator[Result]:
    """Results of the tasks in their order, ``workers`` of them running in threads at a time.

    Args:
        tasks: what to run; the first error ends the iteration once those that run are through.
        workers: threads.
        finished: called with (how many are done, index) as tasks finish, in whatever order they do.
        cancelled: when set, no further task starts and the iterator ends.
    """
    done = 0
    with ThreadPoolExecutor(max_workers=workers) as pool:
        running: dict[Future[Result], int] = {}
        ready: dict[int, Result] = {}
        upcoming, shown = 0, 0
        while shown < len(tasks):
            while upcoming < len(tasks) and len(running) < workers and not (cancelled and cancelled.is_set()):
                running[pool.submit(tasks[upcoming])] = upcoming
                upcoming += 1
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index = running.pop(future)
                ready[index] = future.result()
                done += 1
                if finished is not None:
                    finished(done, index)
            while shown in ready:
                yield ready.pop(shown)
                shown += 1
