"""What surrounds a flow's work: servers, task runners, tracing, lineage."""
