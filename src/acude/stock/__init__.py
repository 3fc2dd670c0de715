"""Stock updates of the warehouses: a poller that carries them to Kafka, and the rule for which of them counts."""
