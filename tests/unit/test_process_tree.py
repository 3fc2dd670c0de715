import os
import subprocess

from acude.process_tree import memory_bytes


def test_memory_of_a_process_that_is_gone_is_nothing() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()

    assert memory_bytes(process.pid) == 0
    assert memory_bytes(os.getpid()) > 1_000_000
