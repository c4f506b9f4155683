"""Every error a user may meet: CockpitError and its tree; each class carries its HTTP status and a stable code.

CockpitError
├── BadRequest          400  the caller asked for something that cannot be
│   └── Damaged         400  bytes that arrived are not those that were sent: send them again
├── CredentialsError    401  no usable credentials, or they have expired
├── AccessDenied        403  the service knows the caller and says no
├── NotFound            404  no such bucket, object, job, manifest
├── Conflict            409  the thing is in another state
│   ├── Exists          409  there is something of that name already
│   ├── Archived        409  its bytes lie in an archive and must be restored first
│   ├── SourceChanged   412  the object is not the one that was indexed
│   └── Incomplete      409  of many objects some could not be done
├── FormatError         422  the bytes are not what the format promises
│   └── UnknownFormat   422  no format knows these bytes
├── MissingExtra        501  a library that an extra brings is not installed
├── TaskFailed          500  a task of a job failed as often as it was tried
├── ServiceError        502  the S3 service failed or could not be reached
└── Cancelled           499  a job was asked to stop
"""

from __future__ import annotations

from typing import ClassVar


class CockpitError(Exception):
    """An error whose message says what is wrong and what to do about it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    @property
    def message(self) -> str:
        """The words that the panel and the notebook show."""
        return str(self)


class BadRequest(CockpitError):
    status = 400
    code = "bad_request"


class Damaged(BadRequest):
    code = "damaged"


class CredentialsError(CockpitError):
    status = 401
    code = "credentials"


class AccessDenied(CockpitError):
    status = 403
    code = "access_denied"


class NotFound(CockpitError):
    status = 404
    code = "not_found"


class Conflict(CockpitError):
    status = 409
    code = "conflict"


class Archived(Conflict):
    code = "archived"


class Exists(Conflict):
    """Replies and jobs call it a conflict, as its class does."""


class SourceChanged(Conflict):
    status = 412
    code = "source_changed"


class Incomplete(Conflict):
    code = "incomplete"


class FormatError(CockpitError):
    status = 422
    code = "format"


class UnknownFormat(FormatError):
    code = "unknown_format"


class MissingExtra(CockpitError):
    status = 501
    code = "missing_extra"


class TaskFailed(CockpitError):
    status = 500
    code = "task_failed"


class ServiceError(CockpitError):
    status = 502
    code = "service"


class Cancelled(CockpitError):
    status = 499
    code = "cancelled"
