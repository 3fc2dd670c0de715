"""Payments on the lake: scored again, compared, learnt from, and what came to light."""
