"""Errors name the cause and the cure."""

from __future__ import annotations

import pytest

from cloud_data_cockpit.errors import (
    AccessDenied,
    Archived,
    BadRequest,
    CockpitError,
    Conflict,
    CredentialsError,
    NotFound,
    ServiceError,
    SourceChanged,
)
from cloud_data_cockpit.models import ConnectionRef
from cloud_data_cockpit.s3.faults import (
    Fault,
    NoSuchBucket,
    NotOffered,
    Place,
    error_of,
    error_of_botocore,
    read_fault,
    translated,
)

REF = ConnectionRef(name="work", kind="profile", profile="work", endpoint_url="https://minio.example:9000")
PLACE = Place(REF, "box", "dir/k")
PUBLIC = Place(ConnectionRef(name="anonymous", kind="anonymous", anonymous=True), "box", "k")


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(404, "NoSuchBucket"), NoSuchBucket, "no bucket 'box' at https://minio.example:9000"),
        (Fault(404, "NoSuchKey"), NotFound, "s3://box/dir/k at https://minio.example:9000"),
        (Fault(404, ""), NotFound, "check the bucket and the key"),
        (Fault(404, "NoSuchUpload"), NotFound, "no such open upload"),
        (Fault(403, "AccessDenied", "no way"), AccessDenied, "profile 'work' lacks the permission.*no way"),
        (Fault(403, ""), AccessDenied, "anonymous connection if it is public"),
        (Fault(403, "InvalidObjectState"), Archived, "archived and cannot be read; restore it"),
        (Fault(403, "AccessDenied", "Request has expired"), CredentialsError, "clock"),
        (Fault(403, "InvalidAccessKeyId"), CredentialsError, "profile 'work'.*does not know this access key"),
        (Fault(403, "SignatureDoesNotMatch"), CredentialsError, "secret key does not fit"),
        (Fault(400, "ExpiredToken"), CredentialsError, "session token has expired"),
        (Fault(403, "RequestTimeTooSkewed"), CredentialsError, "clock"),
        (Fault(400, "AuthorizationHeaderMalformed"), CredentialsError, "region"),
        (Fault(401, "Unauthorized"), CredentialsError, "does not accept these credentials"),
        (Fault(412, "PreconditionFailed"), SourceChanged, "partition it again"),
        (Fault(409, "BucketAlreadyExists"), Conflict, "another state"),
        (Fault(503, "SlowDown"), ServiceError, "throttled"),
        (Fault(500, "InternalError"), ServiceError, "try again"),
        (Fault(501, "NotImplemented"), NotOffered, "does not offer"),
        (Fault(301, "PermanentRedirect", region="eu-west-1"), ServiceError, "is in eu-west-1"),
        (Fault(400, "KeyTooLongError"), BadRequest, "refuses the request"),
    ],
)
def test_each_fault_has_its_class_and_its_cure(fault: Fault, kind: type[CockpitError], words: str) -> None:
    error = error_of(fault, PLACE)
    assert type(error) is kind
    with pytest.raises(kind, match=words):
        raise error


def test_a_refused_condition_of_a_write_is_a_conflict() -> None:
    assert isinstance(error_of(Fault(412, "PreconditionFailed"), PLACE, writing=True), Conflict)


def test_anonymous_is_told_to_bring_credentials() -> None:
    assert "choose a connection with credentials" in str(error_of(Fault(403, "AccessDenied"), PUBLIC))
    assert type(error_of(Fault(401, ""), PUBLIC)) is AccessDenied


def test_a_list_of_buckets_that_is_denied_points_to_the_name() -> None:
    assert "type the bucket's name" in str(error_of(Fault(403, "AccessDenied"), Place(REF)))


def test_reads_error_documents_with_and_without_namespace() -> None:
    plain = b"<Error><Code>NoSuchKey</Code><Message>gone\n now</Message><Region>eu-west-1</Region></Error>"
    assert read_fault(404, {}, plain) == Fault(404, "NoSuchKey", "gone now", "eu-west-1")
    spaced = b'<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>X</Code></Error>'
    assert read_fault(400, {"x-amz-bucket-region": "us-west-2"}, spaced) == Fault(400, "X", "", "us-west-2")
    control = b"<Error><Code>NoSuchKey</Code><Key>a&#x1;b\x02</Key></Error>"
    assert read_fault(404, {}, control) == Fault(404, "NoSuchKey")
    for body in (b"", b"<html><br></html>", b"<Error><Code>", b"\xff\xfe<"):
        assert read_fault(500, {}, body) == Fault(500, "")


def test_a_region_that_could_be_a_host_is_not_believed() -> None:
    for region in ("evil.example/", "a b", "x" * 99, "-x"):
        assert read_fault(301, {"x-amz-bucket-region": region}, b"").region is None


def test_words_of_the_service_are_short_and_on_one_line() -> None:
    body = b"<Error><Code>X</Code><Message>" + b"long\x7f words " * 200 + b"</Message></Error>"
    message = read_fault(400, {}, body).message
    assert len(message) <= 300
    assert message.isprintable()


def botocore_errors() -> list[tuple[Exception, type[CockpitError], str]]:
    from botocore import exceptions as e

    return [
        (e.NoCredentialsError(), CredentialsError, "aws configure --profile work"),
        (e.PartialCredentialsError(provider="p", cred_var="v"), CredentialsError, "complete it"),
        (e.UnauthorizedSSOTokenError(), CredentialsError, "aws sso login --profile work"),
        (e.SSOTokenLoadError(error_msg="m"), CredentialsError, "aws sso login --profile work"),
        (e.TokenRetrievalError(provider="sso", error_msg="m"), CredentialsError, "aws sso login"),
        (e.ProfileNotFound(profile="work"), CredentialsError, "no profile work"),
        (e.ConfigParseError(path="/p"), CredentialsError, "cannot be parsed"),
        (e.CredentialRetrievalError(provider="p", error_msg="secret-output"), CredentialsError, "cannot be had"),
        (e.EndpointConnectionError(endpoint_url="http://h:1"), ServiceError, "check the endpoint"),
        (e.ConnectTimeoutError(endpoint_url="http://h:1"), ServiceError, "check the endpoint"),
        (e.ReadTimeoutError(endpoint_url="http://h:1"), ServiceError, "check the endpoint"),
        (e.SSLError(endpoint_url="https://h", error="self-signed"), ServiceError, "AWS_CA_BUNDLE"),
        (e.ParamValidationError(report="bad name"), BadRequest, "bad name"),
        (ValueError("Invalid endpoint"), BadRequest, "Invalid endpoint"),
        (e.ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole"), CredentialsError, "refused"),
        (
            e.ClientError({"Error": {"Code": "404"}, "ResponseMetadata": {"HTTPStatusCode": 404}}, "HeadObject"),
            NotFound,
            "check the bucket and the key",
        ),
    ]


@pytest.mark.parametrize("number", range(16))
def test_botocores_own_errors(number: int) -> None:
    error, kind, words = botocore_errors()[number]
    found = error_of_botocore(error, PLACE)
    assert type(found) is kind
    assert words in str(found)
    assert "secret-output" not in str(found)


def test_translated_lets_others_through() -> None:
    with pytest.raises(KeyError), translated(PLACE):
        raise KeyError
