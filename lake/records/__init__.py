"""What is kept beside releases: scores, replies of chat models, feedback."""
