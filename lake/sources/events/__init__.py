"""Streams of events that tell which documents changed: the protocol, the forms of events, and our own kinds."""
