"""The order database of the simulated shop."""
