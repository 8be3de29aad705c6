"""Errors of AWS as texts for the user, and which of them are transient."""

from __future__ import annotations

import pytest
from botocore import exceptions as aws

from personalize_assets.aws.error_codes import (
    AwsError,
    ErrorKind,
    Raises,
    TransientAwsError,
    explain_errors,
    is_transient_code,
    kind_of,
    refusal,
)
from personalize_assets.errors import PersonalizeAssetsError


def client_error(code: str, message: str = "No.") -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": message}}, "GetJob")


def explained(error: Exception, advice: dict[str, str] | None = None) -> PersonalizeAssetsError:
    """What is raised for botocore's error."""
    with pytest.raises(PersonalizeAssetsError) as raised, explain_errors("Glue job 'a'", "glue:GetJob", advice):
        raise error
    assert raised.value.__cause__ is error
    return raised.value


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "AccessDeniedException",
            "Glue job 'a': access denied (GetJob: No); the role or user that runs this needs glue:GetJob",
        ),
        (
            "ExpiredToken",
            "Glue job 'a': AWS rejects the credentials (GetJob: No); log in again, or correct aws.profile in the "
            "config, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        (
            "PermanentRedirect",
            "Glue job 'a': it is in another region (GetJob: No); set aws.region in the config or AWS_DEFAULT_REGION to "
            "that region",
        ),
        ("ValidationException", "Glue job 'a': ValidationException (GetJob: No)"),
    ],
)
def test_a_refusal_names_the_thing_what_was_found_and_what_to_do(code: str, text: str) -> None:
    error = explained(client_error(code))

    assert (type(error), str(error)) == (AwsError, text)


def test_a_busy_service_raises_the_transient_class() -> None:
    error = explained(client_error("ThrottlingException", "Rate exceeded"))

    assert (type(error), str(error)) == (TransientAwsError, "Glue job 'a': ThrottlingException (GetJob: Rate exceeded)")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            aws.NoCredentialsError(),
            "Glue job 'a': no AWS credentials (Unable to locate credentials); set aws.profile in the config, "
            "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
        ),
        (
            aws.ProfileNotFound(profile="mine"),
            "Glue job 'a': no AWS credentials (The config profile (mine) could not be found); set aws.profile in the "
            "config, AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached",
        ),
        (
            aws.NoRegionError(),
            "Glue job 'a': no AWS region; set aws.region in the config or AWS_DEFAULT_REGION",
        ),
        (aws.ParamValidationError(report="x"), "Glue job 'a': Parameter validation failed:\nx"),
    ],
)
def test_an_error_before_any_answer_says_what_to_set(error: Exception, text: str) -> None:
    found = explained(error)

    assert (type(found), str(found)) == (AwsError, text)


def test_a_service_that_does_not_answer_is_transient() -> None:
    error = explained(aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))

    assert type(error) is TransientAwsError
    assert str(error) == (
        "Glue job 'a': the service cannot be reached (Could not connect to the endpoint URL: \"http://127.0.0.1:1\"); "
        "check the network, and aws.region in the config or AWS_DEFAULT_REGION"
    )


def test_what_gave_the_url_of_a_service_that_does_not_answer_is_named() -> None:
    without_answer = aws.EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
    without_answer.add_note("endpoint: AWS_ENDPOINT_URL_GLUE")

    assert str(explained(without_answer)) == (
        "Glue job 'a': the service cannot be reached (Could not connect to the endpoint URL: \"http://127.0.0.1:1\"); "
        "check the network, and AWS_ENDPOINT_URL_GLUE, which gives this URL"
    )


def test_advice_for_a_code_replaces_the_message() -> None:
    error = explained(client_error("EntityNotFoundException"), {"EntityNotFoundException": "there is no {job}; deploy"})

    assert str(error) == "Glue job 'a': there is no {job}; deploy"


def test_advice_holds_for_a_code_with_its_services_prefix() -> None:
    error = explained(client_error("AWS.SimpleQueueService.NonExistentQueue"), {"NonExistentQueue": "no such queue"})

    assert str(error) == "Glue job 'a': no such queue"


def test_an_entry_of_a_batch_is_worded_as_a_whole_refusal() -> None:
    error = refusal("s3://b/a", "s3:DeleteObject", {"Code": "AccessDenied", "Message": "Access Denied"})

    assert str(error) == (
        "s3://b/a: access denied (Access Denied); the role or user that runs this needs s3:DeleteObject"
    )


def test_an_answer_without_a_message_shows_its_code() -> None:
    error = refusal("s3://b", "s3:ListBucket", {"Code": "403", "Message": ""})

    assert str(error) == "s3://b: access denied (403); the role or user that runs this needs s3:ListBucket"


class Gone(PersonalizeAssetsError):
    """A class of a caller's own."""


class Busy(PersonalizeAssetsError):
    """Its transient one."""


@pytest.mark.parametrize(("code", "expected"), [("SlowDown", Busy), ("503", Busy), ("AccessDenied", Gone)])
def test_a_caller_names_the_classes_to_raise(code: str, expected: type[Exception]) -> None:
    with pytest.raises(PersonalizeAssetsError) as raised, explain_errors("s3://b", "", None, Raises(Gone, Busy)):
        raise client_error(code)

    assert type(raised.value) is expected


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), explain_errors("Glue job 'a'", "glue:GetJob"):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AccessDenied", ErrorKind.DENIED),
        ("AWS.SimpleQueueService.AccessDenied", ErrorKind.DENIED),
        ("InvalidClientTokenId", ErrorKind.CREDENTIALS),
        ("301", ErrorKind.REGION),
        ("ConcurrentRunsExceededException", ErrorKind.TRANSIENT),
        ("NoSuchKey", None),
        ("", None),
    ],
)
def test_a_code_has_one_kind_or_none(code: str, kind: ErrorKind | None) -> None:
    assert kind_of(code) is kind


@pytest.mark.parametrize(("code", "expected"), [("SlowDown", True), ("503", True), ("AccessDenied", False)])
def test_only_transient_codes_are_transient(code: str, expected: bool) -> None:
    assert is_transient_code(code) is expected
