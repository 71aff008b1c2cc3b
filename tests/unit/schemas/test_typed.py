"""What ``schemas.typed`` makes behaves as what ``typing`` makes."""

from __future__ import annotations

import copy
import pickle
from typing import Required, TypeVar

import pytest

from schemas.typed import NamedTuple, Protocol, TypedDict

T_co = TypeVar("T_co", covariant=True)


class Point(NamedTuple):
    """A place."""

    x: int
    y: int = 2
    label: str = ""

    @property
    def sum(self) -> int:
        return self.x + self.y

    def moved(self, by: int) -> Point:
        return self._replace(x=self.x + by)


def test_values_come_by_position_by_name_and_by_default() -> None:
    assert Point(1) == Point(1, 2) == Point(x=1, y=2) == (1, 2, "")
    assert (Point(1, label="a").label, Point(3).y) == ("a", 2)


@pytest.mark.parametrize(
    "call", ["Point()", "Point(1, 2, '', 4)", "Point(1, z=3)", "Point(1, x=2)"]
)
def test_wrong_calls_are_type_errors(call: str) -> None:
    with pytest.raises(TypeError):
        eval(call)


def test_methods_properties_and_documentation_stay() -> None:
    assert (Point(1).sum, Point(1).moved(2), Point.__doc__) == (3, Point(3), "A place.")
    assert repr(Point(1)) == "Point(x=1, y=2, label='')"


def test_it_is_a_tuple_that_does_not_change() -> None:
    x, *_ = point = Point(5)
    assert (x, len(point), hash(point)) == (5, 3, hash((5, 2, "")))
    with pytest.raises(AttributeError):
        point.x = 1  # type: ignore[misc]
    with pytest.raises(ValueError, match="no field"):
        point._replace(z=1)


def test_it_can_be_copied_pickled_matched_and_made_a_dictionary() -> None:
    point = Point(1, 3)
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == Point._make(point) == point
    assert point._asdict() == {"x": 1, "y": 3, "label": ""}
    match point:
        case Point(x=1, y=y):
            assert y == 3
        case _:
            raise AssertionError("it must match")
    assert Point._fields == ("x", "y", "label")
    assert Point._field_defaults == {"y": 2, "label": ""}


class Box(TypedDict, total=False):
    """A box."""

    width: Required[int]
    height: int


class Wide(Box, total=False):
    depth: int


class Reader(Protocol[T_co]):
    def read(self) -> T_co: ...


class Words(Reader[str]):
    def read(self) -> str:
        return "words"


def test_a_typed_dictionary_is_a_dictionary() -> None:
    box: Box = {"width": 1}
    assert Box(width=1) == box == {"width": 1}
    assert isinstance(Wide(width=1, depth=2), dict)


def test_a_protocol_can_be_parametrised_and_implemented() -> None:
    assert Words().read() == "words"
