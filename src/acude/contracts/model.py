"""A table or topic as its ODCS v3 file says it, and where such files lie.

pydantic checks the values. A topic's file also describes its silver table: the topic's fields, then the lineage columns
of `LINEAGE`. Source of the format: Open Data Contract Standard v3 (bitol.io).
"""

from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from acude.contracts.column import Column, Variants
from acude.errors import AcudeError
from acude.settings import settings


class Layer(StrEnum):
    """Where a contract's data lives."""

    TOPIC = "topics"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    WAREHOUSE = "redshift"


STREAMS: Final = "streams"
"""`Contract.writer` of the tables that the streams' driver writes, under the lease of that name."""


class ContractError(AcudeError):
    """A contract file that can't be used; says file, place and what to write instead."""


class Contract(BaseModel):
    """One topic or table: its columns and the promises about it."""

    model_config = ConfigDict(frozen=True)

    layer: Layer
    name: str
    title: str
    description: str
    grain: str
    owner: str
    writer: str = Field(description="The one driver or service that writes it")
    version: str
    columns: tuple[Column, ...]
    retention: timedelta | None = None
    freshness: timedelta | None = None
    event_time: str | None = None
    event_id: str = Field(
        "id_evento",
        description="Topics: the field that identifies repeats; a row without it is one only where it was replayed",
    )
    event_owner: str | None = Field(
        None,
        description="Topics: the field, or a header where the contract has no such field, that names who draws the "
        "event ids; the same id of two owners names two events",
    )
    bounded_times: tuple[str, ...] = Field(
        (), description="Topics: fields that, like the event time, lie between 2000 and a day after the arrival"
    )
    own_numbers: tuple[str, ...] = Field(
        (), description="Topics: fields of ids that are random numbers of 14 to 16 digits; no card is looked for there"
    )
    topic_only: tuple[str, ...] = Field(
        (), description="Topics: fields that a record may have, and what comes by an API in front of the topic may not"
    )
    ahead: timedelta = Field(timedelta(days=1), description="Topics: how long after its arrival an event time may lie")
    behind: timedelta | None = Field(
        None, description="Topics: how long before its arrival an event time may lie; None: since 2000"
    )
    variants: Variants | None = None
    lateness: timedelta | None = Field(None, description="Later than this after its event time a row counts as late")
    partitions: int = Field(1, description="Topics: number of Kafka partitions")
    max_bytes: int = Field(65536, description="Topics: largest payload that is parsed")
    dedup_window: timedelta = Field(timedelta(days=7), description="Topics: how many days an event id is known")
    split_by: str | None = Field(
        None, description="Topics: a field to whose values settings may give topics of their own"
    )
    daily: bool = Field(True, description="Gold: replaced a day (or month) at a time by the batch")

    @property
    def full_name(self) -> str:
        """Layer and name as SQL says it: `gold.vendas_por_regiao`."""
        return f"{self.layer}.{self.name}"

    @property
    def prefix(self) -> str:
        """Where a table lies in the lake's bucket, without a slash at the end: `gold/vendas_por_regiao`."""
        return f"{self.layer}/{self.name}"

    @property
    def column_names(self) -> list[str]:
        """Names in order."""
        return [column.name for column in self.columns]

    @property
    def partition_by(self) -> list[str]:
        """The partition columns, in order."""
        return [column.name for column in self.columns if column.partition]

    @property
    def keys(self) -> list[str]:
        """The columns that name a row, empty where no key exists."""
        return [column.name for column in self.columns if column.primary_key]

    @property
    def kafka_topics(self) -> tuple[str, ...]:
        """The topic, `transacoes`, then those that values of `split_by` may have: `transacoes_pix` and its like.

        They share contract and silver table. The order is that of the contract's values, so new ones go to its end.
        """
        values = self.column(self.split_by).values if self.split_by else ()
        return (self.name, *(topic_of_its_own(self.name, value) for value in values))

    @property
    def topics_by_name(self) -> tuple[str, ...]:
        """`kafka_topics` in the order in which they count of arrivals of one moment."""
        return tuple(sorted(self.kafka_topics))

    @property
    def documents(self) -> list[str]:
        """Columns that hold a CPF or CNPJ, or its token."""
        return [column.name for column in self.columns if column.classification == "documento"]

    @property
    def free_texts(self) -> list[str]:
        """Columns of text that no list of values bounds, but for those of `documents`."""
        known = self.documents
        return [one.name for one in self.columns if one.type == "string" and not one.values and one.name not in known]

    def for_clients(self) -> "Contract":
        """What clients of an API in front of the topic may send: all but `topic_only`."""
        return self.model_copy(
            update={"columns": tuple(one for one in self.columns if one.name not in self.topic_only)}
        )

    def column(self, name: str) -> Column:
        """The column of that name; KeyError otherwise."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.full_name} has no column {name!r}; it has {', '.join(self.column_names)}")


def topic_of_its_own(topic: str, value: str) -> str:
    """The topic of a value of `split_by`.

    >>> topic_of_its_own("transacoes", "pix")
    'transacoes_pix'
    """
    return f"{topic}_{value}"


LINEAGE = (
    Column(name="data", type="date", required=True, partition=True, description="UTC day of the event time"),
    Column(
        name="atrasado", type="boolean", required=True,
        description="True where the broker took the event later after its event time than the contract's lateness",
    ),
    Column(name="particao", type="int", required=True, primary_key=True, description="Kafka partition"),
    Column(name="deslocamento", type="bigint", required=True, primary_key=True, description="Kafka offset"),
    Column(name="carimbo_kafka", type="timestamp", required=True, description="When the broker took the record, UTC"),
    Column(name="hash_conteudo", type="bigint", required=True, description="64-bit hash of the event's fields"),
    Column(name="ingerido_em", type="timestamp", required=True, description="When its micro-batch landed, UTC"),
)  # fmt: skip
"""Columns that follow the event's own in every topic's silver table."""

TOPIC_OF_ROW = Column(
    name="topico", type="string", primary_key=True, description="Kafka topic; where it is null, the table's own name"
)
"""One more where rows come from several topics; optional, because the table may be older than its second topic."""

ID: Final = "[A-Za-z0-9_.:@+-]{1,64}"
"""The form of an id; a header that names an owner otherwise names none."""


def _owner_of_row(name: str) -> Column:
    """One more where a header names the owner; null in rows without it, and in those older than the column."""
    return Column(name=name, type="string", description=f"The record's header {name}: who drew the event id")


_DURATION = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def _duration(text: str) -> timedelta:
    """`7d`, `10m` as a timedelta."""
    return timedelta(**{_DURATION[text[-1]]: int(text[:-1])})


def _column(raw: dict[str, Any]) -> Column:
    options = raw.get("logicalTypeOptions", {})
    values = [rule["arguments"]["validValues"] for rule in raw.get("quality", ()) if rule["metric"] == "invalidValues"]
    return Column(
        name=raw["name"],
        type=raw["physicalType"],
        description=raw["description"],
        required=raw.get("required", False),
        primary_key=raw.get("primaryKey", False),
        partition=raw.get("partitioned", False),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        pattern=options.get("pattern"),
        format=options.get("format"),
        values=tuple(values[0]) if values else (),
        classification=raw.get("classification", "publico"),
    )


def read(path: Path) -> Contract:
    """One ODCS file.

    Raises:
        ContractError: names the file and what is missing or wrong.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        table = raw["schema"][0]
        extra = {entry["property"]: entry["value"] for entry in raw.get("customProperties", ())}
        sla = {entry["property"]: f"{entry['value']}{entry['unit']}" for entry in raw.get("slaProperties", ())}
        contract = Contract(
            layer=Layer(path.parent.name),
            name=table["name"],
            title=raw["name"],
            description=raw["description"]["purpose"],
            grain=table["dataGranularityDescription"],
            owner=raw["team"][0]["username"],
            version=raw["version"],
            columns=tuple(_column(entry) for entry in table["properties"]),
            retention=_duration(sla["retention"]) if "retention" in sla else None,
            freshness=_duration(sla["latency"]) if "latency" in sla else None,
            lateness=_duration(extra.pop("lateness")) if "lateness" in extra else None,
            dedup_window=_duration(extra.pop("dedup_window", "7d")),
            ahead=_duration(extra.pop("ahead", "1d")),
            behind=_duration(extra.pop("behind")) if "behind" in extra else None,
            **extra,
        )
    except (KeyError, IndexError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise ContractError(
            f"{path}: {type(problem).__name__}: {problem}. Compare it with its neighbours in {path.parent}"
        ) from problem
    if path.name != f"{contract.name}.odcs.yaml":
        raise ContractError(f"{path}: describes {contract.name!r}; name the file {contract.name}.odcs.yaml")
    return contract


def silver_of(topic: Contract) -> Contract:
    """The silver table that a topic's contract promises: its fields, then `LINEAGE` and, with `split_by`, the topic.

    The last column is the event ids' owner, where a header names it.
    """
    changes = {"partition": False, "primary_key": False, "pattern": None, "format": None}
    own = [column.model_copy(update=changes) for column in topic.columns]
    more = (TOPIC_OF_ROW,) if topic.split_by else ()
    if topic.event_owner and topic.event_owner not in topic.column_names:
        more = (*more, _owner_of_row(topic.event_owner))
    return topic.model_copy(
        update={
            "layer": Layer.SILVER,
            "columns": (*own, *LINEAGE, *more),
            "grain": f"{topic.grain}, first arrival only",
            "writer": STREAMS,
            "retention": None,
        }
    )


@lru_cache(maxsize=8)
def load(folder: Path | None = None) -> dict[str, Contract]:
    """All contracts by full name (`topics.eventos_clientes`, `silver.eventos_clientes`, `gold.mais_vendidos`).

    Args:
        folder: where the files lie; the project's contracts/ unless given.
    """
    folder = folder or settings().contracts
    found = [read(path) for path in sorted(folder.glob("*/*.odcs.yaml"))]
    found += [silver_of(contract) for contract in found if contract.layer is Layer.TOPIC]
    return {contract.full_name: contract for contract in found}


def topics(folder: Path | None = None) -> list[Contract]:
    """The topics' contracts by name."""
    return [contract for contract in load(folder).values() if contract.layer is Layer.TOPIC]


def tables(folder: Path | None = None) -> list[Contract]:
    """The lake's tables: bronze, silver and gold."""
    return [
        contract for contract in load(folder).values() if contract.layer in {Layer.BRONZE, Layer.SILVER, Layer.GOLD}
    ]


def marts(folder: Path | None = None) -> list[Contract]:
    """The gold tables that the batch replaces a day (or month) at a time; each has a job of its name."""
    return [contract for contract in tables(folder) if contract.layer is Layer.GOLD and contract.daily]


def table(full_name: str) -> Contract:
    """One contract by its full name; KeyError lists what exists."""
    everything = load()
    if full_name not in everything:
        raise KeyError(f"no contract {full_name!r}; there are {', '.join(everything)}")
    return everything[full_name]
