"""Git: crash-safe commits, upstream clones, and the private state of a port inside `.git`."""
