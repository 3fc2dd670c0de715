"""The decision: how weights join, what the lists overrule, and what the answer carries."""

from collections.abc import Mapping
from itertools import permutations
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acude.risk.decision import NO_MODEL, Opinion, Reason, Verdict, decide, undecided
from acude.risk.lists import Listed
from acude.risk.policy import Policy
from tests.unit.risk.pasts import past_of

PAST: Final = past_of(valor=100, entrada="digitada")
"""A payment that shows the three signals below."""

BLOCKED: Final = Reason("LISTA_BLOQUEIO", 1)
ALLOWED: Final = Reason("LISTA_PERMISSAO", -1)

ALL_SIGNALS: Final = {"valor_alto": 0.3, "valor_redondo_alto": 0.1, "cartao_digitado_alto": 0.5}

_NONE: Final[Mapping[str, float]] = {}


def policy(weights: Mapping[str, float] = _NONE, model: float = 0.0) -> Policy:
    """Review from 0.5, refusal from 0.85; each signal fires from 100 reais on."""
    return Policy.model_validate(
        {
            "versao": "teste",
            "cortes": {"revisar": 0.5, "negar": 0.85},
            "modelo": model,
            "sinais": {name: {"peso": weight, "valor_brl": 100} for name, weight in weights.items()},
        }
    )


def test_a_payment_without_signals_is_approved() -> None:
    decision = decide(past_of(valor="99.99"), policy(ALL_SIGNALS))
    assert (decision.verdict, decision.score, decision.reasons) == (Verdict.APPROVE, 0, ())


def test_the_score_of_one_signal_is_its_weight() -> None:
    decision = decide(PAST, policy({"valor_alto": 0.3}))
    assert decision.score == pytest.approx(0.3)
    assert decision.reasons == (Reason("VALOR_ALTO", 0.3),)


def test_scores_join_as_the_chance_that_not_all_are_wrong() -> None:
    assert decide(PAST, policy(ALL_SIGNALS)).score == pytest.approx(1 - 0.7 * 0.9 * 0.5)


def test_the_heaviest_reason_comes_first_and_equal_ones_by_code() -> None:
    weights = {"valor_redondo_alto": 0.3, "cartao_digitado_alto": 0.3, "valor_alto": 0.4}
    decision = decide(PAST, policy(weights), listed=[Reason("B", 0.4), Reason("A", 0.1)])
    assert [reason.code for reason in decision.reasons] == [
        "B",
        "VALOR_ALTO",
        "CARTAO_DIGITADO_ALTO",
        "VALOR_REDONDO_ALTO",
        "A",
    ]


def test_a_signal_without_weight_is_no_reason() -> None:
    assert decide(PAST, policy({"valor_alto": 0})).reasons == ()


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_a_score_grows_with_each_reason_and_never_passes_1(weights: list[float]) -> None:
    scores = [
        decide(PAST, policy(), listed=[Reason("EXTERNO", weight) for weight in weights[:count]]).score
        for count in range(len(weights) + 1)
    ]
    assert scores == sorted(scores)
    assert scores[-1] <= 1
    assert scores[-1] >= max(weights) - 1e-9


def test_the_order_of_reasons_does_not_change_the_score() -> None:
    reasons = [Reason("A", 0.2), Reason("B", 0.35), Reason("C", 0.6)]
    scores = {round(decide(PAST, policy(), listed=listed).score, 12) for listed in permutations(reasons)}
    assert len(scores) == 1


@pytest.mark.parametrize(
    ("weight", "verdict"),
    [
        (0.4999, Verdict.APPROVE),
        (0.5, Verdict.REVIEW),
        (0.8499, Verdict.REVIEW),
        (0.85, Verdict.REFUSE),
        (1.0, Verdict.REFUSE),
    ],
)
def test_a_cut_off_belongs_to_what_it_begins(weight: float, verdict: Verdict) -> None:
    assert decide(PAST, policy({"valor_alto": weight})).verdict is verdict


def test_a_weight_of_1_in_a_list_refuses() -> None:
    decision = decide(PAST, policy(), listed=[BLOCKED])
    assert (decision.verdict, decision.score, decision.reasons) == (Verdict.REFUSE, 1, (BLOCKED,))


def test_an_external_check_joins_like_a_signal() -> None:
    decision = decide(PAST, policy({"valor_alto": 0.3}), listed=[Reason("EXTERNO", 0.5)])
    assert decision.score == pytest.approx(0.65)
    assert decision.verdict is Verdict.REVIEW


def test_the_allow_list_approves_and_hides_nothing() -> None:
    decision = decide(PAST, policy({"valor_alto": 0.9}), listed=[ALLOWED])
    assert decision.verdict is Verdict.APPROVE
    assert decision.score == pytest.approx(0.9)
    assert decision.reasons == (ALLOWED, Reason("VALOR_ALTO", 0.9))


@pytest.mark.parametrize("listed", [(BLOCKED, ALLOWED), (ALLOWED, BLOCKED)])
def test_the_block_list_overrules_the_allow_list(listed: tuple[Reason, ...]) -> None:
    decision = decide(PAST, policy(), listed=listed)
    assert decision.verdict is Verdict.REFUSE
    assert BLOCKED in decision.reasons


