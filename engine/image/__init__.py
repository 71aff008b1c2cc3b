"""Images: references, blobs by digest, archives, and the built-in image of the host's own system."""
