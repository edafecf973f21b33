"""The rules of the service, pure: no HTTP, no disk, no clock of its own, no threads."""
