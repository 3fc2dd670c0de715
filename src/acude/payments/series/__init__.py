"""Payments by minute and hour as time series in the decisions' database, with TimescaleDB or without."""
