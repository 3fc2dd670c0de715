"""Plays a day in the shop, or 13 days of payments, on the running platform, and proves what must hold."""
