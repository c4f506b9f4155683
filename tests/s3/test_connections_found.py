"""Every kind of profile and environment is found, and said in words with what ails it, without asking anybody."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import ProcessProvider

from cloud_data_cockpit.models import ConnectionInfo
from cloud_data_cockpit.s3 import credential_kinds, objects
from cloud_data_cockpit.s3.connections import connect, resolve, write_demo
from cloud_data_cockpit.s3.described import list_infos

from .conftest import ACCESS_KEY, SECRET_KEY


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be connected to, and no program be run, only to list."""

    def refuse(*args: Any, **more: Any) -> Any:
        raise AssertionError(f"asked the network: {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(ProcessProvider, "load", refuse)


def configuration(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text)


def info(name: str) -> ConnectionInfo:
    return next(each for each in list_infos() if each.ref.name == name)


def when(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_plain_ones() -> None:
    write_demo("http://127.0.0.1:1", ACCESS_KEY, SECRET_KEY)
    connect("mine", endpoint_url="http://127.0.0.1:2", access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    found = {each.ref.name: (each.saved, each.secret, each.problem) for each in list_infos()}
    assert found == {
        "demo": (False, "configured", None),
        "anonymous": (False, "none", None),
        "mine": (False, "process", None),
    }
    assert SECRET_KEY not in repr(list_infos())


def test_keys_and_their_faults() -> None:
    configuration(
        f"[profile whole]\naws_access_key_id={ACCESS_KEY}\naws_secret_access_key={SECRET_KEY}\n"
        "[profile half]\naws_access_key_id=a\n"
        "[profile none]\nregion=eu-west-1\n"
        "[profile late]\naws_access_key_id=a\naws_secret_access_key=b\naws_session_token=c\n"
        f"aws_expiration={when(-1)}\n"
        "[profile soon]\naws_access_key_id=a\naws_secret_access_key=b\naws_session_token=c\n"
        f"x_security_token_expires={when(1)}\n"
    )
    assert info("whole").problem is None
    assert "complete it" in (info("half").problem or "")
    assert "`aws configure --profile none`" in (info("none").problem or "")
    assert "have expired" in (info("late").problem or "")
    assert info("soon").problem is None
    assert info("soon").expires is not None
    assert "temporary keys" in info("soon").source
    assert SECRET_KEY not in repr(list_infos())


SSO = (
    "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.example/start\n"
    "[profile x]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n"
    "[profile old]\nsso_start_url = https://old.example/start\nsso_region = us-east-1\nsso_account_id = 1\n"
    "sso_role_name = r\n[profile lost]\nsso_session = gone\n"
)


def token(name: str, **fields: str) -> None:
    folder = Path.home() / ".aws" / "sso" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha1(name.encode()).hexdigest()}.json"
    file.write_text(json.dumps({"accessToken": "canary-token", **fields}))


def test_single_sign_on() -> None:
    configuration(SSO)
    assert info("x").problem == "profile x is not signed on: run `aws sso login --profile x`"
    token("corp", expiresAt=when(-1))
    assert info("x").problem == "the SSO session of profile x has expired: run `aws sso login --profile x`"
    token("corp", expiresAt=when(2))
    assert info("x").problem is None
    assert info("x").expires is not None
    # botocore renews it by itself while its registration lasts
    token("corp", expiresAt=when(-1), refreshToken="r", registrationExpiresAt=when(5))
    assert (info("x").problem, info("x").expires) == (None, None)
    token("corp", expiresAt=when(-1), refreshToken="r", registrationExpiresAt=when(-5))
    assert "has expired" in (info("x").problem or "")
    token("https://old.example/start", expiresAt=when(-1).replace("Z", "UTC"))
    assert "`aws sso login --profile old`" in (info("old").problem or "")
    assert "the sso-session gone" in (info("lost").problem or "")
    assert "single sign-on (session corp)" in info("x").source
    assert "canary-token" not in repr(list_infos())


def test_roles() -> None:
    configuration(
        "[profile base]\naws_access_key_id=a\naws_secret_access_key=b\n"
        "[profile reader]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\n"
        "[profile stray]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=gone\n"
        "[profile alone]\nrole_arn=arn:aws:iam::1:role/r\n"
        "[profile code]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=base\nmfa_serial=arn:aws:iam::1:mfa/me\n"
        "[profile machine]\nrole_arn=arn:aws:iam::1:role/r\ncredential_source=Ec2InstanceMetadata\n"
        "[profile ring]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=gnir\n"
        "[profile gnir]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=ring\n"
        + SSO.replace("[profile x]", "[profile sso]")
        + "[profile chained]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=sso\n"
    )
    assert info("reader").problem is None
    assert "role arn:aws:iam::1:role/r, assumed from profile 'base'" in info("reader").source
    assert "profile gone, which does not exist" in (info("stray").problem or "")
    assert "neither source_profile" in (info("alone").problem or "")
    assert "MFA" in (info("code").problem or "")
    assert info("machine").problem is None
    assert info("ring").source
    assert "`aws sso login --profile sso`" in (info("chained").problem or "")


def test_web_identity_and_processes(tmp_path: Path) -> None:
    configuration(
        f"[profile web]\nrole_arn=arn:aws:iam::1:role/r\nweb_identity_token_file={tmp_path / 'token'}\n"
        f"[profile program]\ncredential_process={sys.executable} --secret canary-argument\n"
        "[profile absent]\ncredential_process=/no/such/program\n"
    )
    assert "is not there" in (info("web").problem or "")
    (tmp_path / "token").write_text("t")
    assert info("web").problem is None
    assert info("program").problem is None
    assert "which is not there" in (info("absent").problem or "")
    assert "canary-argument" not in repr(list_infos())


def test_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    assert info("environment").problem is None
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", when(-1))
    assert "have expired" in (info("environment").problem or "")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "environment" not in {each.ref.name for each in list_infos()}
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    assert "web identity" in info("environment").source
    assert resolve(None).ref.kind == "environment"
    monkeypatch.delenv("AWS_ROLE_ARN")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x")
    assert "container" in info("environment").source


def test_an_instance_role_is_offered_where_there_can_be_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    vendor = tmp_path / "sys_vendor"
    vendor.write_text("Amazon EC2\n")
    monkeypatch.setattr(credential_kinds, "_VENDOR", vendor)
    assert "environment" not in {each.ref.name for each in list_infos()}  # the tests switch the metadata service off
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    assert "role of this machine" in info("environment").source
    vendor.write_text("QEMU\n")
    assert "environment" not in {each.ref.name for each in list_infos()}


def test_many_profiles_are_listed_quickly() -> None:
    configuration("".join(f"[profile p{i}]\naws_access_key_id=a\naws_secret_access_key=b\n" for i in range(300)))
    list_infos()
    begun = time.perf_counter()
    assert len(list_infos()) == 301
    assert time.perf_counter() - begun < 2


class TestUsed:
    """The same kinds in use, against a service."""

    @pytest.fixture(autouse=True)
    def no_network(self) -> None:
        """Here the service is asked."""

    def test_a_process_gives_keys_that_are_renewed(self, s3_service: Any, bucket: str, tmp_path: Path) -> None:
        calls = tmp_path / "calls"
        keys = {"Version": 1, "AccessKeyId": s3_service.access_key, "SecretAccessKey": s3_service.secret_key}
        script = tmp_path / "keys.py"
        script.write_text(
            "import json, datetime, pathlib\n"
            f"pathlib.Path({str(calls)!r}).open('a').write('.')\n"
            "soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)\n"
            f"print(json.dumps({keys!r} | {{'Expiration': soon.isoformat()}}))\n"
        )
        script.chmod(stat.S_IRWXU)
        configuration(
            f"[profile p]\ncredential_process={sys.executable} {script}\nendpoint_url={s3_service.endpoint_url}\n"
        )
        connection = resolve("p")
        for _ in range(2):
            assert bucket in {b.name for b in objects.list_buckets(connection)}
        assert len(calls.read_text()) >= 2  # keys that end within minutes are asked for anew
        assert info("p").expires is not None
        assert connection.expires is not None
