"""A payment's topic and group follow from its way of paying and one setting."""

import pytest

from acude.contracts.model import silver_of, table
from acude.errors import AcudeError
from acude.local.services import all_services
from acude.payments.routes import group_of, own_topics, payment_topics, topic_for
from acude.settings import Settings

CONFIG = Settings(risk_own_topics=("boleto", "pix"))


def test_a_way_that_the_setting_names_has_topic_and_group_of_its_own_and_others_share() -> None:
    assert [topic_for(CONFIG, way) for way in ("pix", "credito")] == ["transacoes_pix", "transacoes"]
    assert [group_of(way) for way in ("pix", None)] == ["risco-pix", "risco"]
    assert own_topics(CONFIG) == ["transacoes_pix", "transacoes_boleto"]
    assert own_topics(Settings()) == []


def test_a_way_that_there_is_not_is_refused_in_a_sentence() -> None:
    with pytest.raises(AcudeError, match="pox, which is no way of paying"):
        own_topics(Settings(risk_own_topics=("pox", "pix")))


def test_every_topic_that_the_setting_could_name_is_the_contracts() -> None:
    ways = Settings(risk_own_topics=("pix", "credito", "debito", "boleto", "carteira"))
    assert payment_topics() == ("transacoes", *own_topics(ways))


def test_rows_of_several_topics_say_theirs_and_rows_of_one_do_not() -> None:
    assert silver_of(table("topics.transacoes")).keys == ["particao", "deslocamento", "topico"]
    assert "topico" not in silver_of(table("topics.eventos_clientes")).column_names


def test_the_platform_has_a_worker_for_each_of_them_at_a_port_of_its_own() -> None:
    found = {one.name: one for one in all_services(CONFIG) if one.name.startswith("risk-worker")}
    assert found.keys() == {"risk-worker", "risk-worker-pix", "risk-worker-boleto"}
    assert found["risk-worker-pix"].command[-2:] == ["--way", "pix"]
    ports = [port for one in found.values() for port, _ in one.ports]
    assert len(set(ports)) == len(ports)
