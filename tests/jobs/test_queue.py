"""The queue: a bound, priorities, turns between users, and nobody who waits for ever."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from typing import Any

import pytest

from cloud_data_cockpit.jobs.queue import ONE_IN, Queue


class Line:
    """Queues jobs behind one that holds the only place until `order` is asked for."""

    def __init__(self, bound: int = 1) -> None:
        self.queue = Queue(bound, "test-queue")
        self.begun: list[Any] = []
        self._go, self._lock = threading.Event(), threading.Lock()
        held = threading.Barrier(bound + 1)

        def hold() -> None:
            held.wait(10)
            self._go.wait(10)

        self.futures = [self.queue.submit(hold, "high", f"holder {n}") for n in range(bound)]
        held.wait(10)

    def add(self, name: Any, work: Callable[[], None] = lambda: None, **how: Any) -> None:
        def whole() -> None:
            with self._lock:
                self.begun.append(name)
            work()

        self.futures.append(self.queue.submit(whole, **how))

    def order(self) -> list[Any]:
        self._go.set()
        _, late = wait(self.futures, 20)
        assert not late
        return self.begun

    def close(self) -> None:
        self._go.set()
        self.queue.shutdown()


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.close()


def test_three_users_with_fifty_jobs_each_begin_in_turn(line: Line) -> None:
    for user in "abc":
        for number in range(50):
            line.add((user, number), user=user)
    assert line.order() == [(user, number) for number in range(50) for user in "abc"]


def test_who_comes_later_does_not_wait_for_all_of_the_others(line: Line) -> None:
    for number in range(50):
        line.add(("a", number), user="a")
    line.add(("b", 0), user="b")
    assert line.order().index(("b", 0)) <= 1


def test_a_user_whose_jobs_run_waits_for_those_with_none() -> None:
    line = Line(bound=2)
    try:
        blocked, both = threading.Event(), threading.Barrier(2)

        def meet() -> None:
            both.wait(10)

        line.add("a long", lambda: (blocked.wait(10), None)[1], user="a")
        line.add("b 0", meet, user="b")
        for name in ("a 1", "a 2"):
            line.add(name, user="a")
        for name in ("b 1", "b 2"):
            line.add(name, user="b")
        line._go.set()
        both.wait(10)  # one place is the long one's, the other passes from b to b, as a has its share
        line.queue.submit(blocked.set, "low", "z")
        order = line.order()
        assert order.index("b 2") < order.index("a 1")
    finally:
        line.close()


def test_high_before_normal_before_low(line: Line) -> None:
    for priority in ("low", "normal", "high"):
        for number in range(2):
            line.add(f"{priority} {number}", priority=priority, user="a")
    assert line.order() == ["high 0", "high 1", "normal 0", "normal 1", "low 0", "low 1"]


def test_one_that_waits_at_low_begins_in_the_end(line: Line) -> None:
    line.add("low", priority="low", user="a")
    for number in range(3 * ONE_IN):
        line.add(number, priority="high", user="a")
    assert line.order().index("low") == ONE_IN - 1


def test_of_those_passed_over_the_oldest_begins(line: Line) -> None:
    line.add("normal", user="a")
    line.add("low", priority="low", user="b")
    for number in range(3 * ONE_IN):
        line.add(number, priority="high", user="c")
    order = line.order()
    assert [order.index("normal"), order.index("low")] == [ONE_IN - 1, 2 * ONE_IN - 1]


def test_no_more_than_the_bound_run_at_once() -> None:
    line = Line(bound=3)
    now, most, lock = Counter[str](), [0], threading.Lock()

    def work() -> None:
        with lock:
            now["run"] += 1
            most[0] = max(most[0], now["run"])
        threading.Event().wait(0.005)
        with lock:
            now["run"] -= 1

    try:
        for number in range(30):
            line.add(number, work, user=str(number % 4))
        assert len(line.order()) == 30
        assert 2 <= most[0] <= 3
    finally:
        line.close()


def test_what_is_cancelled_is_never_begun_and_not_kept(line: Line) -> None:
    for number in range(10):
        line.add(number, user="a")
    for future in line.futures[1::2]:
        assert future.cancel()
    assert len(line.queue._waiting) == 5
    line._go.set()
    wait([future for future in line.futures if not future.cancelled()], 10)
    assert line.begun == [1, 3, 5, 7, 9]
    assert line.queue._running == {}


def test_an_error_is_the_futures() -> None:
    queue = Queue(1, "test-queue")
    try:
        with pytest.raises(ZeroDivisionError):
            queue.submit(lambda: 1 // 0 and None).result(10)
        assert queue.submit(lambda: None).result(10) is None
    finally:
        queue.shutdown()
