"""The streams: one file a query, all in one Spark driver."""
