"""What one version of the rules says otherwise than another, a line each."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from acude.risk.rules import Rules


class Difference(NamedTuple):
    """One value: where it stands, and what it was and is; None where it stands in one of the two only."""

    onde: str
    antes: Any
    depois: Any


def differences(before: Rules, after: Rules) -> list[Difference]:
    """Everything that differs, by place: cut-offs, weights, thresholds, the model."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [
        Difference(place, old.get(place), new.get(place))
        for place in sorted(old.keys() | new.keys())
        if old.get(place) != new.get(place)
    ]


def _flat(rules: Rules) -> Iterator[tuple[str, Any]]:
    yield from _places(rules.policy.model_dump(), "")
    yield "versao_modelo", rules.model_version


def _places(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _places(value, f"{above}{name}.")
        else:
            yield above + name, value
