"""Maintenance of what the batch writes: its tables, and what its runs left beside them."""

from typing import Any

from acude.lake import maintenance
from acude.publishing import data_docs, staging
from acude.publishing.submit import NOTHING, submit
from acude.settings import settings


def run() -> dict[str, Any]:
    """Expires the batch's tables, staged days of runs that died, refused rows, and the pages that show some of them.

    Returns:
        `tables`: see `acude.lake.maintenance.maintain_batch`; `staged`, `rejected` and
        `reports`: how many objects went.
    """
    config = settings()
    return {
        "tables": maintenance.maintain_batch(),
        # A staged day's files go at this age, too, and without them its description says nothing.
        "staged": staging.expire(config.expire_after),
        "rejected": staging.expire(config.rejected_kept, staging.REJECTED),
        # They show some of those rows.
        "reports": staging.expire(config.rejected_kept, data_docs.FOLDER),
    }


if __name__ == "__main__":
    submit("maintenance", __doc__, run, takes=NOTHING, driver=False)
