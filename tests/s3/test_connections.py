"""Connections: found in the AWS configuration as it is now, made by hand, resolved in other processes."""

from __future__ import annotations

import os
import pickle
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cloud_data_cockpit.errors import BadRequest, CredentialsError, NotFound, ServiceError
from cloud_data_cockpit.models import ConnectionRef
from cloud_data_cockpit.s3 import objects
from cloud_data_cockpit.s3.connections import Connection, connect, forget_demo, list_connections, resolve, write_demo
from cloud_data_cockpit.s3.demo_file import demo_path

from .conftest import ACCESS_KEY, SECRET_KEY


def write_profiles(text: str) -> None:
    Path(os.environ["AWS_CONFIG_FILE"]).write_text(text)


def names() -> list[str]:
    return [ref.name for ref in list_connections()]


# --- what is there -----------------------------------------------------------------------------


def test_without_any_configuration_only_anonymous() -> None:
    assert names() == ["anonymous"]
    assert resolve("anonymous").ref.anonymous


def test_profiles_are_read_anew_each_time() -> None:
    write_profiles("[default]\nregion = eu-west-1\n")
    assert names() == ["default", "anonymous"]
    before = resolve("default")
    assert before is resolve("default")
    write_profiles("[default]\nregion = eu-west-3\n[profile other]\nendpoint_url = http://127.0.0.1:1/\n")
    assert names() == ["default", "other", "anonymous"]
    assert (before.ref.region, resolve("default").ref.region) == ("eu-west-1", "eu-west-3")
    assert resolve("other").ref.endpoint_url == "http://127.0.0.1:1"


def test_credentials_file_and_services_section() -> None:
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[keys]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n"
    )
    write_profiles(
        "[profile keys]\nservices = local\nendpoint_url = http://127.0.0.1:3\n"
        "[services local]\ns3 =\n  endpoint_url = http://127.0.0.1:2\n"
    )
    connection = resolve("keys")
    assert connection.ref.endpoint_url == "http://127.0.0.1:2"
    assert connection.client.meta.endpoint_url == "http://127.0.0.1:2"


def test_our_endpoint_is_the_one_that_botocore_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.session

    write_profiles("[profile p]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:3\n")
    for variables in ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4"}, {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:5"}):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        theirs = botocore.session.Session(profile="p").create_client("s3").meta.endpoint_url
        assert resolve("p").ref.endpoint_url == theirs
    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert resolve("p").ref.endpoint_url is None


def test_the_environment(monkeypatch: pytest.MonkeyPatch, s3_service: Any, bucket: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_service.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_service.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_service.endpoint_url)
    assert "environment" in names()
    assert resolve(None).ref.kind == "environment"
    assert bucket in {b.name for b in objects.list_buckets(resolve(None))}


def test_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(None).ref.kind == "environment"
    write_profiles("[default]\n[profile p]\n")
    assert resolve(None).ref.profile == "default"
    monkeypatch.setenv("AWS_PROFILE", "p")
    assert resolve(None).ref.profile == "p"
    assert connect().ref.profile == "p"


def test_a_broken_configuration_leaves_the_rest_usable(caplog: pytest.LogCaptureFixture) -> None:
    write_profiles("[default\nno")
    write_demo("http://127.0.0.1:1", ACCESS_KEY, SECRET_KEY)
    assert names() == ["demo"]
    assert "cannot be parsed" in caplog.text
    with pytest.raises(CredentialsError, match="cannot be parsed"):
        resolve("default")


def test_profiles_with_a_name_of_ours_do_not_hide_it() -> None:
    write_profiles("[profile anonymous]\nregion = eu-west-1\n")
    assert names() == ["anonymous (profile)", "anonymous"]
    assert resolve("anonymous (profile)").ref.profile == "anonymous"
    assert resolve("anonymous").ref.profile is None


def test_unknown_names_tell_the_known_ones() -> None:
    write_profiles("[profile p]\n")
    with pytest.raises(NotFound, match=r"'q'.*p, anonymous"):
        resolve("q")
    with pytest.raises(CredentialsError, match="no profile 'q'"):
        connect(profile="q")


def test_a_profile_in_the_environment_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert connect("mine", endpoint_url="http://127.0.0.1:1", access_key="a", secret_key="b").client
    assert resolve("anonymous").client
    with pytest.raises(CredentialsError, match="no profile"):
        resolve(None)


