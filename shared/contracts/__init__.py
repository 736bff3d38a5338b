"""Every event on the bus. A file holds what one publisher publishes; see docs/ARCHITECTURE.md."""
