"""Stock updates of the warehouses on their way to Kafka: a poller, and the client of their API."""
