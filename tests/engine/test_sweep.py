"""Many runs in one world: order, progress, cancelling, bounded work, and independence of the number of workers."""

import threading
import time

import pytest

from engine.simulation import simulate
from engine.sweep import Job, in_order, sweep
from tests.engine.make_scenario import Size, make_levels, make_scenario

SCENARIO = make_scenario(3, Size(skus=4, days=40))
JOBS = [Job(f"set {seed}", lambda seed=seed: make_levels(seed, SCENARIO)) for seed in range(7)]


def digests(**options):
    return list(sweep(SCENARIO, JOBS, lambda _, totals: totals.digest(), **options))


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_jobs_whatever_the_workers(workers):
    expected = [(f"set {seed}", simulate(SCENARIO, make_levels(seed, SCENARIO)).digest()) for seed in range(7)]
    assert digests(workers=workers) == expected
    assert digests(workers=workers, stepper="reference") == expected


def test_progress_tells_how_many_are_done_and_which():
    told = []
    digests(workers=3, progress=lambda *words: told.append(words))
    assert [done for done, _, _ in told] == list(range(1, 8))
    assert {key for *_, key in told} == {job.key for job in JOBS}
    assert {count for _, count, _ in told} == {7}


def test_a_cancelled_sweep_starts_nothing_more():
    cancelled = threading.Event()
    found = []
    for key, _ in sweep(SCENARIO, JOBS, lambda key, _: key, workers=1, cancelled=cancelled):
        found.append(key)
        cancelled.set()
    assert found == [job.key for job in JOBS[: len(found)]]
    assert len(found) <= 2


def test_no_more_tasks_run_at_a_time_than_there_are_workers():
    lock, running, most = threading.Lock(), [0], [0]

    def task(number):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.002 * (7 - number))
        with lock:
            running[0] -= 1
        return number

    tasks = [lambda number=number: task(number) for number in range(7)]
    assert list(in_order(tasks, workers=3)) == list(range(7))
    assert most[0] <= 3


def test_the_first_error_ends_the_iteration_after_what_came_before():
    def fail():
        raise ValueError("third")

    found = []
    with pytest.raises(ValueError, match="third"):
        found.extend(in_order([lambda: 1, lambda: 2, fail, lambda: 4], workers=1))
    assert found in ([], [1, 2])


def test_nothing_to_do_is_done():
    assert list(in_order([], workers=2)) == []
