"""Payloads that no contract takes, one function per reason; the reasons are those of `silver.quarentena.motivo`."""

import random
from collections.abc import Callable

from acude.simulator.serde import as_json, fields
from acude.simulator.shoppers import Event

MEGABYTE = 1_000_000
_REQUIRED = ("id_usuario", "tipo_evento", "timestamp")
_ABSURD = ("1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999Z", "2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z")


def _empty(_event: Event, _rng: random.Random) -> bytes:
    return b""


def _too_large(event: Event, _rng: random.Random) -> bytes:
    head = as_json(fields(event))[:-1] + b',"observacao":"'
    return head + b"x" * (MEGABYTE - len(head) - 2) + b'"}'


def _invalid_utf8(event: Event, _rng: random.Random) -> bytes:
    return as_json(fields(event)).replace(b'"id_usuario":"', b'"id_usuario":"\xff\xfe\xc3')


def _invalid_json(event: Event, rng: random.Random) -> bytes:
    good = as_json(fields(event))
    cut = good[: 1 + int(rng.random() * (len(good) - 2))]
    return _one_of(rng, [cut, good + b"}", good + b" lixo", good.replace(b'"', b"'"), good.replace(b":", b"=", 1)])


def _missing_field(event: Event, rng: random.Random) -> bytes:
    texts = fields(event)
    del texts[_REQUIRED[int(rng.random() * len(_REQUIRED))]]
    return as_json(texts)


def _unknown_field(event: Event, _rng: random.Random) -> bytes:
    return as_json({**fields(event), "cupom": '"BEMVINDO10"'})


def _repeated_field(event: Event, _rng: random.Random) -> bytes:
    return as_json(fields(event))[:-1] + b',"id_usuario":"u0"}'


def _wrong_type(event: Event, rng: random.Random) -> bytes:
    wrong = [
        {"id_usuario": "123"},
        {"timestamp": "1763596800"},
        {"quantidade": '"2"'},
        {"quantidade": "1.5"},
        {"preco": '"12.90"'},
    ]
    return as_json({**fields(event), **wrong[int(rng.random() * len(wrong))]})


def _wrong_value(event: Event, rng: random.Random) -> bytes:
    wrong = [{"preco": "-12.90"}, {"tipo_evento": '"dancou"'}, {"quantidade": "0"}, {"moeda": '"REAIS"'}]
    return as_json({**fields(event), **wrong[int(rng.random() * len(wrong))]})


def _absurd_time(event: Event, rng: random.Random) -> bytes:
    return as_json({**fields(event), "timestamp": f'"{_ABSURD[int(rng.random() * len(_ABSURD))]}"'})


def _one_of(rng: random.Random, choices: list[bytes]) -> bytes:
    return choices[int(rng.random() * len(choices))]


COMMON: dict[str, Callable[[Event, random.Random], bytes]] = {
    "vazio": _empty,
    "utf8_invalido": _invalid_utf8,
    "json_invalido": _invalid_json,
    "campo_ausente": _missing_field,
    "campo_desconhecido": _unknown_field,
    "campo_repetido": _repeated_field,
    "tipo_errado": _wrong_type,
    "valor_invalido": _wrong_value,
    "tempo_absurdo": _absurd_time,
}
RARE = "grande_demais"
_RARE_SHARE = 0.01
_NAMES = tuple(COMMON)


def payload(reason: str, event: Event, rng: random.Random) -> bytes:
    """The payload that is sent instead of the event; the contract refuses it for that reason."""
    return (COMMON.get(reason) or _too_large)(event, rng)


def reason(rng: random.Random) -> str:
    """A reason; all are equally likely, except the megabyte, which is rare."""
    return RARE if rng.random() < _RARE_SHARE else _NAMES[int(rng.random() * len(_NAMES))]
