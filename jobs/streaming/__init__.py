"""The streams: one file per query, all in one Spark driver."""
