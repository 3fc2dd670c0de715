"""A process that hangs is ended."""

import threading

from acude.kafka.watchdog import STUCK, watch


def test_a_process_that_hangs_is_ended_and_one_that_lives_is_not() -> None:
    lives, ended, done = iter([True, False]), list[int](), threading.Event()

    def end(status: int) -> None:
        ended.append(status)
        done.set()

    watch(lambda: next(lives), end)
    assert done.wait(30)
    assert (ended, list(lives)) == ([STUCK], [])
