"""Images to and from real registries."""
