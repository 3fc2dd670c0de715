"""What every table of the lake can do: append once, replace a day, be read at one version, compact, expire."""
