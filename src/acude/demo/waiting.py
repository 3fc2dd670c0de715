"""Waits for what the servers do in their own time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from acude.demo.result import Say
from acude.errors import AcudeError
from acude.orchestration.lag import landed_offsets
from acude.settings import Settings
from acude.simulator import ledger as ledgers

WITHIN_S: Final = 300
Answer = TypeVar("Answer")


def patiently(ask: Callable[[], Answer], is_wrong: Callable[[Answer], bool]) -> Answer:
    """The answer once it is right; the last one where that takes longer than `WITHIN_S`."""
    found: Answer = retry(
        retry=retry_if_result(is_wrong),
        stop=stop_after_delay(WITHIN_S),
        wait=wait_fixed(1),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )(ask)()
    return found


def wait_until_landed(config: Settings, ledger: Path, say: Say) -> None:
    """Until the streams have committed every coordinate that the broker acknowledged.

    Args:
        config: where the checkpoints are.
        ledger: folder of the play's ledger.
        say: called with a sentence.

    Raises:
        AcudeError: they haven't within five minutes.
    """
    say("Waiting until the streams have caught up")
    wanted = pa.concat_tables(ledgers.read_run(ledger)).filter(
        (pc.field("resposta") == ledgers.CONFIRMED) & pc.is_valid(pc.field("topico"))
    )
    last = wanted.group_by(["topico", "particao"]).aggregate([("deslocamento", "max")]).to_pylist()
    if patiently(lambda: _not_landed(config, last), bool):
        raise AcudeError(f"What was sent did not reach silver within {WITHIN_S} s.", "Look at `acude logs streams`.")


def _not_landed(config: Settings, last: list[dict[str, Any]]) -> list[dict[str, Any]]:
    landed = landed_offsets(config)
    return [
        row for row in last if landed.get(row["topico"], {}).get(str(row["particao"]), 0) <= row["deslocamento_max"]
    ]
