"""Redshift and its local twin behind one loader: a table's day is replaced in one transaction, and recorded."""
