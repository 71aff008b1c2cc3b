"""Build caches that are kept elsewhere: in a registry, in a directory, inside images (``cache_from``, ``cache_to``)."""
