"""Waits until the streams have what a play has sent."""

import time
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from acude.demo.properties import Say
from acude.errors import AcudeError
from acude.orchestration.lag import landed_offsets
from acude.settings import Settings
from acude.simulator import ledger as ledgers

LANDS_WITHIN_S: Final = 300


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
    deadline = time.monotonic() + LANDS_WITHIN_S
    while time.monotonic() < deadline:
        landed = landed_offsets(config)
        if all(landed.get(row["topico"], {}).get(str(row["particao"]), 0) > row["deslocamento_max"] for row in last):
            return
        time.sleep(1)
    raise AcudeError(f"What was sent did not reach silver within {LANDS_WITHIN_S} s.", "Look at `acude logs streams`.")
