"""The fields that paths ask for, as a tree, and the msgspec structs that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec

from personalize_assets.conversion.mapping.paths import Path

MAX_ELEMENTS = 100_000
"""The most rows that ``each`` makes of one event. An order has tens of products, an event of Segment at most 32 KB."""

_NO_NAME = re.compile(r'[\\"\x00-\x1f]')
_SCALAR = str | int | float | bool | None


class NoShapeError(Exception):
    """Structs cannot hold what paths ask for, as a field's value and a field inside it: only the exact path can."""


def is_name(text: str) -> bool:
    """Whether msgspec takes a text as the name of a struct's field."""
    return _NO_NAME.search(text) is None


class Spellings:
    """How the names of an object are written, where names are compared without regard to case.

    Attributes:
        wanted: By name in lower case, how fields that are asked for are written, in the order in which it was learned.
        others: The names of all other fields.
    """

    def __init__(self) -> None:
        """Know none."""
        self.wanted: dict[str, list[str]] = {}
        self.others: dict[str, None] = {}


class Field:
    """A field that paths lead to or through.

    Attributes:
        children: The fields in it.
        is_value: Whether its value is asked for.
        is_picked: Whether names inside its value are asked for, too.
        element: The elements of the array or object that it is.
        holds_json: Whether it may be a text with JSON in it, which ``decode_text`` decodes.
        holds_events: Whether its elements are events.
        spellings: How the names in it are written; None if each is written as it is asked for.
    """

    def __init__(self) -> None:
        """A field that nothing is asked of."""
        self.children: dict[str, Field] = {}
        self.is_value = False
        self.is_picked = False
        self.element: Field | None = None
        self.holds_json = False
        self.holds_events = False
        self.spellings: Spellings | None = None
        # Set by ``struct``, for the structs that it made last.
        self.missing: msgspec.Struct | None = None
        self.decode_text: Callable[[str], Any] | None = None

    def descend(self, path: Path) -> Field:
        """The field at the end of a path without picks, created if needed."""
        field = self
        for step in path:
            field = field.children.setdefault(step, Field())
        return field

    def attributes(self, path: Path) -> str:
        """The attributes of the structs that a path goes through, as ``attrgetter`` takes them."""
        field, names = self, []
        for step in path:
            names.append(f"f{list(field.children).index(step)}")
            field = field.children[step]
        return ".".join(names)

    def all_below(self) -> Iterator[Field]:
        """This field and all fields and elements in it."""
        yield self
        for inside in (*self.children.values(), *([self.element] if self.element else [])):
            yield from inside.all_below()

    def struct(self) -> type[msgspec.Struct]:
        """A struct for the object that this field is. Raises ``NoShapeError``."""
        names: dict[str, str] = {}
        fields: list[tuple[str, Any, Any]] = []
        for number, (name, child) in enumerate(self.children.items()):
            kind = child._kind(ignores_case=self.spellings is not None)
            if child.holds_json:
                child.decode_text = msgspec.json.Decoder(kind if kind is Any else kind | None).decode
            # A missing object is read as one without fields, so that one call can follow a whole path.
            child.missing = kind() if child.children else None
            kind = child._or_text(kind)
            for again, written in enumerate(self._written(name)):
                attribute = f"f{number}_{again}" if again else f"f{number}"
                fields.append((attribute, kind, None if again else child.missing))
                names[attribute] = written
        for number, other in enumerate(self.spellings.others if self.spellings else ()):
            fields.append((f"x{number}", msgspec.Raw, None))
            names[f"x{number}"] = other
        if not all(map(is_name, names.values())):
            raise NoShapeError
        return msgspec.defstruct(
            "Fields", fields, rename=names, frozen=True, gc=False, forbid_unknown_fields=self.spellings is not None
        )

    def _written(self, name: str) -> list[str]:
        return (self.spellings.wanted.get(name) if self.spellings else None) or [name]

    def _kind(self, *, ignores_case: bool) -> Any:
        """What the field's value is decoded into, if it is neither null nor a text with JSON in it."""
        if sum((self.is_value, bool(self.children), self.element is not None)) > 1:
            raise NoShapeError
        if self.children:
            return self.struct()
        if self.element is None:
            return _value_kind(is_any=self.is_picked or not ignores_case)
        if self.element.is_value and self.element.children:
            raise NoShapeError
        is_object = self.holds_events or bool(self.element.children)
        element: Any = self.element.struct() if is_object else _value_kind(is_any=not ignores_case)
        # An event with more elements is not for this reader: the exact path rejects it.
        few = msgspec.Meta(max_length=MAX_ELEMENTS)
        kind: Any = list[element] if self.holds_events else Annotated[list[element], few]
        if ignores_case:  # names of an object that become equal are one element
            return kind
        return kind | (dict[str, element] if self.holds_events else Annotated[dict[str, element], few])

    def _or_text(self, kind: Any) -> Any:
        if not self.holds_json:
            return kind if kind is Any else kind | None
        if self.children or (self.element is not None and (self.element.children or self.holds_events)):
            return kind | str | None
        # In an array texts hold JSON, too: it is not for this reader.
        return str | None


def _value_kind(*, is_any: bool) -> Any:
    return Any if is_any else _SCALAR | list[_SCALAR]
