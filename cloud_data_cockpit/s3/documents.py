"""The XML documents of S3, read even where a key in them is no XML: services write control characters as they come."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from xml.etree.ElementTree import Element, ParseError

__all__ = ["Element", "ParseError", "fields_of", "read_document", "read_page"]

_NO_XML = re.compile(
    rb"&#x0*(?:[0-8bcef]|1[0-9a-f]);|&#0*(?:[0-8]|1[124-9]|2[0-9]|3[01]);|[\x00-\x08\x0b\x0c\x0e-\x1f]", re.IGNORECASE
)
_OTHER_NAMES = {"ListPartsResult": "ListPartsResponse", "VersioningConfiguration": "GetBucketVersioningResponse"}
"""What moto calls two replies of S3."""


def read_document(body: bytes) -> tuple[str, Element]:
    """The name of the root without its namespace, and the root. ParseError when it is no XML.

    Control characters become "?". They stand in keys that a reply repeats; listings have theirs percent-encoded.
    A document type is refused, and UTF-8 is all that is read, so that none can hide: no entity is ever expanded.
    """
    if b"<!DOCTYPE" in body:
        raise ParseError("a document type, which no reply of S3 has")
    root = ElementTree.fromstring(_NO_XML.sub(b"?", body), ElementTree.XMLParser(encoding="utf-8"))
    return root.tag.rpartition("}")[2], root


def read_page(body: bytes, name: str) -> tuple[Element, str]:
    """The root, which must be called `name`, and the namespace before its tags. ParseError or ValueError otherwise."""
    found, root = read_document(body)
    if found not in (name, _OTHER_NAMES.get(name)):
        raise ValueError(found)
    return root, root.tag.removesuffix(found)


def fields_of(element: Element, space: str) -> dict[str, str]:
    """The texts of the children by name."""
    return {child.tag.removeprefix(space): child.text or "" for child in element}
