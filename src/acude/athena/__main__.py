"""``python -m acude.athena``: serves Athena's API on 127.0.0.1 at the port that the settings name."""

import logging
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from acude import aws
from acude.athena.api import Api
from acude.athena.catalog import Catalog
from acude.athena.engine import Engine, S3Access
from acude.athena.executions import Executions
from acude.athena.runner import Runner
from acude.athena.server import create_app
from acude.settings import HOST, Settings, settings

_DEPTH, _STACK = 20_000, 256 * 1024 * 1024
"""A condition of thousands of ORs is a deep tree: it needs Python's frames and a thread's stack to match."""


def build(config: Settings, folder: Path) -> FastAPI:
    """The server over the settings' Glue and S3.

    Args:
        config: The settings.
        folder: Where results are spooled while the server runs.
    """
    key, secret = config.s3_access_key, config.s3_secret_key
    access = S3Access(
        config.s3_endpoint,
        config.aws_region,
        key.get_secret_value() if key else "",
        secret.get_secret_value() if secret else "",
    )
    engine = Engine(access=access, spill=folder / "spill")
    catalog, s3 = Catalog(aws.glue(config), engine), aws.s3(config)
    runner = Runner(catalog, engine, s3, config.results_bucket)
    executions = Executions(runner, engine, s3, folder / "results")
    api = Api(
        executions,
        catalog,
        s3,
        bucket=config.results_bucket,
        workgroup=config.athena_workgroup,
        region=config.aws_region,
    )

    def close() -> None:
        executions.close()
        engine.close()

    return create_app(api, close)


def main() -> None:
    """Serves until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    config = settings()
    sys.setrecursionlimit(_DEPTH)
    threading.stack_size(_STACK)
    with tempfile.TemporaryDirectory(prefix="acude-athena-") as folder:
        app = build(config, Path(folder))
        uvicorn.run(app, host=HOST, port=config.athena_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
