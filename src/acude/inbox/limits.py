"""How much a sales file may hold. A task reads it block by block, so this bounds time and disk, not memory."""

from acude.inbox.errors import InboxError

LARGEST_BYTES = 2**34
"""Bytes of a file as it lies in the inbox, unpacked, and of the text in its rows."""

LARGEST_LINES = 200_000_000
"""Lines of a file. Empty ones are short: without this limit they would be more than their bytes tell."""

LONGEST_FIELD = 131_072
"""Characters of one field; the CSV reader's own limit."""

LONGEST_RECORD = 8 * 2**20
"""Bytes of a line of sales: more than all its fields together may have, in any encoding's widest characters."""


def too_much(file: str, limit: str) -> InboxError:
    """What is wrong with a file that holds more than that."""
    return InboxError(file, None, None, limit, "more; send it in parts, <YYYY-MM-DD>/part-<number>.<format>")


def too_many_bytes(file: str) -> InboxError:
    """What is wrong with a file of more than `LARGEST_BYTES`."""
    return too_much(file, f"at most {LARGEST_BYTES:,} bytes, packed and unpacked")


def too_many_lines(file: str) -> InboxError:
    """What is wrong with a file of more than `LARGEST_LINES`."""
    return too_much(file, f"at most {LARGEST_LINES:,} lines")


def too_long(file: str, line: int | None, column: str | None) -> InboxError:
    """What is wrong with a field of more than `LONGEST_FIELD` characters."""
    return InboxError(file, line, column, f"at most {LONGEST_FIELD:,} characters in a field", "more")
