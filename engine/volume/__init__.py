"""Volumes: directories that outlive containers, what is put into new ones, and mounts as a container sees them."""