# --- the demo ----------------------------------------------------------------------------------


def test_the_demo_is_known_by_its_file_alone() -> None:
    with pytest.raises(NotFound, match="cloud-data-cockpit demo"):
        resolve("demo")
    path = write_demo("http://127.0.0.1:1", ACCESS_KEY, SECRET_KEY)
    assert path == demo_path()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names()[0] == "demo"
    ref = resolve("demo").ref
    write_demo("http://127.0.0.1:2", ACCESS_KEY, SECRET_KEY)
    assert resolve(ref).ref.endpoint_url == "http://127.0.0.1:2"
    forget_demo("http://127.0.0.1:1")
    assert "demo" in names()
    forget_demo("http://127.0.0.1:2")
    assert "demo" not in names()
    assert resolve(None).ref.kind != "demo"


def test_an_unreadable_announcement_says_what_to_do() -> None:
    demo_path().parent.mkdir(parents=True)
    demo_path().write_text('{"endpoint_url": 3}')
    with pytest.raises(CredentialsError, match="start the demo again"):
        resolve("demo")
    assert names() == ["anonymous"]


def test_a_demo_that_has_stopped_says_how_to_start_it() -> None:
    write_demo("http://127.0.0.1:9", ACCESS_KEY, SECRET_KEY)
    with pytest.raises(ServiceError, match="cloud-data-cockpit demo"):
        objects.list_page(resolve("demo"), "b")


# --- by hand -----------------------------------------------------------------------------------


