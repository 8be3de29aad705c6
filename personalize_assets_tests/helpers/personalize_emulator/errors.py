"""Errors that the emulator answers with, and the failure of a job."""

from __future__ import annotations


class ApiError(Exception):
    """An error in the form of the service: a code of the model, a text, and the HTTP status.

    The codes are those that botocore's model declares for an operation. The texts are from page error-messages where it
    has one, else inferred from what users have posted; a client must compare codes only.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ApiError:
    return ApiError("InvalidInputException", message)


def not_found(what: str, arn: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"Could not find the {what} with Arn {arn}.")


def exists(arn: str) -> ApiError:
    return ApiError("ResourceAlreadyExistsException", f"Another resource with Arn {arn} already exists.")


def in_use(message: str) -> ApiError:
    return ApiError("ResourceInUseException", message)


def limit(message: str) -> ApiError:
    return ApiError("LimitExceededException", message)


class JobFailure(Exception):
    """Why a job ends in its failed state; the text is the job's ``failureReason``."""
