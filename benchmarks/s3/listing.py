"""Listings: 100,000 keys by pages of 1,000, flat and cut at "/", and a search through all of them."""

from __future__ import annotations

import subprocess
from http.client import HTTPConnection
from urllib.parse import urlsplit

from .cases import BUCKET, Case, Peer, Place, Work
from .clients import boto, connection, obstore_store, s5cmd_environment
from .null_server import KEYS, PAGE, null_server


def ours(place: Place, delimiter: str = "") -> Work:
    """One page after the other, as the panel asks for them."""
    from cloud_data_cockpit.s3.objects import list_page

    s3 = connection(place)

    def work() -> int:
        token, count = None, 0
        while True:
            page = list_page(s3, BUCKET, "", token, delimiter)
            count += len(page.objects) + len(page.prefixes)
            token = page.next_token
            if token is None:
                return count

    return work


def ours_ahead(place: Place) -> Work:
    """As jobs do it: the next page is fetched while one is used."""
    from cloud_data_cockpit.s3.walk import iter_objects

    s3 = connection(place)
    return lambda: sum(1 for _ in iter_objects(s3, BUCKET))


def ours_as_json(place: Place) -> Work:
    """As the REST API does it, but for the web server: each page is also written as JSON."""
    from cloud_data_cockpit.s3.objects import list_page

    s3 = connection(place)

    def work() -> int:
        token, count = None, 0
        while True:
            page = list_page(s3, BUCKET, "", token, "")
            count += page.model_dump_json().count('"key"')
            token = page.next_token
            if token is None:
                return count

    return work


def ours_searching(place: Place) -> Work:
    """A glob that a tenth of the keys match, hits kept in SQLite as a job keeps them."""
    from cloud_data_cockpit.jobs.hits import Hits
    from cloud_data_cockpit.models import SearchRequest
    from cloud_data_cockpit.s3.search import search

    s3 = connection(place)
    request = SearchRequest(
        kind="search", connection="benchmark", bucket=BUCKET, pattern="*7-some-*.parquet", syntax="glob", limit=KEYS
    )

    class Watch:
        done = 0

        def check(self) -> None:
            return None

        def note(self, text: str) -> None:
            return None

        def add(self, done: int = 0, items: int = 0, total: int = 0, items_total: int = 0) -> None:
            self.done += done

    def work() -> int:
        watch = Watch()
        with Hits("benchmark", KEYS) as hits:
            search(s3, request, watch, hits)
        return watch.done

    return work


def boto3_pages(place: Place, delimiter: str = "") -> Work:
    """boto3's paginator."""
    pages = boto(place).get_paginator("list_objects_v2")

    def work() -> int:
        found = pages.paginate(Bucket=BUCKET, Delimiter=delimiter)
        return sum(len(page.get("Contents", ())) + len(page.get("CommonPrefixes", ())) for page in found)

    return work


def obstore_pages(place: Place) -> Work:
    """obstore's stream of chunks, as dictionaries."""
    import obstore

    store = obstore_store(place)
    return lambda: sum(len(chunk) for chunk in obstore.list(store, chunk_size=PAGE))


def obstore_folded(place: Place) -> Work:
    """obstore, cut at "/"."""
    import obstore

    store = obstore_store(place)

    def work() -> int:
        found = obstore.list_with_delimiter(store)
        return len(found["objects"]) + len(found["common_prefixes"])

    return work


def s5cmd(place: Place, pattern: str = "*") -> Work:
    """s5cmd ls, a process for each run."""
    command = ["s5cmd", "--endpoint-url", place.endpoint, "ls", f"s3://{BUCKET}/{pattern}"]
    environment = s5cmd_environment()

    def work() -> int:
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        return done.stdout.count(b"\n")

    return work


def nothing_but_bytes(place: Place) -> Work:
    """The pages fetched and thrown away: what the server and the network of this machine take."""
    connection = HTTPConnection(urlsplit(place.endpoint).netloc)

    def work() -> int:
        for number in range(KEYS // PAGE):
            connection.request("GET", f"/{BUCKET}?list-type=2&continuation-token=page{number}")
            connection.getresponse().read()
        return KEYS

    return work


CASES = {
    "list": Case(
        "100,000 keys, flat",
        "keys",
        {
            "ours": Peer(ours),
            "ours, written as JSON": Peer(ours_as_json),
            "ours, a page ahead": Peer(ours_ahead),
            "obstore": Peer(obstore_pages),
            "boto3": Peer(boto3_pages),
            "s5cmd": Peer(s5cmd, needs="s5cmd"),
            "bytes alone": Peer(nothing_but_bytes),
        },
        null_server,
    ),
    "list-folders": Case(
        '100,000 entries cut at "/", every second one a prefix',
        "entries",
        {
            "ours": Peer(lambda place: ours(place, "/")),
            "obstore": Peer(obstore_folded),
            "boto3": Peer(lambda place: boto3_pages(place, "/")),
        },
        null_server,
    ),
    "search": Case(
        "a search through 100,000 keys, a tenth of them found", "keys", {"ours": Peer(ours_searching)}, null_server
    ),
}
