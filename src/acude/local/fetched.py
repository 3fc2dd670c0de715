"""What is fetched once: jars and Trino."""

from acude.settings import INSTALLED


def fetch_advice(module: str) -> str:
    """How to get what a module of `acude.local` fetches: a checkout has a Makefile that does it."""
    return f"Run `python -m {module}`." if INSTALLED else "Run `make install`."
