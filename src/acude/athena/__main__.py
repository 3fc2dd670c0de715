"""``python -m acude.athena``: serves Athena's API where the settings say."""

import logging

from fastapi import FastAPI
from pydantic import SecretStr

from acude import aws
from acude.athena.api import Api
from acude.athena.catalog import Catalog
from acude.athena.execution import PreparedStatements
from acude.athena.executions import Executions
from acude.athena.result_files import ResultFiles
from acude.athena.runner import Runner
from acude.athena.server import create_app
from acude.athena.signature import Signatures
from acude.athena.trino import Trino
from acude.errors import AcudeError
from acude.http_server import serve_http
from acude.settings import Settings, settings


def build(config: Settings) -> FastAPI:
    """The server over the settings' Glue, S3 and Trino.

    Raises:
        AcudeError: There is no key by which clients could be known.
    """
    key, secret = config.s3_access_key, config.s3_secret_key
    if not key or not secret:
        raise AcudeError(
            "Athena knows its clients by ACUDE_S3_ACCESS_KEY and ACUDE_S3_SECRET_KEY; one is empty.",
            "Set both; on one machine `acude up` draws them.",
        )
    # The engine's own key: with it nobody can write anything but results.
    narrow = {"s3_access_key": SecretStr(config.trino_s3_access_key), "s3_secret_key": config.trino_s3_secret_key}
    files = ResultFiles(aws.s3(config.model_copy(update=narrow)), config.results_bucket)
    engine, catalog, prepared = Trino(config), Catalog(aws.glue(config)), PreparedStatements()
    executions = Executions(Runner(engine, catalog, files, prepared).run)
    api = Api(executions, catalog, files, prepared, workgroup=config.athena_workgroup)
    signatures = Signatures({key.get_secret_value(): secret.get_secret_value()}, config.aws_region, "athena")
    return create_app(api, signatures, executions.close)


def main() -> None:
    """Serves until stopped."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    config = settings()
    serve_http(build(config), config.athena_port, log_level="warning")


if __name__ == "__main__":
    main()
