"""Docker's daemon as an engine: specs become bodies of its API, its JSON becomes records.

Reads and streams go over ``wire``, a small HTTP of our own: importing docker-py takes as long as a whole ``up`` that finds
nothing to do, and its streams can neither be ended from another thread nor keep what came with an upgrade. What changes
something goes through docker-py's low-level client, with bodies of our own where it does not know a field.
"""
