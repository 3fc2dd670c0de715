"""The jobs: one file a streaming query, one file a mart or load."""
