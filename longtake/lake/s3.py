"""Objects on S3 or anything that speaks it: MinIO, SeaweedFS, Ceph, R2.

Credentials, region and endpoint come from the usual AWS chain (environment, profile, workload identity;
`AWS_ENDPOINT_URL_S3` for another server) and are never a parameter. Throttling, 5xx and time-outs are retried by
botocore with back-off; what is still failing then is a TransientError.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)

from longtake.errors import TransientError, UserError
from longtake.lake.objects import ObjectChanged, ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLIENT = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=32,
)
PART_BYTES = 32 << 20
"""Larger files go up in parts of this size; a part is held in memory."""
FETCH_ATTEMPTS = 3

_CREDENTIALS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the pod's identity"
_GONE = {"NoSuchKey", "404", "PreconditionFailed", "412"}
_USER = {
    "NoSuchBucket": "there is no such bucket; make it, or correct its name",
    "InvalidAccessKeyId": f"the server does not know this access key; {_CREDENTIALS}",
    "SignatureDoesNotMatch": f"the secret key is wrong; {_CREDENTIALS}",
    "AccessDenied": "these credentials may not do that; give them the bucket's list, read and write rights",
    "403": "these credentials may not do that; give them the bucket's list, read and write rights",
    "ExpiredToken": f"the credentials have expired; {_CREDENTIALS}",
    "InvalidToken": f"the session token is wrong; {_CREDENTIALS}",
    "PermanentRedirect": "the bucket is in another region; set AWS_REGION",
    "AuthorizationHeaderMalformed": "the bucket is in another region; set AWS_REGION",
}


class S3Store:
    """A prefix of a bucket. May be used by many threads at once."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix}/" if prefix else ""
        self.uri = f"s3://{bucket}/{prefix}".rstrip("/")

    def check(self, *, writable: bool) -> None:
        # A listing, since a HEAD answers 403 or 404 with no word of what is wrong.
        with self._translated():
            self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)

    def walk(self, prefix: str = "") -> Iterator[ObjectInfo]:
        with self._translated():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix
            )
            for page in pages:
                for found in page.get("Contents", []):
                    key = found["Key"][len(self.prefix) :]
                    if key and not key.endswith("/"):
                        yield ObjectInfo(key, found["Size"], found["ETag"].strip('"'))

    def read(self, key: str) -> bytes:
        with self._translated(key):
            return self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()

    def fetch(self, key: str, path: Path, *, etag: str | None = None) -> None:
        arguments: dict[str, Any] = {} if etag is None else {"IfMatch": f'"{etag}"'}
        for attempts_left in reversed(range(FETCH_ATTEMPTS)):
            with self._translated(key):
                body = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key, **arguments)["Body"]
                try:
                    with path.open("wb") as file:
                        for chunk in body.iter_chunks(1 << 20):
                            file.write(chunk)
                    return
                except HTTPClientError:  # broken off in the middle, which botocore does not retry by itself
                    if not attempts_left:
                        raise

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> bool:
        with self._translated(key):
            if overwrite:
                self._client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=data)
                return True
            return _is_first(
                lambda: self._client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=data, IfNoneMatch="*")
            )

    def upload(self, key: str, path: Path) -> bool:
        if path.stat().st_size <= PART_BYTES:
            return self.put(key, path.read_bytes())
        with self._translated(key):
            place: dict[str, Any] = {"Bucket": self.bucket, "Key": self.prefix + key}
            upload_id = self._client.create_multipart_upload(**place)["UploadId"]
            try:
                parts: list[Any] = []
                with path.open("rb") as file:
                    while data := file.read(PART_BYTES):
                        number = len(parts) + 1
                        part = self._client.upload_part(**place, UploadId=upload_id, PartNumber=number, Body=data)
                        parts.append({"PartNumber": number, "ETag": part["ETag"]})
                first = _is_first(
                    lambda: self._client.complete_multipart_upload(
                        **place, UploadId=upload_id, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
                    )
                )
            except BaseException:
                self._client.abort_multipart_upload(**place, UploadId=upload_id)
                raise
            if not first:
                self._client.abort_multipart_upload(**place, UploadId=upload_id)
            return first

    def exists(self, key: str) -> bool:
        with self._translated():
            try:
                self._client.head_object(Bucket=self.bucket, Key=self.prefix + key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _GONE:
                    return False
                raise
        return True

    @cached_property
    def _client(self) -> "S3Client":
        return boto3.Session().client("s3", config=CLIENT)

    @contextmanager
    def _translated(self, key: str | None = None) -> Iterator[None]:
        """What botocore raises, as ObjectChanged (only for a `key`), UserError or TransientError."""
        try:
            yield
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if key is not None and code in _GONE:
                raise ObjectChanged(key) from None
            if code in _USER:
                raise UserError(f"{self.uri}: {_USER[code]} ({code})") from None
            raise TransientError(
                f"{self.uri}: the server answered {code}, {error.response['Error'].get('Message')}"
            ) from None
        except (NoCredentialsError, PartialCredentialsError):
            raise UserError(f"{self.uri}: no AWS credentials were found; {_CREDENTIALS}") from None
        except (ConnectionError, HTTPClientError) as error:
            raise TransientError(f"{self.uri}: the endpoint does not answer ({_first_line(error)})") from None
        except BotoCoreError as error:
            raise UserError(f"{self.uri}: {_first_line(error)}; check the AWS settings") from None


def _is_first(write: Callable[[], object]) -> bool:
    """Whether this conditional write made the object; False if it was there already."""
    try:
        write()
    except ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "412"):
            return False
        raise
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
