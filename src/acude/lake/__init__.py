"""What every table of the lake can do: append once, replace a day, stage and publish, compact."""
