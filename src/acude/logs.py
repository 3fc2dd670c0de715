"""Logs of the services and streams: one JSON object per line, UTC, with the trace id where it is about a payment.

Code logs as usual, the data beside the sentence: `log.warning("refused", extra={"reason": reason})`. What is said of an
exception is its kind and the places in the code, never its message, which may quote what a client has sent.
"""

import logging
import socket
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Any, Final

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter

from acude.masking import masked
from acude.settings import settings

log = logging.getLogger(__name__)

TRACE: Final = "trace_id"
_PLACES: Final = 8
_MOST_BYTES: Final = 10_000_000
_OLDER_FILES: Final = 2

Event = MutableMapping[str, Any]


def configure(service: str, level: str = "INFO") -> None:
    """Makes this process and its libraries log as JSON to standard error, also what ends it or one of its threads.

    Where the settings name a folder, the same lines go to a file there, for a log shipper that follows files.

    Args:
        service: its name in `acude status`.
        level: least level of Açude's own lines; libraries speak from WARNING on.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if folder := settings().log_folder:
        folder.mkdir(parents=True, exist_ok=True)
        # Of several workers, each in its container, each has its file.
        path = folder / f"{service}-{socket.gethostname()}.log"
        handlers.append(RotatingFileHandler(path, maxBytes=_MOST_BYTES, backupCount=_OLDER_FILES, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(_formatter(service))
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    for own in ("acude", "__main__"):
        logging.getLogger(own).setLevel(level)
    # It warns of each moment that a busy machine takes from it.
    logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    sys.excepthook = _ended
    threading.excepthook = lambda found: log.critical("a thread ended by a defect", exc_info=found.exc_value)


def _formatter(service: str) -> ProcessorFormatter:
    def named(_logger: object, _method: str, event: Event) -> Event:
        event["service"] = service
        return event

    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            _timed,
            named,
        ],
        processors=[ProcessorFormatter.remove_processors_meta, _without_messages, _rendered],
    )


def _timed(_logger: object, _method: str, event: Event) -> Event:
    """When the record was made: every handler writes the same line."""
    at = datetime.fromtimestamp(event["_record"].created, UTC)
    event["timestamp"] = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return event


def _without_messages(_logger: object, _method: str, event: Event) -> Event:
    """An exception as its kind and its places."""
    found = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if found:
        problem = (
            found if isinstance(found, BaseException) else (found if isinstance(found, tuple) else (None, None))[1]
        )
        if problem is not None:
            event["kind"] = type(problem).__name__
            event["places"] = [
                f"{Path(frame.filename).stem}:{frame.lineno} {frame.name}"
                for frame in extract_tb(problem.__traceback__)
            ][-_PLACES:]
    return event


def _rendered(_logger: object, _method: str, event: Event) -> str:
    first = {name: event.pop(name) for name in ("timestamp", "level", "service", TRACE, "event") if name in event}
    return orjson.dumps(_masked({**first, **event}), default=str).decode()


def _masked(value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {str(name): _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    return value if isinstance(value, bool | int | float | None) else masked(str(value))


def _ended(kind: type[BaseException], problem: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("ended by a defect", exc_info=(kind, problem, trace))
