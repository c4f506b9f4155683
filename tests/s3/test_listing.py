"""The parser of listings: fast and slow way agree, any service's shape is read, hostile documents are refused."""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_data_cockpit.errors import NotFound, ServiceError
from cloud_data_cockpit.models import Listing, ObjectEntry
from cloud_data_cockpit.s3 import listing
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.documents import ParseError
from cloud_data_cockpit.s3.listing import parse_listing
from cloud_data_cockpit.s3.objects import list_page
from cloud_data_cockpit.s3.walk import iter_objects, iter_pages

from .stub import Answer, Stub, fault

DATE = "2026-11-20T10:00:00.000Z"
AWS = (
    "<Key>{key}</Key><LastModified>" + DATE + "</LastModified><ETag>&quot;{etag}&quot;</ETag>"
    "<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>{size}</Size>"
    "<Owner><ID>x</ID><DisplayName>y</DisplayName></Owner><StorageClass>{storage_class}</StorageClass>"
)
GOOGLE = (
    "<Key>{key}</Key><Generation>1</Generation><MetaGeneration>1</MetaGeneration><LastModified>"
    + DATE
    + "</LastModified>"
    '<ETag>"{etag}"</ETag><Size>{size}</Size>'
)
ODD = (
    "\n  <Size>{size}</Size>\n <StorageClass>{storage_class}</StorageClass><Owner/><ETag>{etag}</ETag>"
    "<LastModified>" + DATE + "</LastModified> <Key>{key}</Key>\n"
)
BARE = "<Key>{key}</Key><Size>{size}</Size><ETag>W/&quot;{etag}&quot;</ETag><LastModified>" + DATE + "</LastModified>"
SHAPES = {"aws": AWS, "google": GOOGLE, "odd": ODD, "bare": BARE}
ENCODED = "<EncodingType>url</EncodingType>"


def _page(contents: list[str], prefixes: list[str], more: str = "", space: str = "") -> bytes:
    inner = "".join(f"<Contents>{one}</Contents>" for one in contents)
    inner += "".join(f"<CommonPrefixes><Prefix>{one}</Prefix></CommonPrefixes>" for one in prefixes)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}<ListBucketResult{space}><Name>b</Name>{more}{inner}</ListBucketResult>\n".encode()


def _slowly(body: bytes) -> Listing:
    """The same page, read by the XML parser."""
    page = listing._read_xml(body)
    return Listing(
        bucket="b",
        prefix="",
        prefixes=sorted(listing.decode_key(text, page.url_encoded) for text in page.prefixes),
        objects=sorted((listing._entry(row, page.url_encoded) for row in page.rows), key=lambda entry: entry.key),
        next_token=page.token,
    )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(TEXTS, unique=True, max_size=6),
    st.lists(TEXTS, unique=True, max_size=3),
    st.booleans(),
)
def test_every_shape_and_key(shape: str, keys: list[str], prefixes: list[str], encoded: bool) -> None:
    write = (lambda text: quote(text, safe="/")) if encoded else escape
    entries = [
        SHAPES[shape].format(key=write(key), etag="e" * 32, size=number, storage_class="GLACIER")
        for number, key in enumerate(keys)
    ]
    body = _page(entries, [write(prefix) for prefix in prefixes], ENCODED if encoded else "")
    assert listing._read_fast(body) is not None
    page = parse_listing("b", "", body)
    assert [entry.key for entry in page.objects] == sorted(keys, key=str.encode)
    assert page.prefixes == sorted(prefixes, key=str.encode)
    for entry in page.objects:
        expected = "GLACIER" if shape in ("aws", "odd") else None
        assert (entry.size, entry.etag, entry.storage_class) == (keys.index(entry.key), "e" * 32, expected)
    if encoded:
        assert page == _slowly(body)


def test_an_entry_is_a_sound_record() -> None:
    body = _page([AWS.format(key="k", etag="e", size=1, storage_class="STANDARD")], [])
    [entry] = parse_listing("b", "", body).objects
    checked = ObjectEntry.model_validate(entry.model_dump())
    assert (checked, hash(checked), repr(checked)) == (entry, hash(entry), repr(entry))
    assert parse_listing("b", "", body).model_dump_json() == _slowly(body).model_dump_json()


@pytest.mark.parametrize(
    "change",
    [
        ("<Name>b</Name>", "<Name>b</Name><!-- a comment -->"),
        ("<Key>k</Key>", "<Key><![CDATA[k]]></Key>"),
        ("<Contents>", "<Contents xmlns:x='y'>"),
        ("<ListBucketResult>", "<ListBucketResult xmlns='z' a='b'>"),
        ("</ListBucketResult>", "</ListBucketResult><!-- the end -->"),
        ("<StorageClass>STANDARD</StorageClass></Contents><Contents>", "</Contents><Contents>"),
    ],
)
def test_what_is_unusual_is_left_to_the_xml_parser(change: tuple[str, str]) -> None:
    rows = [AWS.format(key=key, etag="e", size=1, storage_class="STANDARD") for key in ("k", "l")]
    body = _page(rows, []).decode()
    changed = body.replace(*change, 1).encode()
    assert changed != body.encode()
    assert listing._read_fast(changed) is None
    assert [entry.key for entry in parse_listing("b", "", changed).objects] == ["k", "l"]


