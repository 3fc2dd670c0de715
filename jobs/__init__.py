"""The jobs: one file per streaming query, one file per mart or load."""
