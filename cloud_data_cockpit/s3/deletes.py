"""The request that deletes up to 1,000 objects at once on the wire, and what the service says of each."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from .connections import Connection
from .documents import fields_of, read_page
from .faults import Fault
from .multipart import reading
from .signing import SignedRequest, send

MOST = 1000
# What XML 1.0 cannot hold; a service would refuse the whole batch for it.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Doomed:
    """What is to be deleted: a key, or one version of it; `size` in bytes as far as is known."""

    key: str
    version_id: str | None = None
    size: int = 0

    @property
    def fits_batches(self) -> bool:
        """Whether its key can be written in XML."""
        return _NO_XML.search(self.key) is None

    def __str__(self) -> str:
        return f"{self.key} (version {self.version_id})" if self.version_id else self.key


def delete_batch(connection: Connection, bucket: str, batch: Sequence[Doomed]) -> list[tuple[Doomed, Fault]]:
    """Delete up to MOST at once; those that failed, with the fault. NotOffered or BadRequest without such requests.

    When the service names something else among its errors, all count as failed for a fault that passes.
    """
    objects = "".join(map(_element, batch))
    body = f'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>{objects}</Delete>'.encode()
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    # botocore signs no body in XML, see clients.py; what it is given here only passes its checks.
    request = SignedRequest(connection, "delete_objects", {"Bucket": bucket, "Delete": {"Objects": [{"Key": "-"}]}})
    headers = {"Content-MD5": digest, "Content-Type": "application/xml", "Content-Length": str(len(body))}
    refused = send(request, reading(_errors), headers=headers, body=lambda: body, writing=True)
    known = {(_shown(each.key), each.version_id or ""): each for each in batch}
    failed = [(known[name], fault) for name, fault in refused if name in known]
    if len(failed) == len(refused) and len(known) == len(batch):
        return failed
    # It is not clear which ones were refused: none may be taken for deleted, all are to be tried again.
    unclear = Fault(503, "InternalError", "the reply names what was not asked for")
    return [(each, unclear) for each in batch] if refused else []


def delete_one(connection: Connection, bucket: str, doomed: Doomed) -> None:
    """Delete a key, or one version of it; what is not there is no error."""
    params: dict[str, object] = {"Bucket": bucket, "Key": doomed.key}
    if doomed.version_id:
        params["VersionId"] = doomed.version_id
    send(SignedRequest(connection, "delete_object", params), lambda reply: None, writing=True)


def _element(doomed: Doomed) -> str:
    # A parser turns a bare carriage return into a line feed, and the key into another one.
    key = escape(doomed.key, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
    version = f"<VersionId>{escape(doomed.version_id)}</VersionId>" if doomed.version_id else ""
    return f"<Object><Key>{key}</Key>{version}</Object>"


def _shown(key: str) -> str:
    """A key as it comes back when a service did not escape its carriage returns."""
    return key.replace("\r\n", "\n").replace("\r", "\n")


def _errors(body: bytes) -> list[tuple[tuple[str, str], Fault]]:
    page, space = read_page(body, "DeleteResult")
    found = []
    for element in page.iter(f"{space}Error"):
        said = fields_of(element, space)
        code = said.get("Code", "")
        status = {"AccessDenied": 403, "InternalError": 500, "SlowDown": 503}.get(code, 400)
        name = (_shown(said.get("Key", "")), said.get("VersionId", ""))
        found.append((name, Fault(status, code, said.get("Message", ""))))
    return found
