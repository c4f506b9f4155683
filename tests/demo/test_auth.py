"""Who may ask: signatures in headers, URLs and forms, what tampering meets, temporary keys, anonymous requests."""

from __future__ import annotations

import base64
import json
import stat
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_data_cockpit.demo.keys import Keys
from cloud_data_cockpit.demo.process import DemoProcess
from cloud_data_cockpit.demo.s3errors import S3Error

from .test_objects import refused
from .wire import Answer, send, sign, signed, target_of


@pytest.fixture
def there(boto: Any, bucket: str) -> str:
    """The path of an object that is private."""
    boto.put_object(Bucket=bucket, Key="k", Body=b"body")
    return f"/{bucket}/k"


def test_wrong_keys(s3_service: DemoProcess, boto_for: Any) -> None:
    wrong = boto_for(s3_service, aws_secret_access_key="wrong")
    assert refused(wrong.list_buckets) == (403, "SignatureDoesNotMatch")
    wrong.close()
    unknown = boto_for(s3_service, aws_access_key_id="NOSUCHKEY")
    assert refused(unknown.list_buckets) == (403, "InvalidAccessKeyId")
    unknown.close()


def test_every_part_of_a_signed_request_counts(s3_service: DemoProcess, there: str) -> None:
    headers = sign(s3_service, "PUT", there, b"new", {"x-amz-meta-a": "1"})

    def attempt(method: str = "PUT", target: str = there, body: bytes = b"new", **changed: str) -> str:
        changes = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = {name: value for name, value in headers.items() if name.lower() not in changes}
        return send(s3_service, method, target, body, kept | changes).code

    assert attempt("DELETE") == "SignatureDoesNotMatch"
    assert attempt(target=there + "2") == "SignatureDoesNotMatch"
    assert attempt(target=there + "?acl") == "SignatureDoesNotMatch"
    assert attempt(x_amz_meta_a="2") == "SignatureDoesNotMatch"
    assert attempt(x_amz_acl="public-read") == "AccessDenied"
    assert attempt(body=b"neW") == "XAmzContentSHA256Mismatch"
    assert attempt(x_amz_content_sha256="UNSIGNED-PAYLOAD") == "SignatureDoesNotMatch"
    assert attempt(x_amz_date="20200101T000000Z") == "RequestTimeTooSkewed"
    assert attempt(authorization="AWS4-HMAC-SHA256 nonsense") == "AuthorizationHeaderMalformed"
    assert attempt(authorization="AWS key:signature") == "InvalidRequest"
    assert signed(s3_service, "GET", there).body == b"body"
    assert attempt() == ""  # and untouched it is good
    assert signed(s3_service, "GET", there).body == b"new"


def test_every_part_of_a_presigned_url_counts(boto: Any, bucket: str, s3_service: DemoProcess, there: str) -> None:
    url = target_of(boto.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60))
    last = "0" if url[-1] != "0" else "1"
    for changed in (url[:-1] + last, url.replace("Expires=60", "Expires=61"), url.replace("/k?", "/l?")):
        assert (send(s3_service, "GET", changed).status, send(s3_service, "GET", changed).code) == (
            403,
            "SignatureDoesNotMatch",
        )
    assert send(s3_service, "DELETE", url).code == "SignatureDoesNotMatch"
    assert send(s3_service, "GET", url + "&response-content-type=text/html").code == "SignatureDoesNotMatch"
    assert send(s3_service, "GET", url + "&X-Amz-Expires=60").code == "InvalidArgument"
    assert send(s3_service, "GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=999999")).status == 400
    ranged = send(s3_service, "GET", url, headers={"Range": "bytes=1-2"})
    assert (ranged.status, ranged.body) == (206, b"od")


def test_a_url_expires(boto: Any, bucket: str, s3_service: DemoProcess, there: str) -> None:
    url = target_of(boto.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=1))
    assert send(s3_service, "GET", url).body == b"body"
    time.sleep(2.1)
    answer = send(s3_service, "GET", url)
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert b"expired" in answer.body


