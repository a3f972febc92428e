"""raglake: documents as a versioned search index, kept right night after night."""
