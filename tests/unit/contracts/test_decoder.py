"""Each way in which a payload can miss its contract is refused with its own reason."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from acude.contracts.decoder import Decoded, Decoder
from acude.contracts.fields import Refused
from acude.contracts.model import table

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAMPLE = b'{"id_usuario": "u123", "tipo_evento": "clique", "id_produto": "p456", "timestamp": "2025-05-14T19:16:00"}'


TAKEN_AT = datetime(2026, 11, 28, 10, tzinfo=UTC)


def decode(*payloads: bytes | None) -> Decoded:
    taken_at = pa.array([NOW] * len(payloads), pa.timestamp("us", "UTC"))
    return Decoder(table("topics.eventos_clientes")).decode(pa.array(payloads, pa.binary()), taken_at)


def event(**fields: str) -> bytes:
    """The sample event, with fields replaced or added; each value is JSON text, an empty one leaves the field out."""
    base = {"id_usuario": '"u1"', "tipo_evento": '"compra"', "timestamp": '"2026-11-22T10:00:00"'} | fields
    return ("{" + ",".join(f'"{name}":{value}' for name, value in base.items() if value) + "}").encode()


def test_the_sample_event_is_valid_byte_for_byte() -> None:
    decoded = decode(SAMPLE)
    assert decoded.refusals == {}
    row = decoded.fields[0].as_py()
    assert row["timestamp"] == datetime(2025, 5, 14, 19, 16, tzinfo=UTC)
    assert (row["id_usuario"], row["tipo_evento"], row["id_produto"]) == ("u123", "clique", "p456")
    assert row["id_evento"] is None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "vazio"),
        (b"", "vazio"),
        (b"x" * 1_000_000, "grande_demais"),
        (b"{", "json_invalido"),
        (b"compra", "json_invalido"),
        (SAMPLE + b" {}", "json_invalido"),
        (b"\xef\xbb\xbf" + SAMPLE, "json_invalido"),
        (event(preco="1."), "json_invalido"),
        (event(preco=".5"), "json_invalido"),
        (event(preco="-Infinity"), "json_invalido"),
        (event(id_usuario='"u\\ud83d"'), "json_invalido"),
        (SAMPLE.replace(b"u123", b"u\xed\xa0\xbd"), "utf8_invalido"),
        (event(Moeda='"BRL"'), "campo_desconhecido"),
        (event(cor="[" * 2_000 + "]" * 2_000), "campo_desconhecido"),
        (event(quantidade="-0"), "valor_invalido"),
        (event(quantidade="9" * 400), "valor_invalido"),
        (event(timestamp='"1795863600"'), "valor_invalido"),
        (event(timestamp='"2016-12-31T23:59:60Z"'), "valor_invalido"),
        (event(timestamp='"2026-11-21T24:00:00Z"'), "valor_invalido"),
        (SAMPLE.replace(b"u123", b"u\xff"), "utf8_invalido"),
        (b"[1]", "tipo_errado"),
        (b"null", "tipo_errado"),
        (event(id_usuario="1"), "tipo_errado"),
        (event(id_usuario="null"), "tipo_errado"),
        (event(quantidade="1.0"), "tipo_errado"),
        (event(quantidade='"1"'), "tipo_errado"),
        (event(quantidade="true"), "tipo_errado"),
        (event(preco='"1.10"'), "tipo_errado"),
        (event(preco="true"), "tipo_errado"),
        (event(preco="{}"), "tipo_errado"),
        (event(timestamp="1747250160"), "tipo_errado"),
        (event(id_usuario=""), "campo_ausente"),
        (event(timestamp=""), "campo_ausente"),
        (event(cor='"azul"'), "campo_desconhecido"),
        (event(id_usuario='"u1","id_usuario":"u1"'), "campo_repetido"),
        (event(id_usuario='"u1","id\\u005fusuario":"u2"'), "campo_repetido"),
        # Of these the first is what only a slow second reading sees.
        (event(preco="1" * 5_000 + ',"preco":1'), "campo_repetido"),
        (event(preco='"?","preco":1').replace(b"?", b"\xff"), "utf8_invalido"),
        (event(id_usuario='""'), "valor_invalido"),
        (event(id_usuario='"' + "u" * 65 + '"'), "valor_invalido"),
        (event(tipo_evento='"Compra"'), "valor_invalido"),
        (event(quantidade="0"), "valor_invalido"),
        (event(quantidade="2147483648"), "valor_invalido"),
        (event(preco="-3.10"), "valor_invalido"),
        (event(preco="1.00001"), "valor_invalido"),
        (event(preco="1e15"), "valor_invalido"),
        (event(preco="1e999999999"), "valor_invalido"),
        (event(preco="0e999999999"), "valor_invalido"),
        (event(preco="0E-100000000"), "valor_invalido"),
        (event(preco="0e" + "9" * 5_000), "valor_invalido"),
        (event(preco="1" * 60_000), "valor_invalido"),
        # More digits than Decimal's default precision: rounded they would fit.
        (event(preco="1." + "0" * 40 + "1"), "valor_invalido"),
        (event(preco='"?"').replace(b"?", b"\xff"), "utf8_invalido"),
        (event(preco="[" * 3_000 + "]" * 3_000), "json_invalido"),
        (event(preco="[" * 300 + "]" * 300), "tipo_errado"),
        (event(moeda='"REAL"'), "valor_invalido"),
        (event(timestamp='"2026-11-22"'), "valor_invalido"),
        (event(timestamp='"22/11/2026 10:00"'), "valor_invalido"),
        (event(timestamp='"2026-02-30T10:00:00"'), "valor_invalido"),
        (event(timestamp='"1999-12-31T23:59:59"'), "tempo_absurdo"),
        (event(timestamp='"2026-11-23T12:00:01"'), "tempo_absurdo"),
        (event(timestamp='"9999-12-31T23:59:59.999999Z"'), "tempo_absurdo"),
        (event(timestamp='"0001-01-01T00:00:00+14:00"'), "tempo_absurdo"),
        (event(timestamp='"9999-12-31T23:59:59-14:00"'), "tempo_absurdo"),
    ],
)
def test_what_misses_the_contract_is_refused_with_its_reason(payload: bytes | None, reason: str) -> None:
    decoded = decode(payload)
    assert decoded.refusals[0].reason == reason
    assert (decoded.fields[0].as_py(), decoded.day[0].as_py(), decoded.late[0].as_py()) == (None, None, None)
    with pytest.raises(Refused) as caught:
        Decoder(table("topics.eventos_clientes")).one(payload, NOW)
    assert caught.value.refusal == decoded.refusals[0]


def test_a_refused_payload_leaves_its_neighbours_alone() -> None:
    decoded = decode(SAMPLE, b"{", SAMPLE)
    assert set(decoded.refusals) == {1}
    assert [row and row["id_usuario"] for row in decoded.fields.to_pylist()] == ["u123", None, "u123"]


@pytest.mark.parametrize("moment", ["1999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0005-01-01T00:00:00Z"])
def test_the_contracts_bounded_times_have_the_event_times_bounds(moment: str) -> None:
    dispute = {
        "id_contestacao": "c1", "id_transacao": "t1", "timestamp": "2026-11-22T10:00:00Z", "transacao_em": moment,
        "resultado": "fraude", "origem": "banco",
    }  # fmt: skip
    payload, decoder = json.dumps(dispute).encode(), Decoder(table("topics.contestacoes"))
    decoded = decoder.decode(pa.array([payload], pa.binary()), pa.array([NOW], pa.timestamp("us", "UTC")))
    assert (decoded.refusals[0].reason, decoded.refusals[0].detail[-16:]) == ("tempo_absurdo", "`$.transacao_em`")
    with pytest.raises(Refused) as caught:
        decoder.one(payload, NOW)
    assert caught.value.refusal == decoded.refusals[0]


def test_a_refused_neighbour_does_not_change_why_a_time_is_refused() -> None:
    last = event(timestamp='"9999-12-31T23:59:59.999999Z"')
    assert decode(last, b"{").refusals[0] == decode(last).refusals[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.3400", "12.3400"),
        ("0", "0.0000"),
        ("1e2", "100.0000"),
        ("1.5E+2", "150.0000"),
        ("125e-2", "1.2500"),
        ("100.00000", "100.0000"),
        ("99999999999999.9999", "99999999999999.9999"),
        ("-0.0", "0.0000"),
        ("0e15", "0.0000"),
        ("0e28", "0.0000"),
        ("0.0e40", "0.0000"),
        ("-0e30", "0.0000"),
        ("0." + "0" * 40, "0.0000"),
    ],
)
def test_a_price_keeps_every_digit(text: str, value: str) -> None:
    payload = event(preco=text)
    alone = Decoder(table("topics.eventos_clientes")).one(payload, NOW)
    found = decode(payload).fields[0].as_py()["preco"], alone["preco"]
    assert [str(one) for one in found] == [value, value]


def test_a_number_that_no_column_holds_leaves_its_neighbours_alone() -> None:
    decoded = decode(SAMPLE, event(preco="0e40"), event(preco="1." + "0" * 40 + "1"), SAMPLE)
    assert set(decoded.refusals) == {2}


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T10:00:00", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-22T10:00:00Z", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("2026-11-21T23:30:00-03:00", datetime(2026, 11, 22, 2, 30, tzinfo=UTC)),
        ("2026-11-22T10:00:00.123456", datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-21T23:59:59.9999999Z", datetime(2026, 11, 22, tzinfo=UTC)),
    ],
)
def test_event_time_is_utc_and_names_the_day(text: str, utc: datetime) -> None:
    decoded = decode(event(timestamp=f'"{text}"'))
    assert decoded.fields[0].as_py()["timestamp"] == utc
    assert decoded.day.to_pylist() == [utc.date()]


@pytest.mark.parametrize(
    ("text", "user"), [("u\\ud83d\\ude00", "u😀"), ("u\\u0000x", "u\0x"), ("u\\u0001\\t\\n", "u\1\t\n")]
)
def test_a_text_is_taken_as_it_is_meant(text: str, user: str) -> None:
    payload = event(id_usuario=f'"{text}"')
    assert decode(payload).fields[0].as_py()["id_usuario"] == user
    assert Decoder(table("topics.eventos_clientes")).one(payload, NOW)["id_usuario"] == user


def test_an_event_is_late_past_the_contracts_lateness() -> None:
    decoded = decode(event(timestamp='"2026-11-22T11:50:00"'), event(timestamp='"2026-11-22T11:49:59"'))
    assert decoded.late.to_pylist() == [False, True]


DECISION = (
    b'{"id_transacao":"t-1","decisao":"revisar","pontuacao":700,"motivos":["VALOR_ALTO","IP"],'
    b'"timestamp":"2026-11-28T10:00:00Z","transacao_em":"2026-11-28T10:00:00Z","tipo_pagamento":"pix",'
    b'"operacao":"compra","valor":10.5,"moeda":"BRL","id_pagador":"p-1","versao_regras":"r","versao_modelo":"m",'
    b'"degradado":true,"causas":["prazo"],"latencia_ms":5,"id_rastro":"r-1"}'
)


def test_texts_in_lists_are_no_reason_to_read_a_payload_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acude.contracts.decoder.refuse_repeats", pytest.fail)
    decoder = Decoder(table("topics.decisoes_risco"))
    assert decoder.one(DECISION, TAKEN_AT)["motivos"] == ["VALOR_ALTO", "IP"]
    assert not decoder.decode(pa.array([DECISION]), pa.array([TAKEN_AT], pa.timestamp("us", "UTC"))).refusals


@pytest.mark.parametrize("repeated", [b'"causas":["x","y"],', b'"causas":[],', b'"causas":null,'])
def test_a_list_that_comes_twice_is_refused(repeated: bytes) -> None:
    decoder, payload = Decoder(table("topics.decisoes_risco")), b"{" + repeated + DECISION[1:]
    with pytest.raises(Refused):
        decoder.one(payload, TAKEN_AT)
    found = decoder.decode(pa.array([payload, DECISION]), pa.array([TAKEN_AT] * 2, pa.timestamp("us", "UTC")))
    assert list(found.refusals) == [0]
