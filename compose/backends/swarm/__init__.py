"""The engine of a Docker Swarm."""