def test_two_connections_side_by_side(s3_service: Any, bucket: str, boto: Any) -> None:
    keys = {"access_key": s3_service.access_key, "secret_key": s3_service.secret_key}
    right = connect("right", endpoint_url=s3_service.endpoint_url, **keys)
    wrong = connect("wrong", endpoint_url=s3_service.endpoint_url, access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    boto.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert objects.head(right, bucket, "k").size == 1
    with pytest.raises(CredentialsError, match=r"connection 'wrong'.*access key"):
        objects.head(wrong, bucket, "k")
    assert objects.head(right, bucket, "k").size == 1
    assert resolve("right") is right
    assert {"right", "wrong"} <= set(names())


@pytest.mark.parametrize(
    "parameters",
    [
        {"access_key": "a"},
        {"secret_key": "b"},
        {"session_token": "c"},
        {"profile": "p", "access_key": "a", "secret_key": "b"},
        {"anonymous": True, "access_key": "a", "secret_key": "b"},
        {"anonymous": True, "profile": "p"},
        {"endpoint_url": "ftp://host"},
        {"endpoint_url": "host:9000"},
        {"endpoint_url": "http://"},
        {"endpoint_url": "http://u:p4ssw0rd@host"},
        {"endpoint_url": "http://host:99999"},
        {"endpoint_url": "http://ho st"},
        {"endpoint_url": "http://host?x=1"},
        {"name": "demo", "anonymous": True},
        {"name": " ", "anonymous": True},
        {"name": "a\nb", "anonymous": True},
    ],
)
def test_what_cannot_be_is_refused(parameters: dict[str, Any]) -> None:
    write_profiles("[profile p]\n")
    with pytest.raises(BadRequest) as caught:
        connect(**parameters)
    assert "p4ssw0rd" not in str(caught.value)


def test_made_up_names_are_stable_and_differ() -> None:
    write_profiles("[profile p]\n")
    choices: list[dict[str, Any]] = [
        {"profile": "p"},
        {"profile": "p", "endpoint_url": "http://h:1"},
        {"anonymous": True},
        {"anonymous": True, "endpoint_url": "http://h:1"},
        {"access_key": "a", "secret_key": "b"},
        {"access_key": "c", "secret_key": "b"},
        {"access_key": "a", "secret_key": "b", "endpoint_url": "http://h:1"},
        {"endpoint_url": "http://h:1"},
    ]
    first = [connect(**choice).ref.name for choice in choices]
    assert [connect(**choice).ref.name for choice in choices] == first
    assert len(set(first)) == len(first)
    assert max(map(len, first)) < 40


def test_path_style_where_the_host_is_not_aws() -> None:
    def url(connection: Connection, key: str = "k") -> str:
        client = connection.client_of("bucket", key)
        return str(client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": key}))

    keys = {"access_key": "a", "secret_key": "b"}
    assert url(connect("a", endpoint_url="http://minio:9000", **keys)).startswith("http://minio:9000/bucket/k?")
    aws = connect("b", region="eu-west-1", **keys)
    assert url(aws).startswith("https://bucket.s3.eu-west-1.amazonaws.com/k?")
    assert url(aws, "/k").startswith("https://s3.eu-west-1.amazonaws.com/bucket//k?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url(aws)


def test_a_bucket_in_another_region_of_aws_gets_another_host() -> None:
    aws = connect(
        "b", endpoint_url="https://s3.eu-west-1.amazonaws.com", region="eu-west-1", access_key="a", secret_key="b"
    )
    aws.learn_region("far", "ap-south-1")
    assert aws.client_of("far").meta.endpoint_url == "https://s3.ap-south-1.amazonaws.com"
    assert aws.client.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"


def test_clients_are_made_once(stubbed: Connection) -> None:
    assert stubbed.client is stubbed.client
    assert resolve("stubbed").client is stubbed.client


# --- elsewhere ---------------------------------------------------------------------------------


def elsewhere(pickled: bytes, **variables: str) -> str:
    code = (
        "import pickle, sys\n"
        "from cloud_data_cockpit.errors import CockpitError\n"
        "try: print(pickle.loads(sys.stdin.buffer.read()).ref.kind)\n"
        "except CockpitError as e: print(type(e).__name__, e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickled, capture_output=True, check=True, env=os.environ | variables
    )
    return done.stdout.decode()


def test_a_pickled_connection_resolves_by_kind_in_another_process() -> None:
    write_profiles("[profile p]\n")
    assert elsewhere(pickle.dumps(connect(profile="p"))) == "profile\n"
    assert elsewhere(pickle.dumps(connect(anonymous=True, endpoint_url="http://minio:9000"))) == "anonymous\n"
    loopback = connect("mine", endpoint_url="http://127.0.0.1:1", access_key=ACCESS_KEY, secret_key=SECRET_KEY)
    assert elsewhere(pickle.dumps(loopback)) == "custom\n"


def test_credentials_of_this_machine_never_sign_for_a_stranger() -> None:
    write_profiles("[profile p]\n")
    refs = [
        ConnectionRef(name="x", kind="custom", endpoint_url="https://evil.example"),
        ConnectionRef(name="x", kind="environment", endpoint_url="https://s3.amazonaws.com.evil.example"),
        ConnectionRef(name="x", kind="profile", profile="p", endpoint_url="https://notamazonaws.com"),
        ConnectionRef(name="x", kind="custom", endpoint_url="http://localhost.evil.example"),
    ]
    for ref in refs:
        with pytest.raises(CredentialsError, match=r"connect\(name=\"x\", endpoint_url="):
            resolve(ref)


def test_an_endpoint_that_the_worker_is_told_of_is_trusted() -> None:
    pickled = pickle.dumps(connect("m", endpoint_url="http://minio:9000", access_key=ACCESS_KEY, secret_key=SECRET_KEY))
    assert "minio:9000" in elsewhere(pickled)
    assert elsewhere(pickled).startswith("CredentialsError")
    assert elsewhere(pickled, AWS_ENDPOINT_URL="http://minio:9000") == "custom\n"


def test_a_registered_connection_is_found_by_the_name_in_a_reference() -> None:
    mine = connect("lab", endpoint_url="http://minio:9000", access_key="a", secret_key="b")
    assert resolve(ConnectionRef(name="lab", kind="custom", endpoint_url="http://minio:1")) is mine
    assert pickle.loads(pickle.dumps(mine)) is mine


def test_importing_loads_no_boto() -> None:
    code = (
        "import sys, cloud_data_cockpit.s3.connections, cloud_data_cockpit.s3.source, cloud_data_cockpit.s3.uploads\n"
        "print([m for m in ('boto3', 'botocore', 'urllib3', 'certifi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout == "[]\n"


def test_resolving_a_name_again_is_quick() -> None:
    write_profiles("".join(f"[profile p{i}]\n" for i in range(50)))
    resolve("p7")
    begun = time.perf_counter()
    for _ in range(100):
        resolve("p7")
    assert (time.perf_counter() - begun) / 100 < 0.005
