"""The local stack, and those who play their parts on it: outsiders that import no service."""
