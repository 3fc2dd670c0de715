"""A day in the shop on the running platform, and the proof of its properties."""
