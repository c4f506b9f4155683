"""Dataplug's strategy names: translated, checked in words, kept in the manifest in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest
from cloud_data_cockpit.jobs.kinds import PARTITION
from cloud_data_cockpit.models import PartitionRequest
from cloud_data_cockpit.slicing.partition import check_params, partition
from cloud_data_cockpit.slicing.strategies import in_our_words

from .lines import LineFormat


@pytest.fixture(autouse=True)
def strategies(monkeypatch: pytest.MonkeyPatch) -> None:
    known: Mapping[str, Mapping[str, str]] = {
        "partition_num_chunks": {"n_chunks": "num_slices"},
        "partition_chunk_lines": {"lines_per_chunk": "lines", "strategy": "skip"},
    }
    monkeypatch.setattr(LineFormat, "strategies", known, raising=False)
    monkeypatch.setattr(LineFormat, "strategy_params", {"partition_num_chunks": {"skip": 1}}, raising=False)


def test_its_arguments_become_our_parameters(poem: Path) -> None:
    slices = partition(poem, strategy="partition_chunk_lines", lines_per_chunk=30)
    assert len(slices) == 4
    assert slices.manifest.params == {"lines": 30, "skip": 0}
    assert len(partition(poem, strategy="partition_num_chunks", n_chunks=7)) == 7


def test_what_the_strategy_sets_besides_can_be_overruled(poem: Path) -> None:
    made = partition(poem, strategy="partition_num_chunks", n_chunks=7)
    assert made.manifest.params == {"num_slices": 7, "skip": 1}
    made = partition(poem, strategy="partition_num_chunks", n_chunks=7, skip=2)
    assert made.manifest.params == {"num_slices": 7, "skip": 2}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"strategy": "nope"}, "no strategy 'nope'; known are partition_num_chunks, partition_chunk_lines"),
        ({"strategy": 7}, "no strategy 7"),
        ({"strategy": "partition_num_chunks", "chunks": 7}, "no argument 'chunks'; known are n_chunks, num_slices"),
        ({"strategy": "partition_num_chunks", "n_chunks": 7, "num_slices": 8}, "the same as another argument"),
        ({"strategy": "partition_num_chunks", "n_chunks": 0}, "num_slices"),
        ({"strategy": "partition_num_chunks", "n_chunks": 3, "lines": 4}, "choose one of"),
    ],
)
def test_what_cannot_be_is_refused_in_words(poem: Path, params: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        partition(poem, **params)
    assert LineFormat.scans == 0


def test_a_format_without_strategies(poem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(LineFormat, "strategies")
    with pytest.raises(BadRequest, match="it has none"):
        partition(poem, strategy="partition_num_chunks", n_chunks=2)


def test_an_argument_that_is_called_strategy_itself() -> None:
    given = in_our_words(LineFormat(), "partition_chunk_lines", {"lines_per_chunk": 5, "strategy": 3})
    assert given == {"lines": 5, "skip": 3}


def test_a_job_is_asked_in_the_same_words(poem: Path) -> None:
    made = check_params(LineFormat(), {"strategy": "partition_num_chunks", "n_chunks": 4})
    assert made.num_slices == 4
    request = PartitionRequest(
        connection="anonymous", uri="s3://b/k", format="lines", params={"strategy": "nope", "n_chunks": 4}
    )
    assert PARTITION.check is not None
    with pytest.raises(BadRequest, match="no strategy 'nope'"):
        PARTITION.check(request)
