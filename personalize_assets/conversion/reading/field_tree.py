"""The fields that paths ask for, as a tree, and the msgspec structs that hold them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from personalize_assets.conversion.mapping.paths import Path

MAX_ELEMENTS = 100_000
"""The most rows that ``each`` makes of one event. An order has tens of products, an event of Segment at most 32 KB."""

_FEW = msgspec.Meta(max_length=MAX_ELEMENTS)
_SCALAR = str | int | float | bool | None


class NoShapeError(Exception):
    """Structs cannot hold what paths ask for, as a field's value and a field inside it: only the exact path can."""


class Field:
    """A field that paths lead to or through.

    Attributes:
        children: The fields in it.
        is_value: Whether its value is asked for.
        element: The elements of the array or object that it is.
        holds_json: Whether it may be a text that holds JSON, which is decoded afterwards (``struct_unwrapper``).
        holds_events: Whether its elements are events.
    """

    def __init__(self) -> None:
        """A field that nothing is asked of."""
        self.children: dict[str, Field] = {}
        self.is_value = False
        self.element: Field | None = None
        self.holds_json = False
        self.holds_events = False

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

    def struct(self) -> type[msgspec.Struct]:
        """A struct for the object that this field is. Raises ``NoShapeError``."""
        fields = []
        for number, child in enumerate(self.children.values()):
            kind = child.kind()
            default: Any = None
            if child.children:
                # A missing object is read as one without fields, so that one call can follow a whole path.
                default = kind()
            fields.append((f"f{number}", child._or_text(kind), default))
        names = {f"f{number}": name for number, name in enumerate(self.children)}
        return msgspec.defstruct("Fields", fields, rename=names, frozen=True, gc=False)

    def kind(self) -> Any:
        """What the field's value is decoded into, if it is neither null nor a text with JSON in it."""
        if sum((self.is_value, bool(self.children), self.element is not None)) > 1:
            raise NoShapeError
        if self.children:
            return self.struct()
        if self.element is None:
            return Any
        if self.element.is_value and self.element.children:
            raise NoShapeError
        if self.holds_events:
            event = self.element.struct()
            return list[event] | dict[str, event]  # type: ignore[valid-type]
        element: Any = self.element.struct() if self.element.children else Any
        # An event with more elements is not for this reader: the exact path rejects it.
        return Annotated[list[element], _FEW] | Annotated[dict[str, element], _FEW]

    def _or_text(self, kind: Any) -> Any:
        if not self.holds_json:
            return kind if kind is Any else kind | None
        if self.children:
            return kind | str | None
        if self.element is not None and (self.element.children or self.holds_events):
            return kind | str | None
        # Texts within an array hold JSON, too: it is not for this reader.
        return dict[str, Any] | _SCALAR
