"""Payments on the lake: scored again, compared, and what came to light."""
