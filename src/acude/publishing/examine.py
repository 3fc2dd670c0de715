"""A suite's answers about a frame, and each failure in words that an operator can read."""

import json
from datetime import UTC, datetime, time
from typing import Any, NamedTuple

import pandas as pd

from acude.contracts.gx import Expectation
from acude.contracts.model import Contract
from acude.lake.delta import partition_of
from acude.publishing.expectations import validate
from acude.publishing.staging import Failure, Staged

_SAMPLE = 3


class Answers(NamedTuple):
    """Great Expectations' own results, and those that failed."""

    results: list[dict[str, Any]]
    failures: list[Failure]


def answers(frame: pd.DataFrame, suite: list[Expectation], parameters: dict[str, Any], table: str) -> Answers:
    """Asks a suite about a frame.

    Args:
        frame: the rows.
        suite: the expectations; none is no answer.
        parameters: values for `{"$PARAMETER": name}`.
        table: full name.
    """
    found = validate(frame, suite, parameters, table) if suite else []
    return Answers(found, [_failure(one, frame) for one in found if not one["success"]])


def parameters_of(contract: Contract, staged: Staged) -> dict[str, Any]:
    """What a suite may ask for: the day's own figures, the partition that is audited, and the day's last instant."""
    day = staged.day
    monthly = contract.column(contract.partition_by[0]).type == "string"
    end = datetime.combine(day, time.max, UTC)
    return {**staged.parameters, "particao": [partition_of(contract, day) if monthly else day], "fim_do_dia": end}


def _failure(result: dict[str, Any], frame: pd.DataFrame) -> Failure:
    config = result["expectation_config"]
    kwargs = {name: value for name, value in config["kwargs"].items() if name != "batch_id"}
    columns = [kwargs.pop(name) for name in ("column", "column_A", "column_B") if name in kwargs]
    return Failure(
        expectation=config["type"],
        column=" / ".join(columns) or ", ".join(kwargs.get("column_list", ())) or "*",
        expected=", ".join(f"{name} {value}" for name, value in kwargs.items()),
        found=_found(result),
        sample=_sample(result["result"], frame),
        meaning=(config.get("meta") or {}).get("significado", ""),
    )


def _found(result: dict[str, Any]) -> str:
    facts = result["result"]
    if "unexpected_count" in facts and facts.get("element_count"):
        return f"{facts['unexpected_count']} of {facts['element_count']} rows differ"
    if facts.get("observed_value") is not None:
        return str(facts["observed_value"])
    problem = result.get("exception_info") or {}
    text = problem.get("exception_message") or next(
        (one.get("exception_message") for one in problem.values() if isinstance(one, dict)), None
    )
    return f"it could not be checked: {text}" if text else json.dumps(facts, default=str)


def _sample(facts: dict[str, Any], frame: pd.DataFrame) -> list[str]:
    """The first offending rows in full, so that nobody has to look for them."""
    places = facts.get("partial_unexpected_index_list") or []
    rows = [frame.loc[place] for place in places[:_SAMPLE]]
    return [", ".join(f"{name}={value}" for name, value in row.items()) for row in rows]
