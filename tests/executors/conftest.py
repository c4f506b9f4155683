"""The engine of a test class, open while its tests run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud_data_cockpit.executors import Executor, list_executors, open_executor


@pytest.fixture(scope="class")
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    wanted = request.cls
    problem = next(info.problem for info in list_executors() if info.name == wanted.name)
    if problem is not None:
        pytest.skip(problem)
    with open_executor(wanted.name, **wanted.options) as opened:
        yield opened
