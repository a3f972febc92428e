"""Records beside the releases: scores, replies of chat models, feedback, the query log."""
