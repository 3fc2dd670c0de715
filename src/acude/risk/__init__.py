"""Decides one payment: signals, lists, features, model, decision. Deciding is pure: no I/O, no clock, no Spark.

Only `policy`, `model`, `drift` and `rules` read files, those of the version that they load.
"""
