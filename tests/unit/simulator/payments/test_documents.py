import random
from datetime import UTC, datetime

import pytest
from stdnum.br import cnpj, cpf

from acude.simulator.payments import documents
from acude.simulator.payments.people import People

AFTER = datetime(2026, 11, 20, tzinfo=UTC)
BEFORE = datetime(2026, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("base", [1, 100, 390533447, 231002999, 999999998])
def test_a_cpf_has_the_check_digits_that_stdnum_expects(base: int) -> None:
    assert cpf.is_valid(documents.cpf(base))


def test_a_cpf_of_any_nine_digits_is_valid() -> None:
    rng = random.Random(7)  # noqa: S311
    assert all(cpf.is_valid(documents.cpf(rng.randrange(1, 10**9))) for _ in range(2_000))


@pytest.mark.parametrize("letters", [False, True])
def test_a_cnpj_is_valid_with_letters_and_without(letters: bool) -> None:
    rng = random.Random(7)  # noqa: S311
    for _ in range(300):
        document = documents.cnpj(rng, letters=letters)
        assert cnpj.is_valid(document)
        assert document.isdigit() is not letters


def test_every_payer_has_a_valid_document_and_a_few_in_a_hundred_are_companies() -> None:
    payers = People(7, AFTER, 5_000).payers
    found = [str(payer.account["documento_pagador"]) for payer in payers]
    companies = [document for document in found if len(document) == 14]
    assert all(cnpj.is_valid(document) if len(document) == 14 else cpf.is_valid(document) for document in found)
    assert len(set(found)) == len(found)
    assert 0.02 < len(companies) / len(found) < 0.06
    assert 0 < sum(not document.isdigit() for document in companies) < len(companies) / 2


def test_no_cnpj_has_letters_before_july_2026() -> None:
    payers = People(7, BEFORE, 2_000).payers
    assert all(str(payer.account["documento_pagador"]).isdigit() for payer in payers)
    assert any(payer.company for payer in payers)


def test_a_company_whose_cnpj_has_letters_opened_its_account_since_july_2026() -> None:
    for payer in People(7, AFTER, 5_000).payers:
        if not str(payer.account["documento_pagador"]).isdigit():
            assert documents.LETTERS_SINCE <= payer.account["conta_criada_em"] < AFTER
