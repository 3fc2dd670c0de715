"""The local Glue: ``python -m acude.local.catalogue``.

Moto's server speaks Glue's API and keeps everything in memory. Registering the tables belongs to its start, so that the
catalogue is also whole after the supervisor has replaced a dead server.
"""

import json
import logging
import threading

from moto.glue.responses import GlueResponse
from moto.server import main as serve
from tenacity import retry, stop_after_delay, wait_fixed

from acude.lake.catalog import register_all
from acude.local.servers import glue
from acude.settings import HOST, settings


@retry(wait=wait_fixed(0.2), stop=stop_after_delay(60))
def _wait_ready() -> None:
    glue.ready(settings())


def _register() -> None:
    _wait_ready()
    register_all()


def _answer_about_statistics() -> None:
    """Moto has no column statistics. Trino sets them when it makes a table; here they are taken and forgotten."""
    none = json.dumps({"ColumnStatisticsList": [], "Errors": []})
    for action in ("get", "update", "delete"):
        for kind in ("table", "partition"):
            setattr(GlueResponse, f"{action}_column_statistics_for_{kind}", lambda _: none)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # One line per request would bury the rest.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    _answer_about_statistics()
    threading.Thread(target=_register, daemon=True).start()
    serve(["-H", HOST, "-p", str(settings().glue_port)])
