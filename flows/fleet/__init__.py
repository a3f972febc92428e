"""Several lakes in one file, with their deployments and automations."""
