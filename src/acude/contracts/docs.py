"""The data dictionary: every topic and table in one page, from the contracts.

``docs/dictionary.md`` is this module's output: ``python -m acude.contracts.docs > docs/dictionary.md``.
"""

import sys
from datetime import timedelta
from pathlib import Path

from acude.contracts.column import Column
from acude.contracts.model import Contract, Layer, load

_LAYERS = {
    Layer.TOPIC: ("Topics", "What arrives on Kafka."),
    Layer.BRONZE: ("Bronze", "Everything that arrived, as it came."),
    Layer.SILVER: ("Silver", "Typed and deduplicated rows, one table per entity, and what was refused."),
    Layer.GOLD: ("Gold", "What analysts ask for: daily marts and live numbers."),
    Layer.WAREHOUSE: (
        "Warehouse",
        "What Redshift (locally PostgreSQL) holds besides the daily marts of gold, which it has under the same names.",
    ),
}

_HEADER = """\
# Data dictionary

Every topic and table, from the contracts in `contracts/`. This page is generated: change the contract, then run
`python -m acude.contracts.docs > docs/dictionary.md`.

Times are UTC. Decimals are exact. *Key* columns name a row together; *partition* columns are the folders on S3;
*pessoal* marks personal data (LGPD).
"""


def _duration(value: timedelta) -> str:
    """`7 d`, `36 h`, `15 min`: the largest unit that divides it, hours up to two days."""
    seconds = int(value.total_seconds())
    for unit, size, least in (("d", 86400, 2), ("h", 3600, 1), ("min", 60, 1)):
        if seconds % size == 0 and seconds // size >= least:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _cell(value: str) -> str:
    """Text that may stand in a Markdown table."""
    return value.replace("|", "\\|").replace("\n", " ").strip()


def _bounds(column: Column) -> str:
    """The values that the contract allows, beyond the type."""
    parts = []
    if column.values:
        parts.append("one of " + ", ".join(f"`{value}`" for value in column.values))
    if column.minimum is not None:
        parts.append(f"at least {column.minimum}")
    if column.maximum is not None:
        parts.append(f"at most {column.maximum}")
    if column.max_length is not None:
        least = column.min_length or 0
        parts.append(
            f"{column.max_length} characters"
            if least == column.max_length
            else f"{least} to {column.max_length} characters"
        )
    return "; ".join(parts)


def _marks(column: Column) -> str:
    marks = {"required": column.required, "key": column.primary_key, "partition": column.partition}
    return ", ".join(name for name, holds in marks.items() if holds)


def _row(column: Column) -> str:
    personal = "" if column.classification == "publico" else column.classification
    cells = (f"`{column.name}`", f"`{column.type}`", _marks(column), column.description, _bounds(column), personal)
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _facts(contract: Contract) -> str:
    """Everything about the table that isn't a column, as one list."""
    facts = {
        "One row": contract.grain,
        "Owner": contract.owner,
        "Writer": contract.writer,
        "Version": contract.version,
        "Event time": f"`{contract.event_time}`" if contract.event_time else None,
        "Late after": _duration(contract.lateness) if contract.lateness else None,
        "Fresh within": _duration(contract.freshness) if contract.freshness else None,
        "Retention": _duration(contract.retention) if contract.retention else "unlimited",
    }
    if contract.layer is Layer.TOPIC:
        since = f"{_duration(contract.behind)} before" if contract.behind else "2000"
        facts["Event time"] = f"{facts['Event time']}, from {since} to {_duration(contract.ahead)} after the arrival"
        facts |= {"Kafka partitions": str(contract.partitions), "Largest record": f"{contract.max_bytes} bytes"}
    return "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)


def section(contract: Contract) -> str:
    """One topic or table: what it is, the facts about it, its columns."""
    return "\n".join(
        [
            f"### `{contract.full_name}`",
            "",
            f"{contract.title}. {contract.description}.",
            "",
            _facts(contract),
            "",
            "| column | type | role | meaning | allowed | personal |",
            "|---|---|---|---|---|---|",
            *(_row(column) for column in contract.columns),
            "",
        ]
    )


def dictionary(folder: Path | None = None) -> str:
    """The whole page.

    Args:
        folder: where the contracts lie; the project's unless given.
    """
    everything = load(folder).values()
    parts = [_HEADER]
    for layer, (title, about) in _LAYERS.items():
        members = sorted((c for c in everything if c.layer is layer), key=lambda c: c.name)
        parts.append(f"## {title}\n\n{about}\n")
        parts += [section(contract) for contract in members]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(dictionary())
