"""Athena's own API in front of Trino, the engine that Athena is built on."""
