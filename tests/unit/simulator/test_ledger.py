import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.compute as pc
import pytest

from acude.simulator import ledger as ledgers
from acude.simulator.ledger import CONFIRMED, EXISTED, UNANSWERED, Entry, Ledger

DAY = date(2026, 11, 20)


def entry(id_evento: str = "e1", tipo: str = "valido") -> Entry:
    return Entry("eventos_clientes", tipo, None, id_evento, "P1", "p1", False, DAY, Decimal("25.80"), "BRL")


def test_an_answered_send_reads_back_with_its_coordinate_and_exact_money(tmp_path: Path) -> None:
    run = Ledger(tmp_path, "r1")
    for number in run.intend([entry()]):
        run.answer(number, 3, 42)
    run.close()
    (row,) = ledgers.read(tmp_path).to_pylist()
    assert (row["particao"], row["deslocamento"], row["resposta"]) == (3, 42, CONFIRMED)
    assert (row["valor"], row["moeda"], row["dia"]) == (Decimal("25.8000"), "BRL", DAY)
    assert row["id_envio"] == "r1/0"


def test_what_was_never_answered_is_listed_as_such_without_a_close(tmp_path: Path) -> None:
    run = Ledger(tmp_path, "r1")
    run.intend([entry("e1"), entry("e2")])
    run.intend([entry("e3")])
    rows = ledgers.read(tmp_path).to_pylist()
    assert [(row["id_evento"], row["resposta"]) for row in rows] == [
        ("e1", UNANSWERED),
        ("e2", UNANSWERED),
        ("e3", UNANSWERED),
    ]


def test_a_torn_last_slice_does_not_hide_the_slices_before_it(tmp_path: Path) -> None:
    run = Ledger(tmp_path, "r1")
    run.intend([entry("e1")])
    run.intend([entry("e2")])
    (journal,) = run.folder.glob("*.arrows")
    whole = journal.read_bytes()
    for cut in range(1, 200):
        journal.write_bytes(whole[:-cut])
        assert ledgers.read(tmp_path)["id_evento"].to_pylist()[:1] == ["e1"]


def test_a_draft_of_a_chunk_counts_for_nothing(tmp_path: Path) -> None:
    run = Ledger(tmp_path, "r1")
    run.intend([entry("e1")])
    (run.folder / "000000.tmp").write_bytes(b"half a file")
    assert ledgers.read(tmp_path)["resposta"].to_pylist() == [UNANSWERED]


def test_a_complete_chunk_wins_over_a_journal_that_a_crash_left_behind(tmp_path: Path) -> None:
    run = Ledger(tmp_path, "r1")
    (number,) = run.intend([entry()])
    (journal,) = run.folder.glob("*.arrows")
    left = journal.read_bytes()
    run.answer(number, 0, 1)
    run.close()
    journal.write_bytes(left)
    assert ledgers.read(tmp_path)["resposta"].to_pylist() == [CONFIRMED]


def test_a_send_that_failed_stays_unanswered_and_says_why(tmp_path: Path) -> None:
    run = Ledger(tmp_path, "r1")
    (number,) = run.intend([entry()])
    run.give_up(number, "KafkaTimeoutError: no answer")
    run.close()
    (row,) = ledgers.read(tmp_path).to_pylist()
    assert (row["resposta"], row["erro"]) == (UNANSWERED, "KafkaTimeoutError: no answer")


def test_full_chunks_are_completed_while_later_ones_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "ROWS_A_CHUNK", 2)
    run = Ledger(tmp_path, "r1")
    for number in run.intend([entry("e1"), entry("e2")]):
        run.answer(number, 0, number)
    run.roll()
    run.intend([entry("e3")])
    assert [path.name for path in sorted(run.folder.iterdir())] == ["000000.parquet", "000001.intencao.arrows"]
    assert ledgers.read(tmp_path)["resposta"].to_pylist() == [CONFIRMED, CONFIRMED, UNANSWERED]


def test_answers_may_come_in_any_order_across_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "ROWS_A_CHUNK", 1)
    run = Ledger(tmp_path, "r1")
    (first,) = run.intend([entry("e1")])
    run.roll()
    (second,) = run.intend([entry("e2")])
    run.answer(second, 0, 11)
    run.roll()
    run.answer(first, 0, 10)
    run.close()
    assert ledgers.read(tmp_path)["deslocamento"].to_pylist() == [10, 11]


def test_a_condition_chooses_rows_of_complete_and_of_open_chunks(tmp_path: Path) -> None:
    complete, opened = Ledger(tmp_path, "r1"), Ledger(tmp_path, "r2")
    complete.intend([entry(), entry("e2")])
    complete.close()
    opened.intend([entry(), entry("e2")])
    rows = ledgers.read(tmp_path, pc.field("id_evento") == "e2")
    assert rows["corrida"].to_pylist() == ["r1", "r2"]
    assert rows.schema == ledgers.SCHEMA


def test_a_file_that_was_complete_before_is_not_opened(tmp_path: Path) -> None:
    for name in ("r1", "r2"):
        run = Ledger(tmp_path, name)
        run.intend([entry()])
        run.close()
    now = datetime.now(UTC)
    (old,) = (tmp_path / "ledger" / "r1").glob("*.parquet")
    old.write_bytes(b"no Parquet")
    os.utime(old, ((now - timedelta(days=2)).timestamp(),) * 2)
    assert ledgers.read(tmp_path, since=now - timedelta(days=1))["corrida"].to_pylist() == ["r2"]


def test_the_money_of_a_day_counts_purchases_once_an_id_and_sales_once_a_line(tmp_path: Path) -> None:
    for run_name in ("r1", "r2"):
        run = Ledger(tmp_path, run_name)
        bought, unpaid = run.intend([entry(), entry("e2")._replace(valor=None, moeda=None)])
        first, second = run.intend([entry(tipo="venda")._replace(topico=None, id_evento=None)] * 2)
        run.answer(bought, 0, 1)
        run.answer(unpaid, 0, 2)
        for line in (first, second):
            run.answer(line, None, None, CONFIRMED if run_name == "r1" else EXISTED)
        run.intend([entry("e9")])
        run.close()
    assert ledgers.money_by_day(ledgers.read(tmp_path)).to_pylist() == [
        {"destino": "eventos_clientes", "dia": DAY, "moeda": "BRL", "valor": Decimal("25.8000")},
        {"destino": "loja", "dia": DAY, "moeda": "BRL", "valor": Decimal("51.6000")},
    ]


def test_no_ledger_reads_as_no_rows(tmp_path: Path) -> None:
    assert ledgers.read(tmp_path).num_rows == 0
    assert ledgers.first_arrivals(ledgers.read(tmp_path)).schema == ledgers.SCHEMA


def test_the_first_arrival_of_an_id_is_its_lowest_offset(tmp_path: Path) -> None:
    for run_name, offset in (("r1", 9), ("r2", 5)):
        run = Ledger(tmp_path, run_name)
        first, again, existed, lost = run.intend([entry(), entry(tipo="duplicata"), entry("e2"), entry("e3")])
        run.answer(first, 1, offset)
        run.answer(again, 1, offset + 1)
        run.answer(existed, None, None, EXISTED)
        run.give_up(lost, "lost")
        run.close()
    arrivals = ledgers.first_arrivals(ledgers.read(tmp_path)).to_pylist()
    assert [(row["id_evento"], row["deslocamento"], row["valor"]) for row in arrivals] == [
        ("e1", 5, Decimal("25.8000"))
    ]
