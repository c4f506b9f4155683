"""Ranges: 1,000 of 64 KiB at random places of 4 GiB, 32 at once; too far from each other for anybody to join them."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

from .cases import BUCKET, Case, Peer, Place, Work
from .clients import boto, connection, obstore_store
from .null_server import SIZE, null_server

KEY = "big.bin"
LENGTH = 64 << 10
COUNT = 1000
AT_ONCE = 32
APART = 1 << 20


def offsets() -> list[int]:
    """The same for every side and turn, in no order."""
    chance, room = random.Random(7), SIZE // COUNT
    found = [number * room + chance.randrange(room - LENGTH - APART) for number in range(COUNT)]
    chance.shuffle(found)
    return found


def many(place: Place) -> Work:
    """Source.read_many, called once."""
    from cloud_data_cockpit.s3.source import S3Source

    source = S3Source(connection(place), f"s3://{BUCKET}/{KEY}")
    ranges = [(at, LENGTH) for at in offsets()]
    return lambda: sum(len(data) == LENGTH for data in source.read_many(ranges))


def in_threads(place: Place) -> Work:
    """Source.read, called by 32 threads."""
    from cloud_data_cockpit.s3.source import S3Source

    source = S3Source(connection(place), f"s3://{BUCKET}/{KEY}")
    pool, wanted = ThreadPoolExecutor(AT_ONCE), offsets()
    return lambda: sum(len(data) == LENGTH for data in pool.map(lambda at: source.read(at, LENGTH), wanted))


def obstore_in_threads(place: Place) -> Work:
    """obstore.get_range, called by 32 threads."""
    import obstore

    store = obstore_store(place)
    pool, wanted = ThreadPoolExecutor(AT_ONCE), offsets()

    def one(at: int) -> bool:
        return len(obstore.get_range(store, KEY, start=at, length=LENGTH)) == LENGTH

    return lambda: sum(pool.map(one, wanted))


def obstore_ranges(place: Place) -> Work:
    """obstore.get_ranges, called once; it has ten requests under way at once."""
    import obstore

    store, starts = obstore_store(place), offsets()

    def work() -> int:
        found = obstore.get_ranges(store, KEY, starts=starts, lengths=[LENGTH] * COUNT)
        return sum(len(data) == LENGTH for data in found)

    return work


def obstore_async(place: Place) -> Work:
    """obstore's coroutines, 32 at once."""
    import obstore

    store, wanted = obstore_store(place), offsets()

    async def run() -> int:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(at: int) -> bool:
            async with gate:
                return len(await obstore.get_range_async(store, KEY, start=at, length=LENGTH)) == LENGTH

        return sum(await asyncio.gather(*map(one, wanted)))

    return lambda: asyncio.run(run())


def boto3_in_threads(place: Place) -> Work:
    """boto3, called by 32 threads."""
    client = boto(place)
    pool, wanted = ThreadPoolExecutor(AT_ONCE), offsets()

    def one(at: int) -> bool:
        reply = client.get_object(Bucket=BUCKET, Key=KEY, Range=f"bytes={at}-{at + LENGTH - 1}")
        return len(reply["Body"].read()) == LENGTH

    return lambda: sum(pool.map(one, wanted))


CASES = {
    "ranges": Case(
        "1,000 ranges of 64 KiB at random places of 4 GiB, 32 at once",
        "ranges",
        {
            "read_many": Peer(many),
            "read, threads": Peer(in_threads),
            "obstore, threads": Peer(obstore_in_threads),
            "obstore, coroutines": Peer(obstore_async),
            "obstore, get_ranges": Peer(obstore_ranges),
            "boto3": Peer(boto3_in_threads),
        },
        null_server,
        rounds=9,
        ours=2,
    ),
}
