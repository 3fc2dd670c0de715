"""The audit log in the decisions' database. Its owner is the server's administrator."""
