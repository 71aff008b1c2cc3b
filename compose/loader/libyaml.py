"""libyaml's parser as PyYAML's C extension offers it, without the rest of PyYAML.

``import yaml`` compiles a dozen regular expressions and loads readers, writers and constructors that are not wanted here:
10 ms of a start-up of 40. The extension itself needs only nodes, tokens, events and the names of the errors.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

from schemas.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_MARKED = (
    "scanner.ScannerError",
    "parser.ParserError",
    "composer.ComposerError",
    "constructor.ConstructorError",
)
_PLAIN = (
    "reader.ReaderError", "emitter.EmitterError", "serializer.SerializerError", "representer.RepresenterError",
)  # fmt: skip


def _extension() -> Any:
    """The module ``yaml._yaml``; whoever imports ``yaml`` later finds the whole of it."""
    if "yaml" in sys.modules:
        import yaml._yaml

        return yaml._yaml
    from importlib import import_module
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("yaml")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'yaml'")
    package: Any = ModuleType("yaml")
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules["yaml"] = package
    try:
        for name in ("error", "nodes", "tokens", "events"):
            setattr(package, name, import_module(f"yaml.{name}"))
        for names, base in (
            (_MARKED, package.error.MarkedYAMLError),
            (_PLAIN, package.error.YAMLError),
        ):
            for dotted in names:
                module, _, name = dotted.partition(".")
                setattr(package, module, SimpleNamespace(**{name: type(name, (base,), {})}))
        return import_module("yaml._yaml")
    finally:
        del sys.modules["yaml"]


_yaml = _extension()
CParser: Any = _yaml.CParser
ComposerError: Any = _yaml.ComposerError
YAMLError: Any = sys.modules["yaml.error"].YAMLError
MarkedYAMLError: Any = sys.modules["yaml.error"].MarkedYAMLError
events: Any = sys.modules["yaml.events"]
nodes: Any = sys.modules["yaml.nodes"]
