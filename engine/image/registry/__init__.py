"""Registries: images and artifacts over HTTP (OCI distribution spec 1.1, Docker Registry HTTP API V2).

From the inside out: ``settings`` and ``places`` (where a registry is, and what is trusted), ``auth`` (challenges and
tokens), ``client`` (one request, with everything that can go wrong with it), ``errors`` (its words), ``manifests`` (what
an image is made of), ``download`` and ``upload`` (blobs), ``pull``, ``push`` and ``artifact``. urllib3 is loaded when a
registry is spoken to, not before.
"""
