"""Consumers of Kafka: one runner, one bounded reader, and what they need. Nothing here knows what a record means."""
