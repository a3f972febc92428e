"""Caches of query vectors, search results and answers, in the process and in a Redis that processes share."""
