"""Every statement on notify's own database, apart from the plumbing's; a file for each concern."""