def test_a_url_may_say_what_the_reply_is_called(boto: Any, bucket: str, s3_service: DemoProcess, there: str) -> None:
    wanted = {"ResponseContentDisposition": 'attachment; filename="f"', "ResponseContentType": "text/x"}
    url = boto.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k", **wanted})
    answer = send(s3_service, "GET", target_of(url))
    assert answer.headers["content-disposition"] == 'attachment; filename="f"'
    assert answer.headers["content-type"] == "text/x"
    split = {"ResponseContentType": "text/x\r\nSet-Cookie: a=b"}
    url = boto.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k", **split})
    assert send(s3_service, "GET", target_of(url)).code == "InvalidArgument"


def test_urls_that_write(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    url = boto.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "p"})
    assert send(s3_service, "PUT", target_of(url), b"hello").status == 200
    assert boto.get_object(Bucket=bucket, Key="p")["Body"].read() == b"hello"
    upload = boto.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    named = {"Bucket": bucket, "Key": "m", "UploadId": upload}
    url = boto.generate_presigned_url("upload_part", Params={**named, "PartNumber": 1})
    etag = send(s3_service, "PUT", target_of(url), b"part").headers["etag"]
    boto.complete_multipart_upload(**named, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert boto.get_object(Bucket=bucket, Key="m")["Body"].read() == b"part"


def post(service: DemoProcess, form: dict[str, Any], body: bytes, **changed: str) -> Answer:
    """Send a form as a browser would."""
    mark = "----boundary"
    fields = form["fields"] | changed
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    ]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="x.bin"\r\n\r\n')
    whole = "".join(parts).encode() + body + f"\r\n--{mark}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return send(service, "POST", target_of(form["url"]), whole, headers)


def test_forms(boto: Any, bucket: str, s3_service: DemoProcess) -> None:
    limits = {"Conditions": [["content-length-range", 0, 3_000_000]]}
    form = boto.generate_presigned_post(bucket, "form/${filename}", ExpiresIn=60, **limits)
    body = b"\r\n------boundar" * 100_000  # nearly the boundary, and more than one read
    assert post(s3_service, form, body).status == 204
    assert boto.get_object(Bucket=bucket, Key="form/x.bin")["Body"].read() == body
    assert post(s3_service, form, b"x" * 3_000_001).code == "EntityTooLarge"
    assert post(s3_service, form, b"x", acl="public-read").code == "AccessDenied"
    assert post(s3_service, form, b"x", key="elsewhere").code == "AccessDenied"
    signature = form["fields"]["x-amz-signature"]
    assert post(s3_service, form, b"x", **{"x-amz-signature": signature[::-1]}).code == "SignatureDoesNotMatch"
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    policy["expiration"] = (datetime.now(UTC) + timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%SZ")
    longer = base64.b64encode(json.dumps(policy).encode()).decode()
    assert post(s3_service, form, b"x", policy=longer).code == "SignatureDoesNotMatch"
    del form["fields"]["policy"]
    assert post(s3_service, form, b"x").code == "AccessDenied"
    assert post(s3_service, form, b"x" * 10).status == 403


def test_temporary_keys(s3_service: DemoProcess, boto_for: Any, there: str, bucket: str) -> None:
    import boto3

    names = {"aws_access_key_id": s3_service.access_key, "aws_secret_access_key": s3_service.secret_key}
    sts = boto3.client("sts", endpoint_url=s3_service.endpoint_url, region_name="us-east-1", **names)
    assert sts.get_caller_identity()["UserId"] == s3_service.access_key
    role = {"RoleArn": "arn:aws:iam::123456789012:role/demo", "RoleSessionName": "demo"}
    for given in (sts.get_session_token()["Credentials"], sts.assume_role(**role)["Credentials"]):
        keys = {"aws_access_key_id": given["AccessKeyId"], "aws_secret_access_key": given["SecretAccessKey"]}
        client = boto_for(s3_service, **keys, aws_session_token=given["SessionToken"])
        assert client.head_object(Bucket=bucket, Key="k")["ContentLength"] == 4
        client.close()
        client = boto_for(s3_service, **keys, aws_session_token=given["SessionToken"][:-1] + "x")
        assert refused(client.list_buckets) == (400, "InvalidToken")
        client.close()
    sts.close()


def test_temporary_keys_end() -> None:
    keys = Keys("owner", "secret")
    access_key, secret, token = keys.temporary(until=1000.0)
    assert keys.secret(access_key, token, now=999.0) == secret
    with pytest.raises(S3Error, match="ExpiredToken"):
        keys.secret(access_key, token, now=1001.0)
    with pytest.raises(S3Error, match="InvalidToken"):
        keys.secret("ASIAOTHER", token, now=999.0)
    with pytest.raises(S3Error, match="InvalidToken"):
        Keys("owner", "another").secret(access_key, token, now=999.0)


def test_nobody_may_read_what_is_private(s3_service: DemoProcess, there: str, bucket: str) -> None:
    for method, target in (("GET", there), ("HEAD", there), ("GET", f"/{bucket}"), ("GET", "/"), ("PUT", there)):
        assert send(s3_service, method, target).status == 403


def test_public_by_acl(boto: Any, bucket: str, s3_service: DemoProcess, there: str) -> None:
    boto.put_object(Bucket=bucket, Key="open", Body=b"open", ACL="public-read")
    assert send(s3_service, "GET", f"/{bucket}/open").body == b"open"
    assert send(s3_service, "PUT", f"/{bucket}/open", b"x").status == 403
    assert send(s3_service, "GET", f"/{bucket}/open?acl").status == 403
    assert send(s3_service, "GET", there).status == 403


def test_public_by_policy(boto: Any, bucket: str, s3_service: DemoProcess, there: str) -> None:
    boto.put_object(Bucket=bucket, Key="secret/k", Body=b"hidden")
    name = f"arn:aws:s3:::{bucket}"
    allow = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:Get*", "s3:ListBucket"],
        "Resource": [name, f"{name}/*"],
    }
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"{name}/secret/*"}
    boto.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": [allow, deny]}))
    assert send(s3_service, "GET", there).body == b"body"
    assert b"<Key>k</Key>" in send(s3_service, "GET", f"/{bucket}?list-type=2").body
    assert send(s3_service, "GET", f"/{bucket}/secret/k").status == 403
    assert send(s3_service, "PUT", there, b"x").status == 403
    copy = {"x-amz-copy-source": f"/{bucket}/secret/k"}
    assert send(s3_service, "PUT", f"/{bucket}/copy", headers=copy).status == 403
    limited = allow | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    boto.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": limited}))
    assert send(s3_service, "GET", there).status == 403
    assert refused(boto.put_bucket_policy, Bucket=bucket, Policy="{}") == (400, "MalformedPolicy")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "", "a b", "192.168.1.2"])
