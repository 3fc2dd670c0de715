"""Airflow 3 on PostgreSQL with the local executor: API server with the UI, scheduler, DAG processor, triggerer.

Each is a process of its own under the supervisor, instead of `airflow standalone`: a dead scheduler is started again
alone, and two log servers, which listen on every interface, are left out: the API server reads the log files itself.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from acude.files import write_private
from acude.local.errors import PlatformError
from acude.local.probe import get_once
from acude.local.service import Action, Service
from acude.settings import Settings

_MIGRATION = threading.Lock()
"""The four services prepare themselves in threads of one process; one of them migrates the database."""


def api(config: Settings) -> Service:
    """The REST API and the UI; every task reports to it."""
    return Service(
        name="airflow-api",
        purpose="Airflow's UI and API",
        command=[_program(), "api-server"],
        environment=_environment(config),
        prepare=prepare,
        ready=_healthy("metadatabase"),
        finish=warm_up,
        address=f"http://{config.here}:{config.airflow_port}",
        login=f"{config.airflow_user} / {config.airflow_password.get_secret_value()}",
        ports=[(config.airflow_port, "airflow_port")],
        after=("postgres",),
        # It would wait for browsers to close their connections.
        stop_timeout_s=4,
    )


def scheduler(config: Settings) -> Service:
    """Decides what runs, and runs it in processes of its own."""
    service = _worker(config, "scheduler", "runs the DAGs' tasks")
    # Tasks are forked from it, so what it has loaded no task loads again.
    command = [sys.executable, "-m", "acude.orchestration.scheduler", "--skip-serve-logs"]
    return replace(service, command=command, kafka_user="airflow")


def dag_processor(config: Settings) -> Service:
    """Reads the DAG files."""
    return _worker(config, "dag-processor", "reads the DAG files")


def triggerer(config: Settings) -> Service:
    """Runs tasks' triggers, and calls back when a deadline is missed."""
    return _worker(config, "triggerer", "deadlines and waiting tasks", "--skip-serve-logs")


def _worker(config: Settings, component: str, purpose: str, *arguments: str) -> Service:
    return Service(
        name=f"airflow-{component}",
        purpose=purpose,
        command=[_program(), component, *arguments],
        environment=_environment(config),
        prepare=prepare,
        ready=_healthy(component.replace("-", "_")),
        address="",
        after=("airflow-api",),
    )


def _healthy(component: str) -> Action:
    """A check that Airflow's own health report calls the component healthy."""

    def ready(config: Settings) -> None:
        answer = get_once(f"{config.airflow_url}/api/v2/monitor/health", config, timeout_s=5)
        state = answer.json()[component]["status"]
        if state != "healthy":
            raise RuntimeError(f"Airflow calls its {component} {state}")

    return ready


def warm_up(config: Settings) -> None:
    """Lets the API server build its task side now instead of at the first task: six seconds."""
    get_once(f"{config.airflow_url}/execution/health", config, timeout_s=120)


def prepare(config: Settings) -> None:
    """Write the configuration and the login, and bring the database to this version's schema."""
    home = _home(config)
    write_private(home / "airflow.cfg", airflow_cfg(config))
    password = config.airflow_password.get_secret_value()
    write_private(home / "passwords.json", json.dumps({config.airflow_user: password}))
    with _MIGRATION:
        _migrate(config)


