"""The platform's processes as the operating system sees them."""

import contextlib
import os
from pathlib import Path

import psutil

MARK = "ACUDE_SUPERVISED"
"""Environment variable that every process of a platform inherits; its value is that platform's ``var``."""


def remember_session(var: Path, session: int) -> None:
    """Write down the session that the supervisor leads; every server is born in it."""
    _session_file(var).write_text(str(session))


def marked(var: Path) -> list[psutil.Process]:
    """Every process that belongs to the platform in ``var``, its supervisor included, whether that lives or not."""
    path = _session_file(var)
    session = int(path.read_text()) if path.exists() else None
    return [process for process in psutil.process_iter() if _belongs(process, var, session)]


def _belongs(process: psutil.Process, var: Path, session: int | None) -> bool:
    try:
        return process.environ().get(MARK) == str(var)
    except psutil.AccessDenied:
        # Airflow's tasks hide their environment, which holds secrets; their session identifies them.
        return session is not None and _session(process.pid) == session
    except (psutil.Error, OSError):
        return False


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _session_file(var: Path) -> Path:
    return var / "session"


def end_marked(var: Path, patience_s: float = 10) -> int:
    """End every process of the platform in ``var``, kindly first.

    Returns:
        How many there were.
    """
    left = marked(var)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(left, timeout=patience_s)
    for process in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=patience_s)
    return len(left)
