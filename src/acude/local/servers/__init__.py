"""One file per server: its configuration, its start and its readiness check."""
