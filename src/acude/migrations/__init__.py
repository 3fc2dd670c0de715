"""Migrations of the PostgreSQL databases: a folder each, in it an SQL file a step. Alembic applies and counts them."""
