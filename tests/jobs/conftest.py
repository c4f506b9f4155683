"""Fixtures of the jobs: a store in its own folder, records to put into it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_data_cockpit.jobs.board import Board
from cloud_data_cockpit.jobs.kinds import PARTITION
from cloud_data_cockpit.jobs.runner import new_job
from cloud_data_cockpit.jobs.store import Store
from cloud_data_cockpit.models import Job, PartitionRequest


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    made = Store(tmp_path / "cockpit" / "jobs.sqlite3")
    yield made
    made.close()


@pytest.fixture
def request_record() -> PartitionRequest:
    """A request to partition an object that need not be there."""
    return PartitionRequest(connection="demo", uri="s3://bucket/a key.csv")


@pytest.fixture
def job(request_record: PartitionRequest) -> Job:
    """A queued job."""
    return new_job(PARTITION, request_record)


@pytest.fixture
def told() -> list[Job]:
    """What the board has told."""
    return []


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of this test alone."""
    made = asyncio.new_event_loop()
    yield made
    made.run_until_complete(made.shutdown_default_executor())
    made.close()


@pytest.fixture
def board(store: Store, told: list[Job], loop: asyncio.AbstractEventLoop) -> Board:
    """A board over the store whose news go to `told`."""
    return Board(store, "me", told.append, loop)
