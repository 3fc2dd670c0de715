"""The trace of one payment: what every store has of it."""
