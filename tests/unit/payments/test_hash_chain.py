"""The hash chain: a change to a row is found at the first row that differs."""

import hmac
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acude.payments.hash_chain import GENESIS, AuditEvent, AuditRow, BrokenChainError, HashChain

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
BOUNDS = (datetime(2020, 1, 1), datetime(2040, 1, 1))  # noqa: DTZ001 - hypothesis adds zones
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
EVENTS = st.builds(
    AuditEvent,
    tipo=st.sampled_from(["decisao", "lista", "politica", "acesso"]),
    quem=TEXT,
    objeto=TEXT,
    detalhe=st.dictionaries(
        TEXT, TEXT | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.none(), max_size=2
    ),
    em=st.datetimes(
        *BOUNDS, timezones=st.sampled_from([UTC, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Asia/Kathmandu")])
    ),
)


KEYS = {"k2": b"the newer key", "k1": b"the older key"}


def chained(events: list[AuditEvent]) -> list[AuditRow]:
    chain = HashChain(keys=KEYS)
    return [chain.add(event) for event in events]


CHAINS = st.lists(EVENTS, min_size=1, max_size=5).map(chained)


def followed(rows: list[AuditRow], keys: dict[str, bytes] = KEYS) -> HashChain:
    chain = HashChain(keys=keys)
    for row in rows:
        chain.follow(row)
    return chain


@given(CHAINS)
def test_an_untouched_chain_is_sound_and_ends_where_it_ended(rows: list[AuditRow]) -> None:
    assert followed(rows) == HashChain(len(rows), rows[-1].hash, "k2")


@given(CHAINS)
def test_a_chain_that_is_continued_is_the_chain_that_was_made_at_once(rows: list[AuditRow]) -> None:
    chain = followed(rows)
    event = AuditEvent("lista", "ana", "x", {}, BEGIN)
    assert followed([*rows, chain.add(event)]) == chain


@given(CHAINS, st.data())
def test_a_changed_row_is_found(rows: list[AuditRow], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    changed = data.draw(
        st.one_of(
            TEXT.filter(lambda text: text != row.quem).map(lambda text: row._replace(quem=text)),
            TEXT.filter(lambda text: text != row.objeto).map(lambda text: row._replace(objeto=text)),
            TEXT.filter(lambda text: text != row.detalhe).map(lambda text: row._replace(detalhe=text)),
            st.just(row._replace(detalhe=row.detalhe + " ")),
            st.just(row._replace(tipo="outro")),
            st.just(row._replace(em=row.em + timedelta(microseconds=1))),
            st.just(row._replace(hash=sha256(row.hash).digest())),
            st.sampled_from([None, "k1", "k3"]).map(lambda name: row._replace(chave=name)),
        )
    )
    with pytest.raises(BrokenChainError) as found:
        followed([*rows[:place], changed, *rows[place + 1 :]])
    assert found.value.numero == row.numero


@given(CHAINS, st.data())
def test_content_that_moves_from_one_field_to_the_next_is_found(rows: list[AuditRow], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    moved = row._replace(quem=row.quem + row.objeto[:1], objeto=row.objeto[1:])
    if moved == row:
        return
    with pytest.raises(BrokenChainError):
        followed([*rows[:place], moved, *rows[place + 1 :]])


@given(CHAINS, st.data())
def test_a_changed_row_with_a_hash_computed_again_is_found_at_the_next_row(
    rows: list[AuditRow], data: st.DataObject
) -> None:
    if len(rows) == 1:
        return
    place = data.draw(st.integers(0, len(rows) - 2))
    forged = HashChain(place, rows[place - 1].hash if place else GENESIS, keys=KEYS)
    row = forged.add(AuditEvent("lista", "mallory", "x", {}, BEGIN))
    with pytest.raises(BrokenChainError) as found:
        followed([*rows[:place], row, *rows[place + 1 :]])
    assert found.value.numero == place + 2


@given(CHAINS, st.data())
def test_a_dropped_row_is_found_unless_it_was_the_last(rows: list[AuditRow], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    left = [*rows[:place], *rows[place + 1 :]]
    if place == len(rows) - 1:
        # This is what a chain can't show: its end has to be kept elsewhere.
        assert followed(left).hash != rows[-1].hash
        return
    with pytest.raises(BrokenChainError, match="missing") as found:
        followed(left)
    assert found.value.numero == rows[place].numero


@given(CHAINS, st.data())
def test_a_dropped_row_behind_which_all_are_numbered_again_is_found(rows: list[AuditRow], data: st.DataObject) -> None:
    if len(rows) == 1:
        return
    place = data.draw(st.integers(0, len(rows) - 2))
    left = [*rows[:place], *(row._replace(numero=row.numero - 1) for row in rows[place + 1 :])]
    with pytest.raises(BrokenChainError) as found:
        followed(left)
    assert found.value.numero == place + 1


@given(CHAINS, st.data())
def test_swapped_rows_are_found_numbered_again_or_not(rows: list[AuditRow], data: st.DataObject) -> None:
    if len(rows) == 1:
        return
    first, second = sorted(data.draw(st.permutations(range(len(rows))))[:2])
    swapped = list(rows)
    swapped[first], swapped[second] = rows[second], rows[first]
    with pytest.raises(BrokenChainError):
        followed(swapped)
    swapped[first] = rows[second]._replace(numero=first + 1)
    swapped[second] = rows[first]._replace(numero=second + 1)
    with pytest.raises(BrokenChainError) as found:
        followed(swapped)
    assert found.value.numero == first + 1


@given(CHAINS, EVENTS, st.data())
def test_a_row_that_is_put_in_between_is_found(rows: list[AuditRow], event: AuditEvent, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))
    forged = HashChain(place, rows[place - 1].hash if place else GENESIS, keys=KEYS).add(event)
    behind = [row._replace(numero=row.numero + 1) for row in rows[place:]]
    with pytest.raises(BrokenChainError):
        followed([*rows[:place], forged, *rows[place:]])
    with pytest.raises(BrokenChainError) as found:
        followed([*rows[:place], forged, *behind])
    assert found.value.numero == place + 2


@given(CHAINS, EVENTS)
def test_a_tail_that_is_written_again_without_the_key_is_found(rows: list[AuditRow], event: AuditEvent) -> None:
    before = HashChain(len(rows) - 1, rows[-2].hash if len(rows) > 1 else GENESIS)
    for forger in ({}, {"k2": b"guessed"}, {"k9": b"a key of the forger's"}):
        forged = HashChain(before.numero, before.hash, keys=forger).add(event)
        if len(rows) == 1 and forged.chave is None:
            # A log without any row behind it: what shows this is its first anchor.
            continue
        with pytest.raises(BrokenChainError) as found:
            followed([*rows[:-1], forged])
        assert found.value.numero == len(rows)


@given(st.lists(EVENTS, min_size=1, max_size=5), st.lists(EVENTS, min_size=1, max_size=5))
def test_rows_from_before_the_key_and_rows_of_an_older_key_stay_sound(
    old: list[AuditEvent], new: list[AuditEvent]
) -> None:
    chain = HashChain()
    rows = [chain.add(event) for event in old]
    for keys in ({"k1": KEYS["k1"]}, KEYS):
        chain.keys = keys
        rows += [chain.add(event) for event in new]
    assert [row.chave for row in rows] == [None] * len(old) + ["k1"] * len(new) + ["k2"] * len(new)
    assert followed(rows) == chain
    with pytest.raises(BrokenChainError, match="does not have") as lacking:
        followed(rows, {"k2": KEYS["k2"]})
    assert lacking.value.numero == len(old) + 1


def test_a_row_without_a_key_behind_rows_with_one_is_found() -> None:
    event = AuditEvent("acesso", "ana", "t-1", {}, BEGIN)
    rows = chained([event])
    with pytest.raises(BrokenChainError, match="without a key") as found:
        followed([*rows, HashChain(1, rows[0].hash).add(event)])
    assert found.value.numero == 2


def test_the_hash_is_what_the_documentation_says() -> None:
    event = AuditEvent("acesso", "ana", "t-1", {"b": 1, "a": "é"}, BEGIN)
    content = '[1,"2026-11-23T00:00:00.000000+00:00","acesso","ana","t-1","{\\"a\\":\\"é\\",\\"b\\":1}"'
    row, keyed = HashChain().add(event), HashChain(keys=KEYS).add(event)
    assert row.detalhe == '{"a":"é","b":1}'
    assert row.hash == sha256(bytes(32) + f"{content}]".encode()).digest()
    assert keyed.hash == hmac.digest(KEYS["k2"], bytes(32) + f'{content},"k2"]'.encode(), "sha256")
