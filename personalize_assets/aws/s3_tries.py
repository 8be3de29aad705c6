"""boto3's requests to S3 are tried again as those of tasks are (``conversion.tries``), and a long wait gives a line.

botocore alone tries five times in a few seconds, and in silence. What it can tell from an answer stays as it is: an
error inside an answer of status 200 (CopyObject, CompleteMultipartUpload) and a cut listing count as status 500.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personalize_assets.aws.error_codes import is_transient_code
from personalize_assets.conversion import waiting
from personalize_assets.conversion.tries import MAX_TRIES, TRANSIENT_STATUSES, Tries

RETRIES = {"mode": "standard", "total_max_attempts": 1}
"""Setting of botocore's ``Config`` for a client that ``try_again`` is used on: botocore itself tries once."""

_WAIT, _TRIES = "personalize_assets.wait", "personalize_assets.tries"


def try_again(client: Any, max_tries: int | None = None) -> None:
    """Let a client of S3, made with ``RETRIES``, try each call up to so many times, by default ``MAX_TRIES``."""

    def begin(params: dict[str, Any], context: dict[str, Any], model: Any, **_: Any) -> None:
        context[_WAIT] = waiting.begin(f"S3 {model.name} {params['url'].partition('?')[0]}")
        context[_TRIES] = Tries(context[_WAIT], max_tries or MAX_TRIES)

    def end(context: dict[str, Any], **_: Any) -> None:
        if _WAIT in context:
            waiting.end(context.pop(_WAIT))

    events = client.meta.events
    events.register("before-call.s3", begin)
    events.register("after-call.s3", end)
    events.register("after-call-error.s3", end)
    events.register("needs-retry.s3", _next_wait)


def _next_wait(
    request_dict: Mapping[str, Any], response: Any = None, caught_exception: Exception | None = None, **_: Any
) -> float | None:
    """Seconds to wait before the next try; None after the last one, and for what trying again does not help."""
    tries: Tries | None = request_dict["context"].get(_TRIES)
    cause = _transient_error(caught_exception) if response is None else _transient_answer(*response)
    return tries.next_wait(cause) if tries and cause is not None else None


def _transient_error(error: Exception | None) -> str | None:
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    return str(error) if isinstance(error, NoConnection | HTTPClientError) else None


def _transient_answer(answer: Any, parsed: Mapping[str, Any]) -> str | None:
    code = str(parsed.get("Error", {}).get("Code", ""))
    if answer.status_code in TRANSIENT_STATUSES or is_transient_code(code):
        return code or f"status {answer.status_code}"
    return None
