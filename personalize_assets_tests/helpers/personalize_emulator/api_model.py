"""Requests and answers as botocore's own model of the service has them.

Source of every rule here: ``personalize/2018-05-22/service-2.json.gz`` in botocore. botocore itself checks only
required members, types and minima before it sends; the service checks maxima, patterns and enumerations too. The form
of the error text ("1 validation error detected: …") is that of AWS's JSON services, from posts of users.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StringShape, StructureShape

from personalize_assets_tests.helpers.personalize_emulator.errors import ApiError, invalid

TARGET = "AmazonPersonalize"

_TYPES: dict[str, Any] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


class ApiModel:
    """The operations of Amazon Personalize."""

    def __init__(self) -> None:
        self.service = ServiceModel(Loader().load_service_model("personalize", "service-2"), "personalize")

    def operation(self, name: str) -> OperationModel:
        """Raises UnknownOperationException, as the service does, for a name that is not in the model."""
        if name not in self.service.operation_names:
            raise ApiError("UnknownOperationException", f"Amazon Personalize has no operation {name!r}")
        return self.service.operation_model(name)

    def validate(self, operation: str, params: Mapping[str, Any]) -> None:
        """Raises InvalidInputException for a request that the model does not allow."""
        shape = self.operation(operation).input_shape
        found = list(_problems(shape, params, "")) if shape is not None else []
        if found:
            count = f"{len(found)} validation error{'s' if len(found) > 1 else ''}"
            raise invalid(f"{count} detected: {'; '.join(found)}")

    def answer(self, operation: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The members of the operation's output, and no others; members that are None are left out."""
        shape = self.operation(operation).output_shape
        return _members(shape, values) if isinstance(shape, StructureShape) else {}

    def output(self, operation: str) -> tuple[str, Shape]:
        """Name and shape of the member that an answer consists of, besides ``nextToken``."""
        shape = self.operation(operation).output_shape
        assert isinstance(shape, StructureShape)
        ((name, member),) = [pair for pair in shape.members.items() if pair[0] != "nextToken"]
        return name, member


def _members(shape: StructureShape, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _projected(member, values[name]) for name, member in shape.members.items() if values.get(name) is not None
    }


def _projected(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return _members(shape, value)
    if isinstance(shape, ListShape):
        return [_projected(shape.member, element) for element in value]
    return value


def _problems(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, _TYPES[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        raise ApiError("SerializationException", f"{where or 'request'} is not of type {shape.type_name}")
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, where)
    elif isinstance(shape, ListShape):
        yield from _range_problems(shape, value, len(value), where, "length")
        for number, element in enumerate(value, 1):
            yield from _problems(shape.member, element, f"{where}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _range_problems(shape, value, len(value), where, "length")
    elif isinstance(shape, StringShape):
        yield from _string_problems(shape, value, where)
    elif isinstance(value, int | float):
        yield from _range_problems(shape, value, value, where, "value")


def _structure_problems(shape: StructureShape, value: dict[str, Any], where: str) -> Iterator[str]:
    path = f"{where}." if where else ""
    for name in value:
        if name not in shape.members:
            raise ApiError("SerializationException", f"{path}{name} is not a member of {shape.name}")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], path + name)
        elif name in shape.required_members:
            yield f"Value null at '{path}{name}' failed to satisfy constraint: Member must not be null"


def _string_problems(shape: StringShape, value: str, where: str) -> Iterator[str]:
    yield from _range_problems(shape, value, len(value), where, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _problem(value, where, f"satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _problem(value, where, f"satisfy enum value set: [{', '.join(shape.enum)}]")


def _range_problems(shape: Shape, value: Any, size: float, where: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _problem(value, where, f"have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _problem(value, where, f"have {what} less than or equal to {most}")


def _problem(value: Any, where: str, wanted: str) -> str:
    return f"Value '{value}' at '{where}' failed to satisfy constraint: Member must {wanted}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's, for Python: classes of Unicode are widened to ``\\w`` and space."""
    for java, python in ((r"\p{ASCII}", r"[\x00-\x7f]"), (r"\p{L}", r"\w"), (r"\p{N}", r"\w"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.DOTALL)
