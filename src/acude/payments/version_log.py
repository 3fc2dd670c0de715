"""The log of changes to the versions: one line of JSON per change, oldest first. What is in force follows from it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from acude.errors import AcudeError


class VersionError(AcudeError):
    """A change that can't be made; says why, and nothing has changed."""

    def __init__(self, found: str, next_step: str = "`acude risk versions` says what decides now.") -> None:
        super().__init__(f"{found}.", f"Nothing was changed; {next_step}")


class Action(StrEnum):
    """What was done."""

    PROMOTE = "promover"
    ROLLBACK = "voltar"
    SHADOW = "sombra"
    NO_SHADOW = "sem_sombra"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the changes.

    Attributes:
        acao: what was done.
        sha256: of the version that decides (or is compared) since then; empty: the one that the settings name, or none.
        versao_regras: its policy's version.
        versao_modelo: its model's.
        anterior: sha256 of the one before.
        quem: the person.
        quando: UTC.
        por_que: the reason that was given.
    """

    acao: Action
    sha256: str
    versao_regras: str
    versao_modelo: str
    anterior: str
    quem: str
    quando: datetime
    por_que: str


def decoded(content: bytes, place: str) -> list[Change]:
    """Every change of a log, oldest first.

    Raises:
        VersionError: it is none; the message has its place.
    """
    try:
        return [msgspec.json.decode(line, type=Change) for line in content.splitlines()]
    except msgspec.MsgspecError as problem:
        raise VersionError(f"{place}: it can't be read: {problem}") from problem


def encoded(changes: Sequence[Change]) -> bytes:
    """The content of a log."""
    return b"".join(msgspec.json.encode(one) + b"\n" for one in changes)


def promoted(changes: Sequence[Change]) -> list[str]:
    """The sha256 of the versions that decided one after the other, without those that were rolled back."""
    found: list[str] = []
    for change in changes:
        if change.acao is Action.PROMOTE:
            found.append(change.sha256)
        elif change.acao is Action.ROLLBACK:
            found.pop()
    return found


def live(changes: Sequence[Change]) -> str:
    """The sha256 of the promoted version that decides; empty where the settings' rules do."""
    return (promoted(changes) or [""])[-1]


def shadow(changes: Sequence[Change]) -> str:
    """The sha256 of the version that is compared; empty where none is."""
    ours = [change for change in changes if change.acao in {Action.SHADOW, Action.NO_SHADOW}]
    return ours[-1].sha256 if ours else ""
