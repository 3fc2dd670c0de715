"""Records as they come from Kafka, and what becomes of them."""

from datetime import UTC, datetime

import pyarrow as pa

from acude.contracts.decoder import Decoder
from acude.contracts.documents import Tokens
from acude.contracts.model import load, topics
from acude.ingestion.dedup_index import DedupIndex
from acude.ingestion.duplicates import find_duplicates
from acude.ingestion.refine import Decoded, Kept, decoded, kept

LANDED = datetime(2026, 11, 22, 10, 5, tzinfo=UTC)
TOPICS = topics()
TABLES = load()
EVENTS = next(topic for topic in TOPICS if topic.name == "eventos_clientes")


def event(number: int, **changes: object) -> bytes:
    fields = {
        "id_usuario": "u1",
        "tipo_evento": "clique",
        "timestamp": "2026-11-22T10:00:00",
        "id_evento": f"e{number}",
    }
    return str({**fields, **changes}).replace("'", '"').encode()


HEADERS = pa.list_(pa.struct([("chave", pa.string()), ("valor", pa.binary())]))


def records(*payloads: bytes | None, topic: str = "eventos_clientes", replay_of: bytes | None = None) -> pa.Table:
    rows = len(payloads)
    replay = [{"chave": "rastro", "valor": b"1"}, {"chave": "acude-reenvio-de", "valor": replay_of}]
    headers = replay if replay_of else None
    return pa.table(
        {
            "topico": pa.array([topic] * rows),
            "particao": pa.array([0] * rows, pa.int32()),
            "deslocamento": pa.array(range(rows), pa.int64()),
            "carimbo_kafka": pa.array([LANDED] * rows, pa.timestamp("us", tz="UTC")),
            "chave": pa.array([b"k"] * rows, pa.binary()),
            "valor": pa.array(payloads, pa.binary()),
            "cabecalhos": pa.array([headers] * rows, HEADERS),
            "ingerido_em": pa.array([LANDED] * rows, pa.timestamp("us", tz="UTC")),
        }
    )


def parts_of(batch: pa.Table) -> list[Decoded]:
    return list(decoded(batch, [Decoder(topic, Tokens("k1", b"secret")) for topic in TOPICS]))


def refined(batch: pa.Table, index: DedupIndex | None = None) -> tuple[Decoded, Kept]:
    (part,) = parts_of(batch)
    flags = find_duplicates(part.keys, index or DedupIndex(), TOPICS, LANDED)
    assert part.contract
    return part, kept(part.accepted, part.contract, flags, TABLES)


def without_id() -> bytes:
    return event(1).replace(b', "id_evento": "e1"', b"")
