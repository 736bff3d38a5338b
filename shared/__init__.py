"""What the three services have in common: contracts, plumbing, clock. Imports no service."""
