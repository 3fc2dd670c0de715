"""Decides one payment: signals, lists, features, model, decision. Pure: no I/O, no clock, no Spark."""
