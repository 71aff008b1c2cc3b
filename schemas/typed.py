"""``NamedTuple``, ``TypedDict`` and ``Protocol`` at a tenth of the price: the same for readers and type checkers.

``typing`` turns every annotation into an object, and compiles a constructor for each tuple: for the classes of one command
fifteen milliseconds of its start-up, and memory in every shim. Here a tuple is its field names over shared methods; the
other two mean nothing at run time, and so are next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # ``typing`` has the same, but costs five milliseconds

if TYPE_CHECKING:
    from typing import Any as Any
    from typing import Generic as Generic
    from typing import NamedTuple as NamedTuple
    from typing import Protocol as Protocol
    from typing import TypedDict as TypedDict
    from typing import TypeVar as TypeVar
else:
    from _collections import _tuplegetter

    class _Record(tuple):
        """What every record can do (the methods of ``collections.namedtuple``)."""

        __slots__ = ()
        _fields: tuple[str, ...] = ()
        _field_defaults: dict[str, Any] = {}

        def __new__(cls, *values: Any, **named: Any) -> Any:
            fields = cls._fields
            if named or len(values) != len(fields):
                values = cls._complete(values, named)
            return tuple.__new__(cls, values)

        @classmethod
        def _complete(cls, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
            """All values in order; TypeError for one too many, unknown, given twice or missing."""
            fields, defaults = cls._fields, cls._field_defaults
            if len(values) > len(fields):
                raise TypeError(
                    f"{cls.__name__} takes {len(fields)} values, {len(values)} were given"
                )
            found = list(values)
            for field in fields[len(values) :]:
                if field in named:
                    found.append(named.pop(field))
                elif field in defaults:
                    found.append(defaults[field])
                else:
                    raise TypeError(f"{cls.__name__}: {field} is missing")
            if named:
                raise TypeError(f"{cls.__name__}: no further value called {', '.join(named)}")
            return tuple(found)

        @classmethod
        def _make(cls, values: Any) -> Any:
            return cls(*values)

        def _replace(self, **changes: Any) -> Any:
            found = [
                changes.pop(field, value) for field, value in zip(self._fields, self, strict=True)
            ]
            if changes:
                raise ValueError(f"{type(self).__name__}: no field called {', '.join(changes)}")
            return tuple.__new__(type(self), found)

        def _asdict(self) -> dict[str, Any]:
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self) -> str:
            pairs = zip(self._fields, self, strict=True)
            return f"{type(self).__name__}({', '.join(f'{field}={value!r}' for field, value in pairs)})"

        def __getnewargs__(self) -> tuple[Any, ...]:
            return tuple(self)

    class _Maker(type):
        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            for index, field in enumerate(fields):
                body[field] = _tuplegetter(index, field)
            body |= {
                "__slots__": (),
                "_fields": fields,
                "_field_defaults": defaults,
                "__match_args__": fields,
            }
            return type(name, (_Record,), body)

    class NamedTuple(metaclass=_Maker):
        """As ``typing.NamedTuple``: fields by annotation, defaults by assignment, methods as usual."""

    class _Shape(type):
        def __new__(
            cls, name: str, bases: tuple[type, ...], body: dict[str, Any], *, total: bool = True
        ) -> type:
            return super().__new__(cls, name, (dict,) if bases else (), body)

        def __init__(cls, *_: Any, **__: Any) -> None:
            pass

    class TypedDict(metaclass=_Shape):
        """As ``typing.TypedDict``: what it makes is a dictionary."""

    class Protocol:
        """As ``typing.Protocol``, but for isinstance()."""

        def __class_getitem__(cls, _: Any) -> type:
            return cls

    class Generic(Protocol):
        """As ``typing.Generic``."""

    class Any:
        """As ``typing.Any``, for the few places where an annotation is evaluated."""

    def TypeVar(name: str, **_: Any) -> str:  # noqa: N802
        """As ``typing.TypeVar``."""
        return name
