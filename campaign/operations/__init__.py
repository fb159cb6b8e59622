"""For whoever runs an instance: whether it serves (`health`), and what waits (`backlog`)."""
