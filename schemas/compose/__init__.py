"""The Compose language as pydantic models: every attribute, in the short and the long forms a file may use.

These models are the single source of the file format. ``schemas/compose-schema.json`` is generated from them (see
``schemas.compose.export``) and serves two readers that must not pay for importing pydantic: the loader, which validates
with a small walker of its own that keeps positions, and editors, which complete and check ``compose.yaml`` with it.
"""
