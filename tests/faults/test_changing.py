"""Copies, moves and deletes under faults: nothing lost, nothing wrong kept, nothing beside the selection touched."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from cloud_data_cockpit.errors import CockpitError
from cloud_data_cockpit.models import CopyRequest, DeleteRequest
from cloud_data_cockpit.s3 import copying
from cloud_data_cockpit.s3.connections import Connection
from cloud_data_cockpit.s3.deleting import delete_selection
from cloud_data_cockpit.s3.transfers import copy_selection
from tests.s3.watching import Watching

from .proxy import Proxy

MIB = 1 << 20
Troubled = Callable[..., CockpitError | None]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects above 2 MiB are copied in parts of the smallest size that S3 has."""
    monkeypatch.setattr(copying, "WHOLE", 2 * MIB)
    monkeypatch.setattr(copying, "SMALLEST_PART", 5 * MIB)
    monkeypatch.setattr(copying, "COPIED_PART", 5 * MIB)


@pytest.fixture
def filled(boto: Any, box: str) -> Callable[[int], dict[str, bytes]]:
    """`filled(seed)`: below run1/ lies what is selected, at run10/ what must not be touched."""

    def fill(seed: int) -> dict[str, bytes]:
        chance = random.Random(seed)
        objects = {f"run1/{n} é": chance.randbytes(chance.randrange(100_000)) for n in range(7)}
        objects["run1/large"] = chance.randbytes(5 * MIB + chance.randrange(MIB))
        objects["run10/other"] = b"not this one"
        for key, data in objects.items():
            boto.put_object(Bucket=box, Key=key, Body=data, Metadata={"from": "the test"})
        return objects

    return fill


def request(kind: str, box: str, to: str, **more: Any) -> CopyRequest:
    given = {"kind": kind, "connection": "flaky", "bucket": box, "prefixes": ["run1/"], "to_connection": "flaky"}
    return CopyRequest.model_validate({**given, "to_bucket": box, "to_prefix": to, **more})


@pytest.mark.parametrize("seed", range(131, 146))
def test_a_copy(seed: int, flaky: Connection, box: str, troubled: Troubled, filled: Any, clean: Any, read: Any) -> None:
    objects = filled(seed)
    error = troubled(seed, lambda: copy_selection(request("copy", box, "to/"), Watching()))
    found, copies = read(box), {f"to/{key}": data for key, data in objects.items() if key.startswith("run1/")}
    assert {key: data for key, data in found.items() if not key.startswith("to/")} == objects
    made = {key: data for key, data in found.items() if key.startswith("to/")}
    assert made == {key: data for key, data in copies.items() if key in made}
    assert error is not None or made == copies
    assert seed % 3 == 0 or error is None, error
    clean(box)


@pytest.fixture
def far_bucket(steady: Connection, boto: Any) -> str:
    """A bucket behind the connection "steady", to which bytes have to be streamed."""
    name = f"far-{uuid.uuid4().hex[:10]}"
    boto.create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("seed", range(146, 161))
def test_a_copy_to_another_service(
    seed: int,
    flaky: Connection,
    box: str,
    far_bucket: str,
    troubled: Troubled,
    filled: Any,
    clean: Any,
    read: Any,
    proxy: Proxy,
) -> None:
    objects = filled(seed)
    ends = {"connection": "flaky", "to_connection": "steady", "bucket": box, "to_bucket": far_bucket}
    if seed % 2:  # the trouble is at the target
        ends |= {"connection": "steady", "to_connection": "flaky"}
    asked = request("copy", box, "", **ends)
    error = troubled(seed, lambda: copy_selection(asked, Watching()))
    made, copies = read(far_bucket), {key: data for key, data in objects.items() if key.startswith("run1/")}
    assert read(box) == objects
    assert made == {key: data for key, data in copies.items() if key in made}
    assert error is not None or made == copies
    assert seed % 3 == 0 or error is None or proxy.met["flip_reply"], error
    clean(far_bucket)


@pytest.mark.parametrize("seed", range(161, 171))
def test_a_move(seed: int, flaky: Connection, box: str, troubled: Troubled, filled: Any, clean: Any, read: Any) -> None:
    objects = filled(seed)
    error = troubled(seed, lambda: copy_selection(request("move", box, "to/"), Watching()))
    found = read(box)
    moving = {key for key in objects if key.startswith("run1/")}
    assert {key.removeprefix("to/"): data for key, data in found.items()} == objects
    assert all(found[key] == objects[key] for key in moving if key in found)
    assert error is not None or {f"to/{key}" for key in moving} | {"run10/other"} == set(found)
    assert seed % 3 == 0 or error is None, error
    clean(box)


@pytest.mark.parametrize("seed", range(171, 181))
def test_a_delete(seed: int, flaky: Connection, box: str, troubled: Troubled, filled: Any, read: Any) -> None:
    objects = filled(seed)
    asked = DeleteRequest(kind="delete", connection="flaky", bucket=box, prefixes=["run1/"], keys=[])
    error = troubled(seed, lambda: delete_selection(asked, Watching()))
    found = read(box)
    assert found == {key: objects[key] for key in found}
    assert "run10/other" in found
    assert error is not None or set(found) == {"run10/other"}
    assert seed % 3 == 0 or error is None, error
