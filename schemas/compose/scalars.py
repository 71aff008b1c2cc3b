"""Building blocks of the models: strict scalars, lists without doubles, mappings that may be written as lists."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

IntOrText = int | str
NumberOrText = float | str
FlagOrText = bool | str
Scalar = str | float | bool | None


def _unique(items: list[Any]) -> list[Any]:
    for index, item in enumerate(items):
        for before in range(index):
            if type(items[before]) is type(item) and items[before] == item:
                raise ValueError(f"array items[{before},{index}] must be unique")
    return items


Unique = AfterValidator(_unique)
UniqueTexts = Annotated[list[str], Unique, Field(json_schema_extra={"uniqueItems": True})]
UniqueTextsOrNumbers = Annotated[
    list[str | float], Unique, Field(json_schema_extra={"uniqueItems": True})
]
TextOrList = str | UniqueTexts
Key = Annotated[str, Field(pattern=".+")]
ListOrMapping = dict[Key, Scalar] | UniqueTexts
Variables = dict[str, Scalar] | UniqueTexts  # a file of variables may hold one without a name
Hosts = dict[Key, str | list[str]] | UniqueTexts
Options = dict[str, str | float]
Command = str | list[str] | None
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]+$")]


class Section(BaseModel):
    """A mapping with known keys; anything else must be an extension (``x-…``)."""

    model_config = ConfigDict(
        strict=True,
        extra="allow",
        defer_build=True,
        populate_by_name=True,
        json_schema_extra={"additionalProperties": False, "patternProperties": {"^x-": {}}},
    )

    @model_validator(mode="before")
    @classmethod
    def _only_extensions(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = {field.alias or name for name, field in cls.model_fields.items()}
            for key, item in value.items():
                if key in known:
                    if item is None and key not in cls.nullable():
                        raise ValueError(f"{key} must not be null")
                elif not str(key).startswith("x-"):
                    raise ValueError(f"additional property {key} is not allowed")
        return value

    @classmethod
    def nullable(cls) -> frozenset[str]:
        """Attributes that may be written with no value."""
        return frozenset()


class ExternalName(Section):
    """The old way to name a resource that is not the project's own; ``name`` beside ``external: true`` is the new one."""

    name: str | None = Field(default=None, deprecated=True)


External = bool | str | ExternalName
