"""The commands of ``pycompose image``: one module for each, with ``add_arguments(parser)`` and ``run(engine, args)``."""
