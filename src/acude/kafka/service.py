"""The process of a consumer: logs, signals, health endpoint, watchdog and exit code."""

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaException

from acude import logs
from acude.kafka.consumer import Runner
from acude.kafka.health import serve
from acude.kafka.watchdog import watch
from acude.settings import Settings

log = logging.getLogger(__name__)


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
        SystemExit: 1, where the broker refuses; the supervisor starts the service again.
    """
    logs.configure(name, config.log_level)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        runner = build(config, stop)
        strategy = runner.strategy
        serve(strategy.health, port, strategy.posts)
        strategy.health.beat()
        watch(lambda: strategy.health.beat_age_s < strategy.hangs_after_s or stop.is_set())
        runner.run()
    except KafkaException as problem:
        log.critical("ended by the broker", extra={"answer": str(problem)})
        raise SystemExit(1) from problem
