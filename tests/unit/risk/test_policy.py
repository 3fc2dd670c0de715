"""The policy file: what is refused and where it says so, and what the product's own one does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from acude.risk.decision import MODEL_PREFIX, Decision, Opinion, Reason, Verdict, decide
from acude.risk.lists import Listed
from acude.risk.policy import DEFAULT, PolicyError, read
from acude.risk.signals import all_signals
from tests.unit.risk.pasts import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    PIX,
    REFUND,
    RIO,
    Fields,
    Row,
    each,
    every,
    past_of,
)

GOOD: Final = """
versao: "1"
cortes: {revisar: 0.5, negar: 0.9}
modelo: 0.25
sinais:
  valor_alto: {peso: 0.1, valor_brl: 5000}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_is_read_from_its_file(tmp_path: Path) -> None:
    policy = read(written(tmp_path, GOOD))
    assert (policy.versao, policy.cortes.revisar, policy.cortes.negar, policy.modelo) == ("1", 0.5, 0.9, 0.25)
    ((signal, weight, thresholds),) = policy.rules
    assert (signal.name, weight, thresholds) == ("valor_alto", 0.1, {"valor_brl": 5000})


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        pytest.param("valor_alto", "valor_altissimo", "sinais.valor_altissimo: no such signal", id="unknown signal"),
        pytest.param(
            ", valor_brl: 5000", "", "sinais.valor_alto: expected peso, valor_brl; found peso", id="no threshold"
        ),
        pytest.param("peso: 0.1, ", "", "sinais.valor_alto: expected peso, valor_brl; found valor_brl", id="no weight"),
        pytest.param("valor_brl", "valor_usd", "found peso, valor_usd", id="unknown threshold"),
        pytest.param("5000}", "5000, horas: 1}", "found peso, valor_brl, horas", id="one threshold too many"),
        pytest.param("5000", "muito", "sinais.valor_alto.valor_brl", id="threshold that is no number"),
        pytest.param("0.1", "1.01", "sinais.valor_alto.peso: expected 0 to 1; found 1.01", id="weight above 1"),
        pytest.param("0.1", "-0.1", "sinais.valor_alto.peso", id="weight below 0"),
        pytest.param("0.1", ".nan", "sinais.valor_alto.peso", id="weight that is no number"),
        pytest.param("5000", ".inf", "sinais.valor_alto.valor_brl", id="endless threshold"),
        pytest.param("5000", "-1", "sinais.valor_alto.valor_brl", id="threshold below 0"),
        pytest.param("5000", '"7"', "sinais.valor_alto.valor_brl", id="threshold as text"),
        pytest.param("5000", "yes", "sinais.valor_alto.valor_brl", id="threshold as a truth"),
        pytest.param(
            "  valor_alto:", "  valor_alto: {}\n  valor_alto:", "valor_alto stands twice", id="a signal twice"
        ),
        pytest.param(
            "revisar: 0.5", "revisar: 0.95", "revisar (0.95) must not be above negar (0.9)", id="cut-offs crossed"
        ),
        pytest.param("negar: 0.9", "negar: 1.5", "cortes.negar", id="cut-off above 1"),
        pytest.param(", negar: 0.9", "", "cortes.negar", id="no cut-off"),
        pytest.param("negar: 0.9", "negar: 0.9, avisar: 0.3", "cortes.avisar", id="unknown cut-off"),
        pytest.param("modelo: 0.25", "modelo: 2", "modelo", id="model's weight above 1"),
        pytest.param('versao: "1"', 'versao: ""', "versao", id="empty version"),
        pytest.param('versao: "1"', "", "versao", id="no version"),
        pytest.param('versao: "1"', 'versao: "1"\nautor: ana', "autor", id="unknown key"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_file_and_place(tmp_path: Path, good: str, bad: str, said: str) -> None:
    path = written(tmp_path, GOOD.replace(good, bad))
    with pytest.raises(PolicyError) as refusal:
        read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert said in str(refusal.value)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "versao: [1", "sinais: {a: b: c}", "só texto"])
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        read(written(tmp_path, text))


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="line 7"):
        read(written(tmp_path, GOOD + "  : ["))


