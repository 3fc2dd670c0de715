"""Trino's functions: one declaration a signature."""

from importlib import import_module


def load_all() -> None:
    """Fills the registry."""
    for name in ("mathematics", "text", "times", "collections", "documents", "aggregates", "ranking"):
        import_module(f"acude.athena.functions.{name}")
