"""Where consumers run: a process with logs, signals, health, watchdog and exit code, or a thread beside another."""

import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from confluent_kafka import KafkaException

from acude import logs
from acude.kafka.consumer import Runner
from acude.kafka.health import Health, serve
from acude.kafka.producer import BrokerError
from acude.kafka.refusals import refused
from acude.kafka.watchdog import watch
from acude.settings import Settings

log = logging.getLogger(__name__)

_RESTART_S: Final = 1.0

_BUILT_WITHIN_S: Final = 120.0
"""A broker that dies while the clients greet it may leave them waiting for ever, as later ones do."""


def run_service(
    name: str, config: Settings, port: int, build: Callable[[Settings, threading.Event], Runner[Any]]
) -> None:
    """Runs a consumer until SIGTERM or SIGINT. The batch in hand is then finished and committed.

    Args:
        name: of the service, as `acude status` and the logs have it.
        config: the process's settings.
        port: of health and metrics.
        build: makes the runner; takes the settings and the event that ends it.

    Raises:
        OSError: the port is taken. Nothing was begun, so the service that has it is not disturbed.
        SystemExit: 1, where the broker refuses or is away; the supervisor starts the service again.
    """
    logs.configure(name, config.log_level)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    # The process that has the port has this service's name at the broker, too, and would be fenced off.
    with socket.create_server((config.bind, port)):
        pass
    begun, built = time.monotonic(), list[Runner[Any]]()

    def alive() -> bool:
        if not built:
            return time.monotonic() - begun < _BUILT_WITHIN_S or stop.is_set()
        strategy = built[0].strategy
        return not strategy.health.hangs(strategy.hangs_after_s) or stop.is_set()

    watch(alive)
    try:
        runner = build(config, stop)
        serve(runner.strategy.health, config, port, runner.strategy.posts)
        runner.strategy.health.beat()
        built.append(runner)
        runner.run()
    except (KafkaException, BrokerError) as problem:
        log.critical("ended by the broker", extra={"answer": str(refused(config, problem) or problem)})
        raise SystemExit(1) from problem


def run_in_thread(
    name: str, build: Callable[[], Runner[Any]], stop: threading.Event, health: Health
) -> threading.Thread:
    """Runs a consumer beside the process's own work. After a failure it starts again with a new consumer.

    Args:
        name: of the thread.
        build: makes the runner.
        stop: ends it.
        health: counts the starts after a failure that is not the broker's: to its heartbeat a consumer that fails at
            each start is alive.
    """

    def run() -> None:
        while not stop.is_set():
            try:
                build().run()
            except (KafkaException, BrokerError) as problem:
                log.warning("the broker fails a consumer", extra={"consumer": name, "answer": str(problem)})
                stop.wait(_RESTART_S)
            except Exception:
                log.exception("a consumer failed and starts again", extra={"consumer": name})
                health.restarts.inc()
                stop.wait(_RESTART_S)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
