import json
import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from stdnum.br import cnpj, cpf

from acude.contracts.decoder import Decoder
from acude.contracts.model import table
from acude.simulator.payments import TOPIC, Labelled, payments

START = datetime(2026, 11, 19, 12, tzinfo=UTC)
TIMES = ("timestamp", "conta_criada_em", "credencial_alterada_em")
DIGITS = re.compile(r"\d(?:[ -]?\d){12}")


@pytest.fixture(scope="module")
def sent() -> list[Labelled]:
    return list(payments(7, START, timedelta(days=1), 0.15, fraud_share=0.1, payers=3_000))


def test_the_contracts_decoder_takes_every_payment_as_it_was_made(sent: list[Labelled]) -> None:
    contract = table(f"topics.{TOPIC}")
    taken_at = pa.array([START + timedelta(days=1)] * len(sent), pa.timestamp("us", "UTC"))
    decoded = Decoder(contract).decode(pa.array([one.value for one in sent], pa.binary()), taken_at)
    assert decoded.refusals == {}
    made = [{name: getattr(one.payment, name) for name in contract.column_names} for one in sent]
    assert decoded.fields.to_pylist() == made


def test_absent_fields_are_left_out_and_the_rest_is_compact_in_the_contracts_order(sent: list[Labelled]) -> None:
    order = table(f"topics.{TOPIC}").column_names
    for one in sent:
        names = list(json.loads(one.value))
        assert names == [name for name in order if getattr(one.payment, name) is not None]
        assert b": " not in one.value
        assert b'", "' not in one.value


def test_an_amount_is_a_number_with_two_decimals(sent: list[Labelled]) -> None:
    assert all(re.search(rb'"valor":\d+\.\d\d,', one.value) for one in sent)


def test_times_are_utc_with_z_and_microseconds(sent: list[Labelled]) -> None:
    for one in sent:
        found = json.loads(one.value)
        for name in TIMES:
            assert name not in found or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found[name])


def test_the_key_is_the_payer(sent: list[Labelled]) -> None:
    assert all(one.key.decode() == one.payment.id_pagador for one in sent)


def test_no_digits_could_be_a_card_number_but_a_companys_document(sent: list[Labelled]) -> None:
    for one in sent:
        assert not DIGITS.search(re.sub(r'"documento_pagador":"[^"]*"', "", one.value.decode()))


def test_every_document_is_valid(sent: list[Labelled]) -> None:
    for document in {one.payment.documento_pagador for one in sent}:
        assert cnpj.is_valid(document) if len(document) == 14 else cpf.is_valid(document)


def test_a_payment_is_far_smaller_than_the_contracts_limit(sent: list[Labelled]) -> None:
    assert max(len(one.value) for one in sent) < table(f"topics.{TOPIC}").max_bytes / 8
