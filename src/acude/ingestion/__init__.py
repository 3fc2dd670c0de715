"""From Kafka records to bronze, silver and quarantine: decode, find duplicates, rebuild, send again."""
