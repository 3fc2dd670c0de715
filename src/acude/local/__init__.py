"""The real servers of the one-machine platform: install, start, wait until ready, stop."""
