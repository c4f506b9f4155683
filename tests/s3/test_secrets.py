"""A canary: the secret key is in no pickle, no repr, no error and no log, however a request fails."""

from __future__ import annotations

import copy
import io
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest

from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.models import UploadRequest
from cloud_data_cockpit.s3 import objects, uploads
from cloud_data_cockpit.s3.clients import Keys
from cloud_data_cockpit.s3.connections import Connection, connect, list_connections
from cloud_data_cockpit.s3.source import S3Source

from .conftest import ACCESS_KEY, SECRET_KEY
from .stub import ETAG, Answer, Stub, fault

TOKEN = "canary-session-token"


@pytest.fixture
def canary(stub: Stub) -> Connection:
    return connect(
        "canary",
        endpoint_url=stub.endpoint_url,
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        session_token=TOKEN,
    )


ACTIONS: list[Callable[[Connection], object]] = [
    lambda c: objects.list_buckets(c),
    lambda c: objects.list_page(c, "box"),
    lambda c: objects.head(c, "box", "k"),
    lambda c: objects.delete_object(c, "box", "k"),
    lambda c: S3Source(c, "s3://box/k", etag=ETAG, size=10).read(0, 5),
    lambda c: uploads.put_part(c, "box", "k", "id", 1, b"x"),
    lambda c: uploads.start(c, UploadRequest(connection="x", bucket="box", key="k", size=1, overwrite=True)),
    lambda c: uploads.abort(c, "box", "k", "id", seconds=0.01),
]
TROUBLES = [
    fault(403, "SignatureDoesNotMatch", more=f"<StringToSign>{TOKEN}</StringToSign>"),
    fault(500, "InternalError"),
    Answer(301, b"", {"Location": "http://elsewhere.example/"}),
    Answer(reset=True),
    Answer(200, b"<html>"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=["403", "500", "301", "reset", "html"])
def test_no_failure_shows_the_secret(
    stub: Stub, canary: Connection, trouble: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")  # a server of another test may have hushed it
    stub.then = lambda asked: trouble
    shown: list[str] = []
    for act in ACTIONS:
        try:
            shown.append(repr(act(canary)))
        except CockpitError as error:
            shown += [str(error), repr(error), "".join(traceback.format_exception(error))]
            shown.append(pickle.dumps(error).decode("latin-1"))
    assert stub.asked
    everything = "\n".join(shown)
    for secret in (SECRET_KEY, TOKEN, "X-Amz-Signature=0", ACCESS_KEY):
        assert secret not in everything
    assert SECRET_KEY not in caplog.text
    ours = [r.getMessage() for r in caplog.records if r.name.startswith(("cloud_data_cockpit", "urllib3"))]
    assert trouble.reset or any("X-Amz-Signature=..." in line for line in ours)
    for line in ours:
        assert "X-Amz-Signature=" not in line.replace("X-Amz-Signature=...", "")
        assert TOKEN not in line
        assert ACCESS_KEY not in line


def test_neither_repr_nor_pickle_shows_credentials(canary: Connection) -> None:
    source = S3Source(canary, "s3://box/k", etag=ETAG, size=10)
    assert canary.client  # credentials are in use by now
    for thing in (canary, canary.ref, source, list_connections(), canary._keys, vars(canary)):
        assert SECRET_KEY not in repr(thing)
        assert ACCESS_KEY not in repr(thing)
        assert TOKEN not in repr(thing)
    for thing in (canary, canary.ref, source, copy.copy(canary)):
        pickled = pickle.dumps(thing)
        for secret in (SECRET_KEY, ACCESS_KEY, TOKEN):
            assert secret.encode() not in pickled
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dump(Keys(ACCESS_KEY, SECRET_KEY), io.BytesIO())
