"""Jobs that send: files of Jupyter's directory and what URLs lead to, many at once; they go on after a restart."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..errors import BadRequest, Cancelled, CockpitError, CredentialsError, NotFound, ServiceError
from ..models import SendRequest
from .base import Interrupted, Kind, last_name
from .gathering import Gathering
from .kept import ledger_of
from .progress import Progress

if TYPE_CHECKING:
    from ..s3.sending import Sending


def _title(request: SendRequest) -> str:
    named = [*request.paths, *request.urls]
    if len(named) == 1:
        return f"Upload {last_name(named[0].partition('?')[0])}"
    return f"Upload {len(named)} files or directories"


def _uri(request: SendRequest) -> str:
    from ..s3.objects import make_uri

    return make_uri(request.bucket, request.prefix)


def _check(request: SendRequest) -> None:
    from ..s3.connections import resolve
    from ..s3.fetching import check_url, name_of

    if not request.paths and not request.urls:
        raise BadRequest("there is nothing to upload; name paths or urls")
    resolve(request.connection)
    for url in request.urls:
        check_url(url)
    Gathering(request.paths, request.prefix).check()
    # What URLs lead to is sent one after another, so that the second finds what it is to be kept beside.
    urls = request.urls if request.on_conflict != "keep" else []
    names = [*dict.fromkeys(path.strip("/") for path in request.paths), *(name_of(url) for url in dict.fromkeys(urls))]
    name, times = Counter(last_name(each) for each in names).most_common(1)[0] if names else ("", 0)
    if times > 1:
        words = f"{times} of what is to be uploaded would become {request.prefix}{name}"
        raise BadRequest(f"{words}: upload them one after the other, or to different folders")


def _may_keep(request: SendRequest) -> bool:
    """A URL may hold a secret: a signature, a token, a password."""
    return not request.urls


def _send(request: SendRequest, progress: Progress) -> dict[str, Any]:
    from ..s3.connections import resolve
    from ..s3.sending import Sending

    connection = resolve(request.connection)
    ledger = ledger_of(progress, connection.ref, request.bucket, _former(request, progress))
    sending = Sending(connection, request.bucket, progress, ledger, request.on_conflict)
    try:
        _count(request, progress)
        sending.run(Gathering(request.paths, request.prefix).items(progress.note))
        for url in request.urls:
            sending.fetch(url, request.prefix)
    except BaseException as error:
        _stopped(error, sending, progress, keeps=_may_keep(request))
        raise
    return {"done": progress.done, "total": progress.done}


def _former(request: SendRequest, progress: Progress) -> list[str]:
    """The job `after`, if it went to the same place."""
    if request.after is None or progress.store is None:
        return []
    try:
        job = progress.store.get(request.after)
    except NotFound:
        return []
    return [job.id] if (job.kind, job.connection, job.uri) == ("upload", request.connection, _uri(request)) else []


def _count(request: SendRequest, progress: Progress) -> None:
    progress.update(phase="counting", total=0, done=0, items=0, items_total=0)
    for item in Gathering(request.paths, request.prefix).items():
        progress.add(total=item.size, items_total=1)
    progress.update(phase="uploading")


def _stopped(error: BaseException, sending: Sending, progress: Progress, *, keeps: bool) -> None:
    """What can go on is left as it is; of all else nothing stays in S3."""
    if keeps and isinstance(error, Cancelled) and progress.closing:
        return
    from ..s3.finished import NotWhole

    passing = isinstance(error, ServiceError | CredentialsError) and not isinstance(error, NotWhole)
    if keeps and passing and isinstance(error, CockpitError):
        raise Interrupted(error) from None
    if progress.items_total > 1:
        progress.note(f"{progress.items:,} of {progress.items_total:,} files were there when this stopped")
    sending.tidy()


SEND = Kind[SendRequest](
    name="upload",
    request=SendRequest,
    unit="bytes",
    title=_title,
    uri=_uri,
    check=_check,
    work=_send,
    phase="counting",
    may_keep=_may_keep,
    resumes=True,
)
