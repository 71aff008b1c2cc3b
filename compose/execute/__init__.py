"""Carry out a plan: every step as soon as those before it are done, in parallel as far as allowed.

``execute`` is all that the rest needs. Two runners drive the same ``Course``: threads (``crew``) for plans that never wait,
an anyio task group (``bridge``) for those that do, because its import costs more than a small plan's whole work.
"""
