"""Athena's own API in front of DuckDB, and the client that asks it."""