def test_another_name_for_this_machine_is_refused(s3_service: DemoProcess, there: str, host: str) -> None:
    """A page that points its own name at 127.0.0.1 must learn nothing, not even from public objects."""
    answer = send(s3_service, "GET", there, headers={"Host": host})
    assert (answer.status, b"127.0.0.1, localhost" in answer.body) == (403, True)


def test_pages_of_allowed_origins_only(boto: Any, bucket: str, s3_service: DemoProcess, there: str) -> None:
    rule = {"AllowedOrigins": ["http://lab.example"], "AllowedMethods": ["GET"], "AllowedHeaders": ["x-*"]}
    boto.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule | {"ExposeHeaders": ["ETag"]}]})
    asks = {"Origin": "http://lab.example", "Access-Control-Request-Method": "GET"}
    preflight = send(s3_service, "OPTIONS", there, headers=asks | {"Access-Control-Request-Headers": "X-A"})
    assert preflight.headers["access-control-allow-origin"] == "http://lab.example"
    for changed in (
        {"Origin": "http://evil.example"},
        {"Access-Control-Request-Method": "PUT"},
        {"Access-Control-Request-Headers": "authorization"},
    ):
        assert send(s3_service, "OPTIONS", there, headers=asks | changed).status == 403
    answer = signed(s3_service, "GET", there, headers={"Origin": "http://lab.example"})
    assert answer.headers["access-control-expose-headers"] == "ETag"
    answer = signed(s3_service, "GET", there, headers={"Origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_the_keys_are_for_their_owner_only(s3_service: DemoProcess) -> None:
    path = s3_service.directory / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(s3_service.directory.stat().st_mode) == 0o700
    assert json.loads(path.read_text())["secret_key"] == s3_service.secret_key