BOMB = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(12))


@pytest.mark.parametrize(
    "body",
    [
        f'<!DOCTYPE x [<!ENTITY e0 "lol">{BOMB}]><ListBucketResult><Name>&e12;</Name></ListBucketResult>'.encode(),
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ListBucketResult><Name>&e;</Name></ListBucketResult>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY e "x">]><ListBucketResult/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="cp037"?>' + '<!DOCTYPE x [<!ENTITY e "x">]><ListBucketResult/>'.encode("cp037"),
        b"<ListBucketResult><Contents><Key>&mine;</Key></Contents></ListBucketResult>",
        b"<ListBucketResult>" + b"<a>" * 1000,
    ],
)
def test_hostile_documents_are_refused(body: bytes) -> None:
    with pytest.raises((ParseError, ValueError, KeyError)):
        parse_listing("b", "", body)


@pytest.mark.parametrize("field", ["Size", "LastModified"])
def test_nonsense_is_no_listing(stub: Stub, stubbed: Connection, field: str) -> None:
    row = AWS.format(key="k", etag="e", size=1, storage_class="STANDARD")
    broken = row.replace("<Size>1<", "<Size>many<") if field == "Size" else row.replace(DATE, "yesterday")
    stub.then = lambda asked: Answer(200, _page([broken], []))
    with pytest.raises(ServiceError, match="no listing of S3"):
        list_page(stubbed, "box")


def test_a_reference_to_no_character() -> None:
    row = AWS.format(key="a&#xD800;b", etag="e", size=1, storage_class="STANDARD")
    assert parse_listing("b", "", _page([row], [])).objects[0].key == "a\ufffdb"
    with pytest.raises((ParseError, ValueError)):
        parse_listing("b", "", _page([row.replace("D800", "FFFFFF")], []))


def test_a_malicious_page_takes_no_time() -> None:
    """Neither expression goes back and forth over what does not match."""
    for body in (
        _page(["<Key>" + "<a>" * 200_000], []),
        _page(["<Key>k</Key>" + "<a/>" * 200_000], []),
        b"<ListBucketResult>" + b"<Contents>" * 100_000 + b"</ListBucketResult>",
        b"<ListBucketResult>" + b"<Contents><Key>" * 50_000 + b"</ListBucketResult>",
    ):
        begun = time.process_time()
        with pytest.raises((ParseError, ValueError, KeyError)):
            parse_listing("b", "", body)
        assert time.process_time() - begun < 5


# --- all of a prefix ---------------------------------------------------------------------------


def _pages(stub: Stub, number: int) -> None:
    def answer(asked: Any) -> Answer:
        at = int(asked.query.get("continuation-token", "0"))
        rows = [AWS.format(key=f"k{at:03}", etag="e", size=at, storage_class="STANDARD")]
        more = "<IsTruncated>true</IsTruncated>" + f"<NextContinuationToken>{at + 1}</NextContinuationToken>"
        return Answer(200, _page(rows, [], more if at + 1 < number else ""))

    stub.then = answer


def test_all_pages_one_ahead_and_no_further(stub: Stub, stubbed: Connection) -> None:
    _pages(stub, 10)
    assert [entry.key for entry in iter_objects(stubbed, "box", "k")] == [f"k{i:03}" for i in range(10)]
    assert len(stub.asked) == 10
    stub.asked.clear()
    pages = iter_pages(stubbed, "box")
    next(pages)
    next(pages)
    deadline = time.monotonic() + 10
    while len(stub.asked) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(stub.asked) == 3
    pages.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("s3-list") and _lives(thread)]
    assert len(stub.asked) == 3


def _lives(thread: threading.Thread) -> bool:
    thread.join(5)
    return thread.is_alive()


def test_an_error_comes_where_it_is(stub: Stub, stubbed: Connection) -> None:
    _pages(stub, 3)
    pages = stub.then
    stub.then = lambda asked: pages(asked) if "continuation-token" not in asked.query else fault(404, "NoSuchBucket")
    found = iter_objects(stubbed, "box")
    assert next(found).key == "k000"
    with pytest.raises(NotFound):
        next(found)


def test_who_stops_does_not_wait_for_a_slow_service(stub: Stub, stubbed: Connection) -> None:
    _pages(stub, 3)
    pages, go_on = stub.then, threading.Event()

    def slow(asked: Any) -> Answer:
        if "continuation-token" in asked.query:
            go_on.wait(30)
        return pages(asked)

    stub.then = slow
    found = iter_pages(stubbed, "box")
    next(found)
    begun = time.monotonic()
    found.close()
    assert time.monotonic() - begun < 5
    go_on.set()


def test_markers_of_folders_are_objects_too(lab: Connection, bucket: str, boto: Any) -> None:
    for key in ("a/", "a/b/", "a/b/c", "a0"):
        boto.put_object(Bucket=bucket, Key=key, Body=b"")
    assert [entry.key for entry in iter_objects(lab, bucket, "a/")] == ["a/", "a/b/", "a/b/c"]
    assert [entry.key for entry in iter_objects(lab, bucket, "a/", start_after="a/b/")] == ["a/b/c"]
    assert [entry.key for entry in list_page(lab, bucket, "a/", delimiter="").objects] == ["a/b/", "a/b/c"]
