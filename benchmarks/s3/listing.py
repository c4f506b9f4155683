"""Listings: 100,000 keys by pages of 1,000, flat and cut at "/", and a search through all of them."""

from __future__ import annotations

import os
import subprocess
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from .cases import Case, Peer, Work
from .null_server import KEYS, PAGE

BUCKET = "box"


def _connection(endpoint: str) -> Any:
    from cloud_data_cockpit.s3.connections import connect

    return connect("benchmark", endpoint_url=endpoint, access_key="benchmark", secret_key="benchmark")


def ours(endpoint: str, delimiter: str = "") -> Work:
    """One page after the other, as the panel asks for them."""
    from cloud_data_cockpit.s3.objects import list_page

    connection = _connection(endpoint)

    def work() -> int:
        token, count = None, 0
        while True:
            page = list_page(connection, BUCKET, "", token, delimiter)
            count += len(page.objects) + len(page.prefixes)
            token = page.next_token
            if token is None:
                return count

    return work


def ours_ahead(endpoint: str) -> Work:
    """As jobs do it: the next page is fetched while one is used."""
    from cloud_data_cockpit.s3.walk import iter_objects

    connection = _connection(endpoint)
    return lambda: sum(1 for _ in iter_objects(connection, BUCKET))


def ours_as_json(endpoint: str) -> Work:
    """As the REST API does it, but for the web server: each page is also written as JSON."""
    from cloud_data_cockpit.s3.objects import list_page

    connection = _connection(endpoint)

    def work() -> int:
        token, count = None, 0
        while True:
            page = list_page(connection, BUCKET, "", token, "")
            count += page.model_dump_json().count('"key"')
            token = page.next_token
            if token is None:
                return count

    return work


def ours_searching(endpoint: str) -> Work:
    """A glob that a tenth of the keys match, hits kept in SQLite as a job keeps them."""
    from cloud_data_cockpit.jobs.hits import Hits
    from cloud_data_cockpit.models import SearchRequest
    from cloud_data_cockpit.s3.search import search

    connection = _connection(endpoint)
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
            search(connection, request, watch, hits)
        return watch.done

    return work


def _boto(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        config=Config(s3={"addressing_style": "path"}),
        aws_access_key_id="benchmark",
        aws_secret_access_key="benchmark",
        region_name="us-east-1",
    )


def boto3_pages(endpoint: str, delimiter: str = "") -> Work:
    """boto3's paginator."""
    pages = _boto(endpoint).get_paginator("list_objects_v2")

    def work() -> int:
        found = pages.paginate(Bucket=BUCKET, Delimiter=delimiter)
        return sum(len(page.get("Contents", ())) + len(page.get("CommonPrefixes", ())) for page in found)

    return work


def _obstore(endpoint: str) -> Any:
    from obstore.store import S3Store

    options: Any = {"allow_http": True}
    return S3Store(
        BUCKET,
        endpoint=endpoint,
        access_key_id="benchmark",
        secret_access_key="benchmark",
        region="us-east-1",
        client_options=options,
    )


def obstore_pages(endpoint: str) -> Work:
    """obstore's stream of chunks, as dictionaries."""
    import obstore

    store = _obstore(endpoint)
    return lambda: sum(len(chunk) for chunk in obstore.list(store, chunk_size=PAGE))


def obstore_folded(endpoint: str) -> Work:
    """obstore, cut at "/"."""
    import obstore

    store = _obstore(endpoint)

    def work() -> int:
        found = obstore.list_with_delimiter(store)
        return len(found["objects"]) + len(found["common_prefixes"])

    return work


def s5cmd(endpoint: str, pattern: str = "*") -> Work:
    """s5cmd ls, a process for each run."""
    keys = {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark", "AWS_REGION": "us-east-1"}
    command = ["s5cmd", "--endpoint-url", endpoint, "ls", f"s3://{BUCKET}/{pattern}"]

    def work() -> int:
        done = subprocess.run(command, env={**os.environ, **keys}, capture_output=True, check=True)
        return done.stdout.count(b"\n")

    return work


def nothing_but_bytes(endpoint: str) -> Work:
    """The pages fetched and thrown away: what the server and the network of this machine take."""
    connection = HTTPConnection(urlsplit(endpoint).netloc)

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
    ),
    "list-folders": Case(
        '100,000 entries cut at "/", every second one a prefix',
        "entries",
        {
            "ours": Peer(lambda endpoint: ours(endpoint, "/")),
            "obstore": Peer(obstore_folded),
            "boto3": Peer(lambda endpoint: boto3_pages(endpoint, "/")),
        },
    ),
    "search": Case("a search through 100,000 keys, a tenth of them found", "keys", {"ours": Peer(ours_searching)}),
}
