"""`python -m acude.api`: the door for payments, on loopback."""

import logging

import uvicorn

from acude.api.app import create_app
from acude.settings import HOST, settings

if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(create_app(), host=HOST, port=settings().risk_port, log_level="warning", access_log=False)
