"""`python -m acude.api`: the payment API."""

from typing import Final

from acude import logs
from acude.api.app import KEEP_ALIVE_S, create_app
from acude.http_server import serve_http
from acude.kafka.health import serve
from acude.kafka.watchdog import watch
from acude.settings import settings

_HANGS_S: Final = 60.0
"""The reader of decisions asks the broker each second, also one that is away."""

if __name__ == "__main__":
    config = settings()
    logs.configure("risk-api", config.log_level)
    app = create_app(config)
    serve(app.state.metrics, config, config.risk_api_metrics_port)
    watch(lambda: not app.state.metrics.hangs(_HANGS_S))
    # Without a configuration of its own its lines are like all others.
    serve_http(
        app,
        config.risk_port,
        ssl_certfile=config.tls_certificate,
        timeout_keep_alive=KEEP_ALIVE_S,
        log_config=None,
        # uvloop takes one new connection a turn: with many payments inside, the next client waits for seconds.
        loop="asyncio",
    )
