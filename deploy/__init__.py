"""How the system is brought up: locally, in containers, and with which topology."""
