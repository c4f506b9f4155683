"""Operations on buckets: list, create, head, delete, where they are, versioning, and their configuration documents."""

from __future__ import annotations

import re

from .access import read_policy
from .cors import read_rules
from .drafts import canned_acl
from .operations import Call
from .replies import Reply, xml_reply
from .s3errors import S3Error
from .xml import document, element, escape, parse, text_of, timestamp

REGION = "us-east-1"
_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)*")
# Configuration documents that are kept and returned as they came: query parameter -> (root element, error when missing)
DOCUMENTS = {
    "cors": ("CORSConfiguration", "NoSuchCORSConfiguration"),
    "tagging": ("Tagging", "NoSuchTagSet"),
    "ownershipControls": ("OwnershipControls", "OwnershipControlsNotFoundError"),
    "publicAccessBlock": ("PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"),
}
# Configurations that can be asked for and are never there; setting one is not implemented.
ABSENT = {
    "encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "lifecycle": "NoSuchLifecycleConfiguration",
    "object-lock": "ObjectLockConfigurationNotFoundError",
    "website": "NoSuchWebsiteConfiguration",
}


async def list_buckets(call: Call) -> Reply:
    """ListBuckets."""
    prefix = call.request.parameter("prefix")
    lines = [
        f"<Bucket>{element('Name', bucket.name)}{element('CreationDate', timestamp(bucket.created))}</Bucket>"
        for bucket in call.store.buckets()
        if bucket.name.startswith(prefix)
    ]
    owner = element("ID", "demo") + element("DisplayName", "demo")
    return xml_reply(document("ListAllMyBucketsResult", f"<Owner>{owner}</Owner><Buckets>{''.join(lines)}</Buckets>"))


async def create_bucket(call: Call) -> Reply:
    """CreateBucket; a location is accepted and means nothing here."""
    name = call.request.bucket
    if not 3 <= len(name) <= 63 or not _NAME.fullmatch(name) or name.endswith("-"):
        raise S3Error("InvalidBucketName", BucketName=name)
    if call.document:
        parse(call.document, "CreateBucketConfiguration")
    call.store.create_bucket(name, canned_acl(call.request.headers))
    return Reply(200, {"Location": f"/{name}"})


async def head_bucket(call: Call) -> Reply:
    """HeadBucket."""
    return Reply(200, {"x-amz-bucket-region": REGION, "Content-Type": "application/xml"})


async def delete_bucket(call: Call) -> Reply:
    """DeleteBucket; open uploads in it are aborted."""
    call.remove(call.store.delete_bucket(call.bucket))
    return Reply(204)


async def location(call: Call) -> Reply:
    """GetBucketLocation: us-east-1 is written as nothing."""
    return xml_reply(document("LocationConstraint", ""))


async def get_versioning(call: Call) -> Reply:
    """GetBucketVersioning."""
    status = call.bucket.versioning
    return xml_reply(document("VersioningConfiguration", element("Status", status) if status else ""))


async def put_versioning(call: Call) -> Reply:
    """PutBucketVersioning."""
    status = text_of(parse(call.document, "VersioningConfiguration"), "Status")
    if status not in ("Enabled", "Suspended"):
        raise S3Error("MalformedXML", "Status is Enabled or Suspended.")
    call.store.set_versioning(call.bucket, status)
    return Reply()


def _which(call: Call) -> str:
    return next(name for name in call.request.parameters if name in DOCUMENTS or name in ABSENT)


async def get_document(call: Call) -> Reply:
    """GetBucketCors, GetBucketTagging, ... : the document as it was put."""
    name = _which(call)
    kept = call.store.setting(call.bucket, name) if name in DOCUMENTS else None
    if kept is None:
        raise S3Error(DOCUMENTS[name][1] if name in DOCUMENTS else ABSENT[name], BucketName=call.bucket.name)
    return xml_reply(kept)


async def put_document(call: Call) -> Reply:
    """PutBucketCors, PutBucketTagging, ..."""
    name = _which(call)
    if name not in DOCUMENTS:
        raise S3Error("NotImplemented")
    parse(call.document, DOCUMENTS[name][0])
    if name == "cors":
        read_rules(call.document)
    call.store.put_setting(call.bucket, name, call.document)
    return Reply()


async def delete_document(call: Call) -> Reply:
    """DeleteBucketCors, DeleteBucketTagging, ..."""
    call.store.put_setting(call.bucket, _which(call), None)
    return Reply(204)


async def get_policy(call: Call) -> Reply:
    """GetBucketPolicy."""
    kept = call.store.setting(call.bucket, "policy")
    if kept is None:
        raise S3Error("NoSuchBucketPolicy", BucketName=call.bucket.name)
    return Reply(200, {"Content-Type": "application/json"}, kept)


async def put_policy(call: Call) -> Reply:
    """PutBucketPolicy: evaluated for requests without keys."""
    read_policy(call.document)
    call.store.put_setting(call.bucket, "policy", call.document)
    return Reply(204)


async def delete_policy(call: Call) -> Reply:
    """DeleteBucketPolicy."""
    call.store.put_setting(call.bucket, "policy", None)
    return Reply(204)


async def policy_status(call: Call) -> Reply:
    """GetBucketPolicyStatus."""
    kept = call.store.setting(call.bucket, "policy")
    if kept is None:
        raise S3Error("NoSuchBucketPolicy", BucketName=call.bucket.name)
    public = any(item["Effect"] == "Allow" and item["Principal"] in ("*", {"AWS": "*"}) for item in read_policy(kept))
    return xml_reply(document("PolicyStatus", element("IsPublic", public)))


def acl_document(acl: str) -> bytes:
    """A canned ACL as the grants it stands for."""
    owner = "<ID>demo</ID><DisplayName>demo</DisplayName>"
    instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    everybody = (
        f'<Grantee {instance} xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee>'
    )
    grants = [(f'<Grantee {instance} xsi:type="CanonicalUser">{owner}</Grantee>', "FULL_CONTROL")]
    if acl in ("public-read", "public-read-write"):
        grants.append((everybody, "READ"))
    if acl == "public-read-write":
        grants.append((everybody, "WRITE"))
    lines = "".join(f"<Grant>{who}<Permission>{escape(what)}</Permission></Grant>" for who, what in grants)
    return document("AccessControlPolicy", f"<Owner>{owner}</Owner><AccessControlList>{lines}</AccessControlList>")


def asked_acl(call: Call) -> str:
    """The canned ACL that a PUT ?acl asks for, by header or by grants. Raises NotImplemented for other grants."""
    if not call.document:
        return canned_acl(call.request.headers)
    public = set()
    for grant in parse(call.document, "AccessControlPolicy").iter("Grant"):
        uri, permission = grant.findtext("Grantee/URI") or "", text_of(grant, "Permission")
        if not uri:
            continue
        if not uri.endswith("/AllUsers") or permission not in ("READ", "WRITE"):
            raise S3Error("NotImplemented", "Only READ and WRITE for AllUsers can be granted: use a canned ACL.")
        public.add(permission)
    if public == {"WRITE"}:
        raise S3Error("NotImplemented", "WRITE without READ cannot be granted.")
    return "public-read-write" if "WRITE" in public else "public-read" if public else "private"


async def get_acl(call: Call) -> Reply:
    """GetBucketAcl."""
    return xml_reply(acl_document(call.bucket.acl))


async def put_acl(call: Call) -> Reply:
    """PutBucketAcl."""
    call.store.set_bucket_acl(call.bucket, asked_acl(call))
    return Reply()
