"""The tests' own containers, as processes, know what the compose file says and nothing of the machine's servers."""

from pathlib import Path

import pytest

from tests.integration.docker.containers import ADDRESS, Containers


def test_clients_of_the_containers_find_them_also_where_this_processs_servers_have_other_ports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # As tests.servers moves those of pytest-xdist's workers.
    monkeypatch.setenv("ACUDE_POSTGRES_PORT", "7439")
    monkeypatch.setenv("ACUDE_VAR", "/nowhere")
    found = Containers(tmp_path).settings("init")
    assert (found.here, found.postgres_port, found.var) == (ADDRESS, 5432, tmp_path / "init")