def test_a_count_is_whole(tmp_path: Path) -> None:
    text = GOOD + "  muitos_estornos: {peso: 0.1, estornos: 2.5}\n"
    with pytest.raises(PolicyError, match=r"sinais\.muitos_estornos\.estornos: expected a whole number; found 2\.5"):
        read(written(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"versao: \xff")
    with pytest.raises(PolicyError, match="utf-8"):
        read(path)


def test_a_missing_file_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"nenhum\.yaml"):
        read(tmp_path / "nenhum.yaml")


def test_a_signal_of_no_weight_is_no_rule(tmp_path: Path) -> None:
    assert read(written(tmp_path, GOOD.replace("0.1", "0"))).rules == ()


def test_every_signal_is_in_the_products_policy() -> None:
    assert set(read().sinais) == set(all_signals())


def test_the_products_policy_names_each_signal_once() -> None:
    (sinais,) = [value for key, value in nodes(yaml.compose(DEFAULT.read_text(encoding="utf-8"))) if key == "sinais"]
    names = [key for key, _ in nodes(sinais)]
    assert len(names) == len(set(names))


def nodes(mapping: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    return [(key.value, value) for key, value in mapping.value]


@pytest.mark.parametrize("name", all_signals())
def test_a_signal_has_a_sentence_for_a_person_and_a_threshold_where_it_is_a_rule(name: str) -> None:
    signal = all_signals()[name]
    assert signal.meaning.endswith(".")
    assert bool(signal.thresholds) is not name.startswith("na_lista_de_")
    assert set(signal.thresholds.values()) <= {int, float}
    assert signal.code.isascii()
    assert signal.code.isupper()
    assert not signal.code.startswith(MODEL_PREFIX), "the prefix is the model's"


def test_no_signal_of_the_products_policy_refuses_alone() -> None:
    policy = read()
    assert max(weight for _, weight, _ in policy.rules) < policy.cortes.negar


@pytest.mark.parametrize(
    ("probability", "verdict"), [(0.6, Verdict.APPROVE), (0.63, Verdict.REVIEW), (1.0, Verdict.REVIEW)]
)
def test_a_model_asks_for_a_review_and_does_not_refuse_alone(probability: float, verdict: Verdict) -> None:
    assert decide(past_of(), read(), Opinion("m", probability)).verdict is verdict


def test_a_model_refuses_together_with_a_signal() -> None:
    earlier = every(MINUTE, 3, valor="1.00")
    alone = decide(past_of(*earlier, valor="1.00"), read())
    both = decide(past_of(*earlier, valor="1.00"), read(), Opinion("m", 0.9, (Reason("MODELO_VALOR", 0.5),)))
    assert (alone.verdict, both.verdict) == (Verdict.REVIEW, Verdict.REFUSE)
    assert Reason("MODELO_VALOR", 0.4) in both.reasons
    assert {reason.code for reason in both.reasons} > {reason.code for reason in alone.reasons}


def test_the_products_policy_refuses_whom_the_block_list_has_and_clears_whom_the_allow_list_has() -> None:
    policy = read()
    assert [(signal.name, weight) for signal, weight in policy.lists] == [
        ("na_lista_de_bloqueio", 1),
        ("na_lista_de_permissao", -1),
    ]
    thief: Fields = {"valor": "1.00", "listed": Listed(permissao=True)}
    cards = [f"tok_{number}" for number in range(5)]
    trials = [(seconds, card | {"valor": "1.00"}) for seconds, card in each(MINUTE, "token_cartao", cards)]
    assert decided(*trials, **thief).verdict is Verdict.APPROVE
    assert decided(*trials, **thief | {"listed": Listed(bloqueio=True, permissao=True)}).verdict is Verdict.REFUSE
    assert decided(listed=Listed(bloqueio=True)).reasons == (Reason("NA_LISTA_DE_BLOQUEIO", 1),)


def decided(*earlier: Row, **now: Any) -> Decision:  # noqa: ANN401
    return decide(past_of(*earlier, **now), read())


def codes(decision: Decision) -> set[str]:
    return {reason.code for reason in decision.reasons}


WEEKLY: Final = every(7 * DAY, 4)


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        pytest.param(WEEKLY, {}, id="as every week"),
        pytest.param([], {}, id="the first purchase"),
        pytest.param(WEEKLY, {"valor": 80, **PIX}, id="Pix after cards"),
        pytest.param(WEEKLY, {**RIO, "valor": 150}, id="on holiday"),
        pytest.param(WEEKLY, REFUND, id="a refund of a purchase"),
        pytest.param(every(2 * MINUTE, 3), {"valor": "30.00"}, id="a forgotten item, ordered again"),
    ],
)
def test_an_ordinary_payment_shows_no_signal(earlier: list[Row], now: Fields) -> None:
    assert decided(*earlier, **now).reasons == ()


