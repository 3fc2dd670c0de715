"""The one-machine platform: start the servers in order, wait until each answers, look after them, stop them."""

import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

from tenacity import Retrying, stop_after_delay, wait_fixed

from acude.local import certificates, ports, processes
from acude.local.environment import ensure_local_env, has_tls
from acude.local.errors import PlatformError
from acude.local.readiness import wait_ready
from acude.local.service import Service
from acude.local.services import all_services, chosen, start_order
from acude.local.status import ServiceStatus, status
from acude.local.supervisor import Supervisor, ending_meanwhile
from acude.settings import Settings, settings

LEAST_FREE_GB = 2
"""Below this Kafka and the object store begin to refuse writes."""

_AGAIN = "Stop them with `acude down`, and start them again."

Progress = Callable[[str, str], None]
"""Called with a service's name and its new state: waiting, starting, ready, failed, stopping, stopped."""


class Platform:
    """The servers of one ``var`` directory.

    Every method may be called from any process of the same user: the supervisor's state is the only state.
    """

    def __init__(self, config: Settings | None = None) -> None:
        self.config = config or settings()
        self._supervisor = Supervisor(self.config)
        self._give_up = threading.Event()

    def up(self, names: Iterable[str] | None = None, on_progress: Progress = lambda _name, _state: None) -> None:
        """Start the named services and what they depend on, and return when all of them answer.

        No names: every server, without the live shop (see `names`).

        Services that already run are left alone, so a second call costs little. A server that can't start is stopped
        again; all others that don't need it are started, and run.

        Raises:
            PlatformError: Servers can't start; says which, why, and what to do.
        """
        self.config.var.mkdir(parents=True, exist_ok=True)
        # Others may pass, as PostgreSQL's own user does where this is root, but look at nothing.
        self.config.var.chmod(self.config.var.stat().st_mode & ~0o066)
        _require_disk(self.config)
        with self._alone():
            self._settle_tls()
            self.config = ensure_local_env(self.config)
            # Its file has logins that may just have been drawn.
            self._supervisor = Supervisor(self.config)
            services = all_services(self.config)
            wanted = {service.name for service in chosen(services, names)}
            if not self._supervisor.is_running():
                # A supervisor that was killed leaves its servers behind; nobody would look after them any more.
                processes.end_marked(self.config.var)
            wanted |= self._supervisor.launch(services)
            self._start_all([service for service in services if service.name in wanted], on_progress)

    def _settle_tls(self) -> None:
        """Makes certificates where TLS is on; refuses to start servers beside others with the opposite setting."""
        if self._supervisor.is_running() and has_tls(self.config) != self.config.local_tls:
            running = "with" if has_tls(self.config) else "without"
            raise PlatformError(f"The servers run {running} TLS.", _AGAIN)
        if self.config.local_tls:
            folder, names = certificates.authority(self.config).parent, self.config.listens_to
            if self._supervisor.is_running() and (missing := certificates.unnamed(folder, names)):
                # Servers would keep the certificate that they have read, and clients trust the new one's authority.
                raise PlatformError(f"The servers' certificate does not name {', '.join(sorted(missing))}.", _AGAIN)
            certificates.ensure(folder, names)

    def down(self, on_progress: Progress = lambda _name, _state: None) -> int:
        """Stop every service, dependents first, then the supervisor, then processes that it has lost.

        Returns:
            How many processes had to be ended outside the supervisor.
        """
        if self._supervisor.is_running():
            with ending_meanwhile():
                running = [service for service in all_services(self.config) if self.pid(service.name)]
                for wave in reversed(_waves(running)):
                    self._stop_all(wave, on_progress)
                self._supervisor.shutdown()
            _wait_until(lambda: not processes.marked(self.config.var), 10)
        ended = processes.end_marked(self.config.var)
        for service in all_services(self.config):
            service.tidy(self.config)
        return ended

    def is_running(self) -> bool:
        """Whether a supervisor looks after this ``var``, with however few services."""
        return self._supervisor.is_running()

    def names(self, *, live: bool) -> list[str]:
        """Every service's name, with or without the simulated shop and its streams."""
        return [service.name for service in all_services(self.config) if live or not service.live]

    def status(self, *, thorough: bool = True) -> list[ServiceStatus]:
        """One row per service; where it is not `thorough`, without what takes time: memory, and asking each service."""
        return status(self.config, self._supervisor, thorough=thorough)

    def pid(self, name: str) -> int | None:
        """Process id of a running service."""
        if not self._supervisor.is_running():
            return None
        return self._supervisor.info().get(name, {}).get("pid") or None

    def start(self, name: str) -> None:
        """Start one service and wait until it answers; its dependencies must be up."""
        self._start(self._service(name), lambda _name, _state: None)

    def stop(self, name: str) -> None:
        """Stop one service and leave it stopped."""
        self._supervisor.stop(self._service(name).name)

    def wait_ready(self, name: str) -> None:
        """Wait until a service answers."""
        wait_ready(self._service(name), self.config, self._supervisor, self._give_up)

    def wait_back(self, name: str, dead: int) -> None:
        """Wait until the supervisor has replaced the dead process and the service answers again."""
        _wait_until(lambda: self.pid(name) not in {None, dead}, 30)
        self.wait_ready(name)

    def _service(self, name: str) -> Service:
        return next(service for service in chosen(all_services(self.config), [name]) if service.name == name)

    def _start_all(self, services: list[Service], on_progress: Progress) -> None:
        """Starts all that can be started: a server that fails keeps back only those that need it."""
        by_name = {service.name: service for service in services}
        self._give_up.clear()
        for service in services:
            self._require_ports(service)
            on_progress(service.name, "waiting")
        order = start_order(services)
        running: dict[Future[None], str] = {}
        problems: dict[str, PlatformError] = {}
        with ThreadPoolExecutor(max_workers=len(services)) as pool, self._given_up_where_it_breaks():
            while order.is_active():
                for name in order.get_ready():
                    running[pool.submit(self._start, by_name[name], on_progress)] = name
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    name = running.pop(future)
                    try:
                        future.result()
                    except PlatformError as problem:
                        problems[name] = problem
                        on_progress(name, "failed")
                    else:
                        order.done(name)
        if problems:
            raise _together(problems)

    @contextmanager
    def _given_up_where_it_breaks(self) -> Iterator[None]:
        """Ends the waiting of all threads where this one is interrupted."""
        try:
            yield
        except BaseException:
            self._give_up.set()
            raise

    def _require_ports(self, service: Service) -> None:
        if not self.pid(service.name):
            ports.require_free(service.name, service.places(self.config))

    def _start(self, service: Service, on_progress: Progress) -> None:
        on_progress(service.name, "starting")
        # Also where it runs: one that dies again and again needs the present configuration most.
        service.prepare(self.config)
        self._require_ports(service)
        self._supervisor.start(service.name)
        try:
            say = partial(on_progress, service.name)
            wait_ready(service, self.config, self._supervisor, self._give_up, say)
        except PlatformError:
            self._supervisor.stop(service.name)
            raise
        service.finish(self.config)
        on_progress(service.name, "ready")

    def _stop_all(self, services: list[Service], on_progress: Progress) -> None:
        def stop(service: Service) -> None:
            on_progress(service.name, "stopping")
            self._supervisor.stop(service.name)
            on_progress(service.name, "stopped")

        with ThreadPoolExecutor(max_workers=len(services)) as pool:
            list(pool.map(stop, services))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One start at a time: two would format the same storage. What it writes is for this user only."""
        before = os.umask(0o077)
        try:
            with (self.config.var / "up.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        finally:
            os.umask(before)


def _together(problems: dict[str, PlatformError]) -> PlatformError:
    """One error that says all."""
    if len(problems) == 1:
        return next(iter(problems.values()))
    log = [line for name, problem in problems.items() for line in (f"{name}:", *problem.log)]
    found, steps = zip(*((problem.found, problem.next_step) for problem in problems.values()), strict=True)
    return PlatformError(" ".join(found), " ".join(steps), log)


def _waves(services: list[Service]) -> list[list[Service]]:
    """Services grouped so that each group depends on earlier groups only."""
    by_name = {service.name: service for service in services}
    order = start_order(services)
    waves = []
    while order.is_active():
        names = order.get_ready()
        waves.append([by_name[name] for name in names])
        order.done(*names)
    return waves


def _wait_until(done: Callable[[], bool], timeout_s: float) -> None:
    """Wait for a condition, at most `timeout_s`."""
    Retrying(
        retry=lambda state: not (state.outcome and state.outcome.result()),
        stop=stop_after_delay(timeout_s),
        wait=wait_fixed(0.1),
        retry_error_callback=lambda _: False,
    )(done)


def _require_disk(config: Settings) -> None:
    free_gb = shutil.disk_usage(config.var).free / 1e9
    if free_gb < LEAST_FREE_GB:
        raise PlatformError(
            f"{config.var} needs {LEAST_FREE_GB} GB of free disk, but only {free_gb:.1f} GB are left.",
            "Free some space, or set ACUDE_VAR to a directory on another disk.",
        )
