"""Turns: so many compute at once and no more, those who wait for bytes aside; and reads begin few."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from cloud_data_cockpit.turns import Turns, given_up


class Count:
    """How many threads are inside at once, now and at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.now = self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def test_no_more_compute_than_there_are_turns_and_the_rest_wait_for_bytes() -> None:
    turns, computing, reading = Turns(2, 6), Count(), Count()
    met = threading.Barrier(6)

    def work(number: int) -> int:
        with turns.taken():
            with computing:
                pass
            with given_up(), reading:
                if number >= 12:
                    met.wait(timeout=30)  # passes only when six read at once
            with computing:
                sum(range(2000))
        return number

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(18))) == list(range(18))
    assert computing.most <= 2
    assert reading.most == 6


def test_few_read_in_the_beginning() -> None:
    turns, reading = Turns(1, 8), Count()
    begun, go_on = threading.Semaphore(0), threading.Event()

    def work(_: int) -> None:
        with turns.taken(), given_up(), reading:
            begun.release()
            go_on.wait(timeout=30)

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(work, i) for i in range(8)]
        assert begun.acquire(timeout=30)
        assert begun.acquire(timeout=30)
        assert not begun.acquire(blocking=False)
        assert reading.most == 2
        go_on.set()
        for future in waiting:
            future.result(timeout=30)


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(1, 1)
    for _ in range(3):
        try:
            with turns.taken(), given_up():
                raise OSError("broken")
        except OSError:
            pass
    with turns.taken(), given_up():
        pass


def test_without_a_turn_there_is_nothing_to_give_up() -> None:
    with given_up(), given_up():
        pass
