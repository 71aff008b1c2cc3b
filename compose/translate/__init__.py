"""The canonical tree in the engine's words: a file for each part of a service. Pure; every key is translated or refused."""
