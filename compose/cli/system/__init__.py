"""The commands of ``pycompose system``: one module for each, with ``add_arguments(parser)`` and ``run(context, args)``."""
