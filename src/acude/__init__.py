"""Açude: the data platform of an online shop."""
