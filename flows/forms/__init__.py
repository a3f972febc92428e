"""The forms that Prefect's UI shows."""
