"""Questions and answers over HTTP."""
