"""Writing the XML documents of S3, and reading those of clients without trusting them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_SPECIAL = re.compile("[&<>\"'\x00-\x1f\x7f]")
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_PLAIN = re.compile(rb"[A-Za-z0-9_.~/-]*")
_FORBIDDEN = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)


def escape(text: str) -> str:
    """Text as XML character data; control characters become references, as S3 writes them."""
    if text.isalnum():
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0]) or f"&#x{ord(found[0]):x};", text)


def element(name: str, value: object) -> str:
    """One element holding text; booleans as S3 spells them; what XML 1.0 cannot hold is replaced."""
    text = str(value).lower() if isinstance(value, bool) else _IMPOSSIBLE.sub("\ufffd", str(value))
    return f"<{name}>{escape(text)}</{name}>"


def document(root: str, inner: str, namespace: str | None = NAMESPACE) -> bytes:
    """A whole document in UTF-8: declaration, root element, inner XML."""
    place = f' xmlns="{namespace}"' if namespace else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{place}>{inner}</{root}>'.encode()


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as S3 writes times in XML: 2026-01-31T12:00:00.000Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def key_text(key: bytes, url_encoded: bool) -> str:
    """A key for a listing: percent-encoded when the client asked for encoding-type=url."""
    if _PLAIN.fullmatch(key):
        return key.decode("ascii")
    return quote(key, safe="/") if url_encoded else key.decode("utf-8", "replace")


def parse(body: bytes, root: str) -> Element:
    """The tree of a client's document whose root has this name; namespaces are dropped.

    A document type declaration is refused, so no entity is ever expanded. Raises S3Error MalformedXML.
    """
    from xml.etree.ElementTree import ParseError, fromstring

    from .s3errors import S3Error

    # Only UTF-8 is read: in another encoding a DOCTYPE could hide from the search for it.
    if _FORBIDDEN.search(body) or b"\x00" in body or body[:2] in (b"\xfe\xff", b"\xff\xfe"):
        raise S3Error("MalformedXML", "A document type declaration or an encoding other than UTF-8 is not accepted.")
    try:
        tree = fromstring(body.decode("utf-8-sig").lstrip())
    except (ParseError, UnicodeDecodeError, ValueError) as error:
        raise S3Error("MalformedXML") from error
    for node in tree.iter():
        node.tag = node.tag.rpartition("}")[2]
    if tree.tag != root:
        raise S3Error("MalformedXML", f"The document must be a {root}.")
    return tree


def text_of(node: Element, name: str, default: str = "") -> str:
    """The text of a child, or the default when it is missing or empty."""
    return node.findtext(name) or default
