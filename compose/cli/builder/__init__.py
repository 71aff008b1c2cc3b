"""The commands of ``pycompose builder``: one module for each, with ``add_arguments(parser)`` and ``run(context, args)``."""
