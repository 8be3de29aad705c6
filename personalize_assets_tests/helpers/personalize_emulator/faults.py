"""Faults of the service by a plan, and the record of calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What happens to a call instead of its answer.

    Attributes:
        code: Of the error that is answered. Empty: the connection is closed without an answer.
        message: Text of that error.
        status: HTTP status of that error.
        is_performed: Whether what was asked for is done before.
    """

    code: str = ""
    message: str = ""
    status: int = 400
    is_performed: bool = False


THROTTLED = Fault("ThrottlingException", "Rate exceeded")
"""As botocore knows throttling of all services; the model of Personalize declares no such error."""
INTERNAL = Fault("InternalServerError", "Internal server error", 500)
CUT = Fault()
"""The connection is closed, and nothing was done."""
LOST = Fault(is_performed=True)
"""What was asked for was done, and the connection is closed before the answer."""


@dataclass
class Call:
    """A call that reached the server.

    Attributes:
        number: From 1, in the order of arrival.
        operation: As ``CreateSchema``.
        params: The request.
        outcome: Empty while it goes on; then ``done``, the code of an error, ``cut`` or ``lost``.
    """

    number: int
    operation: str
    params: dict[str, Any]
    outcome: str = ""


@dataclass
class _Planned:
    fault: Fault
    operation: str
    first: int
    last: int | None
    seen: int = 0


@dataclass
class FaultPlan:
    """Which calls fail, and how.

    Attributes:
        choose: Decides about calls for which nothing is planned.
        injected: Number of the call and fault, of those that happened.
    """

    choose: Callable[[Call], Fault | None] = lambda call: None
    injected: list[tuple[int, Fault]] = field(default_factory=list)
    _planned: list[_Planned] = field(default_factory=list)

    def inject(self, fault: Fault, operation: str = "", *, nth: int = 1, times: int | None = 1) -> None:
        """Plan a fault for the ``nth`` call from now on, of one operation or of any, and for those that follow it.

        ``times`` is how many calls in a row have it; None means all until ``clear``.
        """
        self._planned.append(_Planned(fault, operation, nth, None if times is None else nth + times - 1))

    def clear(self) -> None:
        """Forget what is planned."""
        self._planned.clear()
        self.choose = lambda call: None

    def of(self, call: Call) -> Fault | None:
        """The fault of a call; each call must be asked about once."""
        chosen = None
        for planned in self._planned:
            if planned.operation not in ("", call.operation):
                continue
            planned.seen += 1
            if chosen is None and planned.seen >= planned.first and planned.seen <= (planned.last or planned.seen):
                chosen = planned.fault
        chosen = chosen or self.choose(call)
        if chosen is not None:
            self.injected.append((call.number, chosen))
        return chosen
