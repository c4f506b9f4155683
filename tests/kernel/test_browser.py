"""The notebook's browser: every key is reached, names are completed and escaped, pages are asked for as needed."""

from __future__ import annotations

from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, NotFound
from cloud_data_cockpit.kernel.browser import Place, browse
from cloud_data_cockpit.s3.connections import connect

HOSTILE = [
    "../up",
    "a//b",
    "<img src=x onerror=alert(1)>",
    "tab\there",
    " lead",
    "é ü",
    "%2e%2e/x",
    "read",
    "\u202egnp.exe",
]


@pytest.fixture
def top(s3_service: Any, bucket: str, boto: Any) -> Place:
    connect("browsing", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key,
            secret_key=s3_service.secret_key)  # fmt: skip
    for key in ("run1/a.csv", "run1/b.csv", "run10/c.csv", "top.txt", *(f"odd/{key}" for key in HOSTILE)):
        boto.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return browse(f"s3://{bucket}/", connection="browsing")


def test_going_down_by_attribute_and_by_item(top: Place) -> None:
    assert top.run1.uri.endswith("/run1/")
    assert [place.uri.rpartition("/")[2] for place in top.run1] == ["a.csv", "b.csv"]
    assert top["run1/a.csv"].read() == b"run1/a.csv"
    assert top.run1["b.csv"].read(offset=1, length=3) == b"un1"
    assert top["top.txt"].size == 7


def test_completion_offers_names(top: Place) -> None:
    assert {"run1", "run10", "odd", "read", "uri"} <= set(dir(top))
    assert "top.txt" not in dir(top)
    assert top._ipython_key_completions_() == ["odd/", "run1/", "run10/", "top.txt"]
    with pytest.raises(AttributeError, match=r"place\['nothing'\]"):
        _ = top.nothing


@pytest.mark.parametrize("key", HOSTILE)
def test_every_key_is_reached_and_shown_escaped(top: Place, key: str) -> None:
    odd = top["odd/"]
    assert odd[key].read() == f"odd/{key}".encode()
    shown = odd._repr_html_() + odd[key]._repr_html_()
    assert "<img" not in shown
    assert f"odd/{key}" in [entry.key for entry in odd.walk()]


def test_a_name_that_is_a_method_is_reached_by_item(top: Place) -> None:
    assert callable(top["odd/"].read)
    assert top["odd/"]["read"].read() == b"odd/read"


def test_all_buckets(top: Place, bucket: str) -> None:
    everything = browse(connection="browsing")
    assert bucket in everything._ipython_key_completions_()
    assert everything[bucket].uri == f"s3://{bucket}/"
    assert everything[f"{bucket}/run1/a.csv"].read() == b"run1/a.csv"
    assert everything._ipython_key_completions_()[0] in everything._repr_html_()
    with pytest.raises(BadRequest, match="bucket first"):
        next(everything.walk())


def test_what_is_not_there(top: Place) -> None:
    with pytest.raises(NotFound):
        top["missing.txt"].read()
    with pytest.raises(BadRequest, match="no object"):
        top["run1/"].read()
    with pytest.raises(BadRequest, match="nothing is below"):
        top["top.txt"]["x"]
    assert "nothing is here" in top["empty/"]._repr_html_()


def test_a_new_key_is_seen_after_a_refresh(top: Place, boto: Any, bucket: str) -> None:
    assert "later" not in dir(top)
    boto.put_object(Bucket=bucket, Key="later/x", Body=b"")
    assert "later" not in dir(top)
    assert "later" in dir(top.refresh())


def test_many_keys_cost_one_page(top: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    import cloud_data_cockpit.kernel.browser as module

    asked: list[str] = []
    ask = module.list_page
    monkeypatch.setattr(module, "list_page", lambda *args, **more: (asked.append(args[2]), ask(*args, **more))[1])
    repr(top), top._repr_html_(), dir(top), top.run1
    assert asked == [""]