def test_a_refrigerator_in_12_instalments_as_the_first_purchase_is_approved() -> None:
    decision = decided(valor="5499.00", parcelas=12)
    assert codes(decision) == {"VALOR_ALTO", "PRIMEIRA_COMPRA_ALTA", "PARCELAS_MAXIMAS_PRIMEIRA_COMPRA"}
    assert decision.verdict is Verdict.APPROVE


def test_a_stolen_card_that_is_tried_out_is_reviewed_at_the_fourth_trial() -> None:
    trials = every(MINUTE, 3, valor="1.00")
    assert decided(*trials[:2], valor="1.00").verdict is Verdict.APPROVE
    assert decided(*trials, valor="1.00").verdict is Verdict.REVIEW


def test_a_device_that_tries_out_cards_is_refused() -> None:
    cards = [f"tok_{number}" for number in range(5)]
    trials = [(seconds, card | {"valor": "1.00"}) for seconds, card in each(MINUTE, "token_cartao", cards)]
    decision = decided(*trials, valor="1.00")
    assert codes(decision) >= {"VALORES_PEQUENOS_NO_DISPOSITIVO", "MUITOS_CARTOES_NO_DISPOSITIVO"}
    assert decision.verdict is Verdict.REFUSE


def test_an_account_that_was_taken_over_and_emptied_by_night_is_refused() -> None:
    night = datetime(2026, 11, 23, 4, tzinfo=UTC)
    decision = decided(
        *WEEKLY,
        **PIX,
        timestamp=night,
        credencial_alterada_em=night - timedelta(hours=1),
        id_dispositivo="tablet",
        id_recebedor="laranja",
        valor=4900,
    )
    assert codes(decision) >= {"DISPOSITIVO_NOVO_APOS_TROCA_DE_CREDENCIAL", "PIX_NOTURNO_ALTO", "CREDENCIAL_ALTERADA"}
    assert decision.verdict is Verdict.REFUSE


def test_a_new_telephone_after_a_new_password_is_reviewed_and_not_refused() -> None:
    decision = decided(*WEEKLY, credencial_alterada_em=NOON - timedelta(hours=1), id_dispositivo="telefone novo")
    assert decision.verdict is Verdict.REVIEW


def test_a_card_in_rio_20_minutes_after_sao_paulo_is_refused_where_the_payer_is_the_same() -> None:
    assert decided((20 * MINUTE, {}), **RIO).verdict is Verdict.REFUSE
    assert decided((20 * MINUTE, {"id_pagador": "bia"}), **RIO).verdict is Verdict.REVIEW


def test_a_mule_account_is_reviewed() -> None:
    payers = [f"pagador {number}" for number in range(9)]
    burst = [(seconds, {**PIX, "valor": 1500, **row}) for seconds, row in each(MINUTE, "id_pagador", payers)]
    others = {"id_dispositivo": "outro", "ip": "2001:db8::1", "id_terminal": None}
    decision = decided(*[(seconds, row | others) for seconds, row in burst], **PIX, valor=1500)
    assert codes(decision) == {"RECEBEDOR_COM_MUITOS_PAGADORES", "RECEBEDOR_RECEM_MOVIMENTADO"}
    assert decision.verdict is Verdict.REVIEW


def test_without_the_store_only_what_the_payment_itself_says_counts() -> None:
    all_at_once = {"valor": 9000, "parcelas": 24, "entrada": "digitada", "id_dispositivo": "tablet", **RIO}
    decision = decided(*every(1, 50), *every(HOUR, 50), **all_at_once, complete=False)
    assert codes(decision) == {"VALOR_ALTO", "VALOR_REDONDO_ALTO", "CARTAO_DIGITADO_ALTO"}
    assert codes(decided(**REFUND, valor=9000, complete=False)) == set()
