"""Words that stand for a missing value (``nulls`` in the config), as ``undefined`` or ``(not set)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from personalize_assets.conversion.mapping.where import AllowedValues, is_one_of


class NullWords:
    """Finds the words of a dataset among the values of events; false if it has none.

    A word equals a value as in ``where``: a text that is written so, or a number or boolean with that text.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """``words`` as in ``Dataset.nulls``."""
        self.words = tuple(words)
        self._values = AllowedValues.of(self.words)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.words)

    def without(self, value: Any) -> Any:
        """The value; None for one of the words, and for those among the elements of an array."""
        if type(value) is list:
            elements = []
            for element in value:  # no comprehension: one frame a level, however deeply arrays are nested
                elements.append(self.without(element))
            return elements
        return None if is_one_of(value, self._values) else value

    def are_among(self, texts: pa.Array, kind: pa.DataType) -> pa.Array:
        """For each value whether it is one of the words; ``texts`` are those of values of an Arrow type."""
        is_text = pa.types.is_string(kind) or pa.types.is_timestamp(kind)
        words = self._values.texts if is_text else self._values.of_others
        return pc.is_in(texts, pa.array(sorted(words), pa.string()))


NO_WORDS = NullWords(())
