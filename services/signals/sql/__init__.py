"""Every statement on signals' own database, apart from the plumbing's."""
