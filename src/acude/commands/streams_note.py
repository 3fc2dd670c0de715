"""What the streams' driver says of itself, for `acude status`."""

from datetime import UTC, datetime
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from acude.settings import HOST

_SINCE = "fluxos_repeticoes_desde_segundos"


def streams_note(port: int, host: str = HOST) -> str:
    """How far back repeats are found now; empty where the driver doesn't say.

    Args:
        port: of its metrics.
        host: where it listens.
    """
    try:
        with urlopen(f"http://{host}:{port}/metrics", timeout=2) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
    except (OSError, ValueError):
        return ""
    since = next((one.value for family in families for one in family.samples if one.name == _SINCE), 0.0)
    # Nothing has landed yet.
    if not since:
        return ""
    return f"finds repeats of events that landed after {datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M} UTC"
