"""A day of a table: stage, audit, publish."""