def _migrate(config: Settings) -> None:
    """Migrate once per version: the check whether it is needed takes as long as the migration."""
    # Beside the local database, which may be made anew; else where all of Airflow's processes see it.
    local = config.var / "postgres"
    done = (local if local.is_dir() else _home(config)) / f"airflow-{version('apache-airflow')}.migrated"
    if done.exists():
        return
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(_home(config)), **_environment(config)}
    command = [_program(), "db", "migrate"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise PlatformError(
            "Airflow's database can't be migrated.",
            "See the lines above, and `acude logs postgres`.",
            (answer.stdout + answer.stderr).splitlines()[-20:],
        )
    # The database may be elsewhere.
    done.parent.mkdir(exist_ok=True)
    done.touch()


def airflow_cfg(config: Settings) -> str:
    """Airflow's configuration file: what differs from its defaults, and why."""
    home = _home(config)
    sections: dict[str, Mapping[str, object]] = {
        "core": {
            "dags_folder": config.project / "dags",
            "plugins_folder": home / "plugins",
            "executor": "LocalExecutor",
            # As many tasks at once as two cores bear; the warm Spark server does the work of most.
            "parallelism": 4,
            "max_active_tasks_per_dag": 4,
            "max_active_runs_per_dag": 2,
            "load_examples": False,
            # Else all DAGs would run at once on a new platform; `acude up` lets their schedules run.
            "dags_are_paused_at_creation": True,
            "default_timezone": "utc",
            "fernet_key": config.airflow_fernet_key.get_secret_value(),
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_users": f"{config.airflow_user}:admin",
            "simple_auth_manager_passwords_file": home / "passwords.json",
            "execution_api_server_url": f"{config.airflow_url}/execution/",
            "hostname_callable": "airflow.utils.net.get_host_ip_address",
        },
        "database": {
            "sql_alchemy_conn": _sqlalchemy(config, "psycopg2"),
            "sql_alchemy_conn_async": _sqlalchemy(config, "asyncpg"),
            "sql_alchemy_pool_size": 3,
        },
        "api": {
            "host": config.bind,
            "port": config.airflow_port,
            "base_url": config.airflow_public_url or config.airflow_url,
            "workers": 1,
            "secret_key": config.airflow_jwt_secret.get_secret_value(),
        },
        "api_auth": {"jwt_secret": config.airflow_jwt_secret.get_secret_value()},
        # A run of eight tasks hands over eight times: look for work five times per second.
        "scheduler": {"scheduler_idle_sleep_time": 0.2},
        # Changed files are seen at each refresh; reading the unchanged ones again costs two cores dearly.
        "dag_processor": {"parsing_processes": 1, "min_file_process_interval": 300, "refresh_interval": 5},
        "logging": {
            "base_log_folder": home / "logs",
            "uvicorn_logging_level": "WARNING",
            "colored_console_log": False,
            # A line per request would bury the rest.
            "namespace_levels": "http.access=WARNING httpx=WARNING",
        },
        "usage_data_collection": {"enabled": False},
    }
    return "\n".join(_section(name, options) for name, options in sections.items())


def _section(name: str, options: Mapping[str, object]) -> str:
    """One section; ``%`` begins an interpolation in it."""
    return f"[{name}]\n" + "".join(f"{key} = {str(value).replace('%', '%%')}\n" for key, value in options.items())


def _sqlalchemy(config: Settings, driver: str) -> str:
    dsn = config.airflow_dsn.get_secret_value().replace("postgresql://", f"postgresql+{driver}://")
    mode = _options(config).get("sslmode")
    if driver == "psycopg2" or not mode:
        return dsn
    # asyncpg has the option by another name, and reads the authority's path in the environment.
    return f"{dsn.partition('?')[0]}?ssl={mode}"


def _options(config: Settings) -> dict[str, str]:
    """What the address says beside host and login. TLS is the database's own affair: it may be elsewhere."""
    return dict(parse_qsl(urlsplit(config.airflow_dsn.get_secret_value()).query))


def _environment(config: Settings) -> dict[str, str]:
    home = _home(config)
    # Airflow writes titles over its processes' environment, where the platform's mark stands; SPT_NOENV keeps it off.
    found = {"AIRFLOW_HOME": str(home), "AIRFLOW_CONFIG": str(home / "airflow.cfg"), "SPT_NOENV": "1"}
    authority = _options(config).get("sslrootcert")
    return found | ({"PGSSLROOTCERT": authority} if authority else {})


def _home(config: Settings) -> Path:
    return config.var / "airflow"


def _program() -> str:
    return str(Path(sys.executable).parent / "airflow")
