"""The format of the synthetic source, known while a test runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_data_cockpit import registry

from .simulated import NothingFormat


@pytest.fixture
def nothing() -> Iterator[None]:
    registry.register_format(NothingFormat())
    yield
    registry._registered.pop(NothingFormat.name)
    registry.get_format.cache_clear()
