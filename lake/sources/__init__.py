"""Sources of documents, and the metadata declared beside their text."""
