"""Credentials of workers: their own, unless short-lived ones are sent along; never to be seen on the way."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit import connect, partition
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.errors import BadRequest, CredentialsError
from cloud_data_cockpit.executors import as_run, open_executor
from cloud_data_cockpit.executors.engine import Engine
from cloud_data_cockpit.executors.travel import Parcel
from cloud_data_cockpit.s3.connections import resolve
from cloud_data_cockpit.s3.lending import lender_for, lent
from cloud_data_cockpit.slicing.slices import LazySlice


def text_of(piece: LazySlice) -> bytes:
    return piece.read(header=False)


@pytest.fixture
def table(boto: Any, bucket: str) -> str:
    boto.put_object(Bucket=bucket, Key="t.csv", Body=b"a,b\n" + b"".join(b"%d,x\n" % i for i in range(1000)))
    return f"s3://{bucket}/t.csv"


@pytest.fixture
def by_hand(s3_service: DemoProcess) -> str:
    connect(
        "mine", endpoint_url=s3_service.endpoint_url, access_key=s3_service.access_key, secret_key=s3_service.secret_key
    )
    return "mine"


@pytest.fixture
def by_profile(s3_service: DemoProcess, isolated_home: Path) -> str:
    """A profile with long-lived keys."""
    (isolated_home / "aws-config").write_text(
        f"[profile lab]\nregion=us-east-1\nendpoint_url={s3_service.endpoint_url}\n"
    )
    (isolated_home / "aws-credentials").write_text(
        f"[lab]\naws_access_key_id={s3_service.access_key}\naws_secret_access_key={s3_service.secret_key}\n"
    )
    return "lab"


def test_workers_have_nothing_of_a_connection_made_here(table: str, by_hand: str) -> None:
    slices = partition(table, connection=by_hand, num_slices=3)
    with (
        open_executor("processes", workers=1) as executor,
        pytest.raises(CredentialsError, match=r"no credentials.*\(slice \d of s3://.*with forward_credentials"),
    ):
        list(executor.map(text_of, slices))


@pytest.mark.parametrize("with_token", [True, False])
def test_of_keys_given_by_hand_only_those_that_expire_are_sent(
    by_hand: str, s3_service: DemoProcess, with_token: bool
) -> None:
    lender = lender_for(by_hand)
    assert lender is not None
    ref, keys = json.loads(lender.sealed())
    assert keys[2]
    assert s3_service.secret_key not in keys
    if with_token:
        connect(
            "short", endpoint_url=ref["endpoint_url"], access_key=keys[0], secret_key=keys[1], session_token=keys[2]
        )
        lender = lender_for("short")
        assert lender is not None
        assert json.loads(lender.sealed())[1] == keys
    else:
        connect("wrong", endpoint_url=ref["endpoint_url"], access_key=s3_service.access_key, secret_key="x" * 40)
        lender = lender_for("wrong")
        assert lender is not None
        with pytest.raises(CredentialsError, match="the keys of 'wrong' are long-lived"):
            lender.sealed()


def test_keys_given_by_hand_are_sent_when_asked_for(table: str, by_hand: str) -> None:
    slices = partition(table, connection=by_hand, num_slices=3)
    with open_executor("processes", workers=2, forward_credentials=True) as executor:
        assert list(executor.map(text_of, slices)) == [piece.read(header=False) for piece in slices]
        assert slices.map(text_of, executor=executor) == [piece.read(header=False) for piece in slices]


def test_an_index_is_made_with_keys_sent_along(table: str, by_hand: str) -> None:
    with open_executor("processes", workers=2, forward_credentials=True) as executor:
        run = as_run(executor, connection=by_hand)
        assert partition(table, connection=by_hand, num_slices=3, run=run).records == 1000


def test_of_a_profile_only_keys_that_expire_are_sent(
    table: str, by_profile: str, s3_service: DemoProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_executor("processes", workers=1, forward_credentials=True) as executor:
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
            elsewhere.setenv("AWS_CONFIG_FILE", "/nowhere")
            list(executor.run(abs, [-1]))  # the worker begins, in a place where nobody knows the profile
        slices = partition(table, connection=by_profile, num_slices=2)
        assert list(executor.map(text_of, slices)) == [piece.read(header=False) for piece in slices]
    lender = lender_for(by_profile)
    assert lender is not None
    sealed = lender.sealed()
    assert s3_service.secret_key.encode() not in sealed
    assert lender.sealed() == sealed, "new keys are made only when the old ones are about to expire"


def test_long_lived_keys_are_refused_where_nobody_makes_others(
    by_profile: str, s3_service: DemoProcess, isolated_home: Path
) -> None:
    credentials = isolated_home / "aws-credentials"
    credentials.write_text(credentials.read_text().replace(s3_service.secret_key, "x" * 40))
    lender = lender_for(by_profile)
    assert lender is not None
    with pytest.raises(CredentialsError, match=r"the keys of 'lab' are long-lived.*of its STS.*a role"):
        lender.sealed()


def test_keys_are_not_to_be_seen(by_hand: str, s3_service: DemoProcess, caplog: pytest.LogCaptureFixture) -> None:
    lender = lender_for(by_hand)
    assert lender is not None
    sealed = lender.sealed()
    keys = json.loads(sealed)[1]
    assert len(keys) == 3
    assert s3_service.secret_key not in keys
    parcel = Parcel(b"", "d", b"", sealed)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("any").warning("%s %r %r", parcel, lender, [parcel])
    assert not any(secret in caplog.text for secret in (s3_service.secret_key, *keys))
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(lender)


def test_lent_keys_are_gone_after_the_task(by_hand: str, s3_service: DemoProcess) -> None:
    lender = lender_for(by_hand)
    assert lender is not None
    own = resolve("mine")
    with lent(lender.sealed()) as digest:
        assert resolve("mine") is not own
        assert s3_service.secret_key not in digest
    assert resolve("mine") is own
    with lent(None) as digest:
        assert digest == ""
    with pytest.raises(BadRequest, match="differ in version"), lent(b"[]"):
        pass


def test_anonymous_needs_no_keys() -> None:
    assert lender_for("anonymous") is None


@pytest.mark.parametrize("name", ["lithops", "spark"])
def test_engines_that_write_tasks_to_disk_take_none(name: str) -> None:
    from cloud_data_cockpit.executors.registry import _engine

    engine: type[Engine] = _engine(name)
    assert engine.lends is not None
    opened = engine(engine.options(forward_credentials=True))
    with pytest.raises(BadRequest, match="credentials cannot be sent along"):
        list(opened.run(text_of, [1], connection="anonymous"))
