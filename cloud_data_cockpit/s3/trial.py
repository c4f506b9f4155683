"""Try a connection: one small request, told in words for people what came of it and what to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import BadRequest, CockpitError
from ..models import ConnectionReport, ConnectionTest
from .causes import Finding, of_error, of_fault, of_silence
from .connections import Connection, resolve
from .documents import ParseError
from .drafts import keys_of, reference_of
from .faults import Fault, Place, read_fault, tidy, translated
from .http import BrokenError, patience
from .listing import parse_buckets, parse_listing
from .saved import find_saved
from .saving import keys_before
from .signing import SignedRequest, exchanged

SECONDS = 10.0
_STEP_SECONDS = 5.0
_IDENTITY_SECONDS = 2.0
_LONGEST = 4 << 20


def try_connection(test: ConnectionTest, seconds: float = SECONDS) -> ConnectionReport:
    """What came of one request through the connection `test` names or drafts; never later than `seconds`.

    BadRequest when it names neither. Whatever fails on the way is the report's cause, not an error.
    """
    if test.name is None and test.draft is None:
        raise BadRequest("name a connection, or give a draft of one")
    outcome: list[ConnectionReport | BaseException] = []

    def run() -> None:
        try:
            with patience(_STEP_SECONDS):
                outcome.append(_report(test, time.monotonic() + seconds))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            outcome.append(error)

    # A program that gives credentials, or a resolver of names, may hang; then this thread is left to itself.
    threading.Thread(target=run, name="cockpit-trial", daemon=True).start()
    deadline = time.monotonic() + seconds
    while not outcome and time.monotonic() < deadline:
        time.sleep(0.01)
    if not outcome:
        return _bad(of_silence(seconds))
    found = outcome[0]
    if isinstance(found, BaseException):
        raise found
    return found


def _report(test: ConnectionTest, deadline: float) -> ConnectionReport:
    try:
        connection = _connection(test)
        return _asked(connection, test.bucket, deadline)
    except CockpitError as error:
        return _bad(of_error(error))


def _connection(test: ConnectionTest) -> Connection:
    """The connection, with nothing remembered from before."""
    if test.draft is None:
        connection = resolve(test.name)
        connection.forget_credentials()
        return connection
    ref, keys = reference_of(test.draft), keys_of(test.draft)
    if test.draft.credentials == "keys" and keys is None:
        saved = find_saved(test.name or test.draft.name)
        if saved is None:
            raise BadRequest("give the access key and the secret key, or choose other credentials")
        keys = keys_before(saved)
    return Connection(ref, keys)


# --- asking ------------------------------------------------------------------------------------


class _Answer:
    """What came back: a fault, or what was listed; and how long it took."""

    def __init__(
        self, fault: Fault | None, buckets: int | None, milliseconds: float, headers: Mapping[str, str]
    ) -> None:
        self.fault = fault
        self.buckets = buckets
        self.milliseconds = milliseconds
        self.headers = headers


def _asked(connection: Connection, bucket: str | None, deadline: float) -> ConnectionReport:
    ref = connection.ref
    looked = bucket
    try:
        answer = _ask(connection, None)
        alone = answer.fault is not None and (answer.fault.code == "AccessDenied" or ref.anonymous)
        if alone and not _skew(answer):
            looked = bucket or next(iter(ref.buckets), None)
        if looked is not None and (alone or answer.fault is None):
            in_bucket = _ask(connection, looked)
            answer = _Answer(in_bucket.fault, answer.buckets, in_bucket.milliseconds, in_bucket.headers)
    except BrokenError as error:
        return _bad(of_error(error, ref))
    fault = answer.fault
    if fault is not None and not (ref.anonymous and looked is None and _is_s3(fault, answer.headers)):
        return _bad(of_fault(fault, ref, looked, _skew(answer)), answer.milliseconds)
    hurry = deadline - time.monotonic() > 2 * _IDENTITY_SECONDS
    return ConnectionReport(
        ok=True,
        identity=_identity(connection) if hurry and not ref.anonymous else None,
        region=connection.region_of(looked),
        buckets=answer.buckets,
        milliseconds=answer.milliseconds,
    )


def _ask(connection: Connection, bucket: str | None) -> _Answer:
    """List the buckets, or one key of `bucket`, following it to its region once."""
    for _ in range(2):
        answer = _ask_once(connection, bucket)
        told = answer.fault.region if answer.fault else None
        if not (bucket and told and told != connection.region_of(bucket)):
            break
        connection.learn_region(bucket, told)
    return answer


def _ask_once(connection: Connection, bucket: str | None) -> _Answer:
    params: dict[str, object] = {"Bucket": bucket, "MaxKeys": 1} if bucket else {}
    request = SignedRequest(connection, "list_objects_v2" if bucket else "list_buckets", params)
    request.url()  # credentials are found and the request is signed before the clock starts
    begun = time.perf_counter()
    with exchanged(request) as reply:
        body = reply.read(_LONGEST)
        status, headers = reply.status, dict(reply.headers.items())
    milliseconds = round((time.perf_counter() - begun) * 1000, 1)
    lowered = {name.lower(): value for name, value in headers.items()}
    if status >= 300:
        fault = read_fault(status, reply.headers, body)
        if not fault.code:  # not S3: its own words may tell what it is
            fault = Fault(status, "", tidy(body[:300].decode("utf-8", "replace")), fault.region)
        return _Answer(fault, None, milliseconds, lowered)
    try:
        count = len(parse_listing(bucket, "", body).objects) if bucket else len(parse_buckets(body)[0])
    except (ParseError, ValueError, KeyError):
        return _Answer(Fault(status, ""), None, milliseconds, lowered)
    return _Answer(None, None if bucket else count, milliseconds, lowered)


def _is_s3(fault: Fault, headers: Mapping[str, str]) -> bool:
    return bool(fault.code) or "x-amz-request-id" in headers


def _skew(answer: _Answer) -> float:
    """Minutes by which this machine's clock is off, where that is more than S3 tolerates; else 0."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return 0.0
    minutes = (datetime.now(UTC) - theirs).total_seconds() / 60
    return minutes if abs(minutes) > 14 else 0.0


def _identity(connection: Connection) -> str | None:
    """Whom STS takes us for; None where there is no STS, as at many services."""
    try:
        with patience(_IDENTITY_SECONDS), translated(Place(connection.ref)):
            return str(connection.sts().get_caller_identity()["Arn"])
    except (CockpitError, KeyError, ValueError):
        return None


def _bad(finding: Finding, milliseconds: float | None = None) -> ConnectionReport:
    return ConnectionReport(ok=False, cause=finding.cause, cure=finding.cure, milliseconds=milliseconds)
