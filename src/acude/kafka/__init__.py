"""The brokers: how to reach them, topics, producers, and consumers with one runner."""
