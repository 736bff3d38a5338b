"""The three services. None imports another; they talk over RabbitMQ only."""