@pytest.mark.parametrize(("share", "verdict"), [(0.2, Verdict.REVIEW), (0.5, Verdict.APPROVE), (1, Verdict.APPROVE)])
def test_an_allow_list_of_less_weight_takes_that_share_from_rules_and_model(share: float, verdict: Verdict) -> None:
    # 0.92 of 1 from the rule and the model together.
    opinion = Opinion("7", 0.2)
    decision = decide(PAST, policy({"valor_alto": 0.9}, model=1), opinion, listed=[Reason("LISTA_PERMISSAO", -share)])
    assert decision.verdict is verdict
    assert decision.score == pytest.approx(0.92)


def test_an_allow_list_takes_nothing_from_an_external_check() -> None:
    decision = decide(PAST, policy({"valor_alto": 0.9}), listed=[ALLOWED, Reason("EXTERNO", 0.5)])
    assert decision.verdict is Verdict.REVIEW


def with_lists(**weights: float) -> Policy:
    named = {f"na_lista_de_{name}": {"peso": weight} for name, weight in weights.items()}
    return policy().model_copy(update={"sinais": named})


@pytest.mark.parametrize(
    ("weights", "listed", "verdict", "codes"),
    [
        ({"bloqueio": 1}, Listed(bloqueio=True), Verdict.REFUSE, ["NA_LISTA_DE_BLOQUEIO"]),
        ({"bloqueio": 0.6}, Listed(bloqueio=True), Verdict.REVIEW, ["NA_LISTA_DE_BLOQUEIO"]),
        ({"bloqueio": 0}, Listed(bloqueio=True), Verdict.APPROVE, []),
        ({}, Listed(bloqueio=True), Verdict.APPROVE, []),
        ({"bloqueio": 1}, Listed(permissao=True), Verdict.APPROVE, []),
        ({"permissao": 1}, Listed(permissao=True), Verdict.APPROVE, ["NA_LISTA_DE_PERMISSAO"]),
        (
            {"bloqueio": 0.9, "permissao": 1},
            Listed(bloqueio=True, permissao=True),
            Verdict.REFUSE,
            ["NA_LISTA_DE_PERMISSAO", "NA_LISTA_DE_BLOQUEIO"],
        ),
    ],
)
def test_the_lists_weigh_what_the_policy_says(
    weights: dict[str, float], listed: Listed, verdict: Verdict, codes: list[str]
) -> None:
    decision = decide(past_of(listed=listed), with_lists(**weights))
    assert (decision.verdict, [reason.code for reason in decision.reasons]) == (verdict, codes)


@pytest.mark.parametrize(
    ("listed", "external", "verdict"),
    [
        (Listed(), [], Verdict.REVIEW),
        (Listed(permissao=True), [], Verdict.REVIEW),
        (Listed(bloqueio=True), [], Verdict.REFUSE),
        (Listed(), [Reason("EXTERNO", 1)], Verdict.REFUSE),
    ],
)
def test_where_deciding_fails_a_person_looks_unless_a_list_refuses(
    listed: Listed, external: list[Reason], verdict: Verdict
) -> None:
    decision = undecided(past_of(listed=listed), with_lists(bloqueio=1, permissao=1), external, ["defeito"])
    assert (decision.verdict, decision.degraded) == (verdict, ("defeito",))
    assert bool(decision.reasons) is (verdict is Verdict.REFUSE)


def test_the_models_probability_joins_with_its_weight() -> None:
    decision = decide(PAST, policy({"valor_alto": 0.3}, model=0.5), Opinion("7", 0.8))
    assert decision.score == pytest.approx(1 - 0.7 * (1 - 0.5 * 0.8))
    assert decision.model_version == "7"


def test_the_models_reasons_explain_and_are_not_counted_again() -> None:
    opinion = Opinion("7", 0.8, (Reason("MODELO_VALOR", 0.6), Reason("MODELO_HORA", 0.2)))
    decision = decide(PAST, policy({"valor_alto": 0.2}, model=0.5), opinion)
    assert decision.score == pytest.approx(1 - 0.8 * (1 - 0.5 * 0.8))
    assert [reason.code for reason in decision.reasons] == ["MODELO_VALOR", "VALOR_ALTO", "MODELO_HORA"]
    assert [reason.weight for reason in decision.reasons] == pytest.approx([0.3, 0.2, 0.1])


def test_a_model_without_weight_is_named_and_decides_nothing() -> None:
    decision = decide(PAST, policy(), Opinion("7", 1.0, (Reason("MODELO_VALOR", 1.0),)))
    assert (decision.score, decision.reasons, decision.model_version) == (0, (), "7")


def test_an_answer_says_what_it_was_made_with() -> None:
    decision = decide(PAST, policy(), degraded=["HISTORICO", "LISTAS"])
    assert decision.rules_version == "teste"
    assert decision.model_version == NO_MODEL
    assert decision.degraded == ("HISTORICO", "LISTAS")
