"""The lines of one trace in the services' logs, where the files are on this machine."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from acude.logs import TRACE
from acude.payments.trace.event import TraceEvent, utc
from acude.settings import Settings

_SERVICES: Final = re.compile(r"(risk-[a-z0-9-]+)\.log(\.\d+)?")
_COMMON: Final = frozenset({"timestamp", "level", "event", "logger", TRACE})


def events(config: Settings, trace: str) -> Iterator[TraceEvent]:
    """The lines of one trace in all risk services' logs.

    Raises:
        FileNotFoundError: there are no such files here; on AWS they are elsewhere.
    """
    folder = config.log_folder or config.var / "log"
    files = [path for path in sorted(folder.glob("risk-*.log*")) if _SERVICES.fullmatch(path.name)]
    if not files:
        raise FileNotFoundError(f"no risk-*.log in {folder}")
    for path in files:
        yield from map(_event, _lines(path, trace))


def _lines(path: Path, trace: str) -> Iterator[dict[str, Any]]:
    wanted = trace.encode()
    with path.open("rb") as file:
        for line in file:
            if wanted in line:
                try:
                    fields = orjson.loads(line)
                except orjson.JSONDecodeError:
                    continue
                if isinstance(fields, dict) and fields.get(TRACE) == trace:
                    yield fields


def _event(fields: dict[str, Any]) -> TraceEvent:
    shown = {name: value for name, value in fields.items() if name not in _COMMON}
    at = utc(datetime.fromisoformat(fields["timestamp"]))
    return TraceEvent(at, "log", f"{fields['service']}: {fields['event']}", shown)
