"""One module for each command of ``swarm``: ``add_arguments(parser)`` and ``run(context, args) -> exit code``."""
