"""Every statement on triage's own database, apart from the plumbing's; a file for each concern."""
