"""Objects on S3 or anything that speaks it: MinIO, SeaweedFS, Ceph, R2.

Credentials, region and endpoint come from the usual AWS chain (environment, profile, workload identity;
`AWS_ENDPOINT_URL_S3` for another server) and are never a parameter. Throttling, 5xx and time-outs are retried by
botocore with back-off; what is still failing then is a TransientError.
"""

import io
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)

from longtake.errors import TransientError, UserError, first_line
from longtake.lake.faults import CREDENTIALS, S3_SENTENCES
from longtake.lake.objects import ObjectChanged, ObjectInfo, is_hidden

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
IMPATIENT = Config(retries={"mode": "standard", "total_max_attempts": 2}, read_timeout=10)
PART_BYTES = 32 << 20
"""Larger files go up in parts of this size; a part is held in memory."""
FETCH_ATTEMPTS = 3
CONFLICT_ATTEMPTS = 8

_GONE = {"NoSuchKey", "404", "PreconditionFailed", "412"}
_THERE = {"PreconditionFailed", "412"}
_CONFLICT = "ConditionalRequestConflict"
"""S3 has not decided yet which of two conditional writers was first; whoever hears this asks again."""
_BROKEN_OFF = (HTTPClientError, IncompleteReadError, FlexibleChecksumError)
_PASSING = {408, 409, 425, 429}
"""Answers below 500 that may pass, as 5xx may."""


@dataclass(frozen=True, slots=True)
class Access:
    """How a bucket is reached. Holds no secret."""

    endpoint: str
    credentials: str
    """Which link of the AWS chain gave them, in botocore's words: env, iam-role, assume-role-with-web-identity, ..."""
    skew_s: float
    """By how much the server's clock is ahead of this machine's."""


class S3Store:
    """A prefix of a bucket. May be used by many threads at once."""

    def __init__(self, bucket: str, prefix: str, *, patient: bool = True) -> None:
        self._patient = patient
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
                    if key and not key.endswith("/") and not is_hidden(key):
                        yield ObjectInfo(
                            key, found["Size"], found["ETag"].strip('"'), found["LastModified"].timestamp()
                        )

    def read(self, key: str) -> bytes:
        content = io.BytesIO()
        self._copy(key, content)
        return content.getvalue()

    def fetch(self, key: str, path: Path, *, etag: str | None = None) -> None:
        condition = {} if etag is None else {"IfMatch": f'"{etag}"'}
        with path.open("wb") as file:
            self._copy(key, file, **condition)

    def put(self, key: str, data: bytes, *, overwrite: bool = False) -> bool:
        if not overwrite:
            return self._first(lambda: self._client.put_object(**self._place(key), Body=data, IfNoneMatch="*"))
        with self._translated():
            self._client.put_object(**self._place(key), Body=data)
        return True

    def upload(self, key: str, path: Path) -> bool:
        if path.stat().st_size <= PART_BYTES:
            return self.put(key, path.read_bytes())
        return self._first(lambda: self._send_parts(key, path))

    def exists(self, key: str) -> bool:
        with self._translated():
            try:
                self._client.head_object(**self._place(key))
            except ClientError as error:
                if _code(error) in _GONE:
                    return False
                raise
        return True

    def delete(self, key: str) -> None:
        with self._translated():
            self._client.delete_object(**self._place(key))

    def access(self) -> Access:
        """How the bucket is reached, after a listing that shows that it is."""
        with self._translated():
            answer = self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            credentials = self._session.get_credentials()
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        skew_s = parsedate_to_datetime(date).timestamp() - time.time() if date else 0.0
        return Access(self._client.meta.endpoint_url, credentials.method if credentials else "none", skew_s)

    def table_options(self) -> dict[str, str]:
        with self._translated():
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            frozen = credentials.get_frozen_credentials()
            meta = self._client.meta
        options = {
            "aws_endpoint": meta.endpoint_url,
            "aws_region": meta.region_name or "us-east-1",
            "aws_access_key_id": frozen.access_key or "",
            "aws_secret_access_key": frozen.secret_key or "",
            "aws_conditional_put": "etag",
            "aws_virtual_hosted_style_request": "false",
            "allow_http": "true",
            "connect_timeout": "5s",
            "max_retries": "8",
            "retry_timeout": "30s",
        }
        return options | ({"aws_session_token": frozen.token} if frozen.token else {})

    def _place(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self.prefix + key}

    def _copy(self, key: str, target: IO[bytes], **condition: Any) -> None:
        """Writes the object to `target`; an answer that breaks off, which botocore does not retry, is asked for anew."""
        for attempts_left in reversed(range(FETCH_ATTEMPTS)):
            target.seek(0)
            target.truncate()
            with self._translated(key):
                try:
                    with closing(self._client.get_object(**self._place(key), **condition)["Body"]) as body:
                        for chunk in body.iter_chunks(1 << 20):
                            target.write(chunk)
                    return
                except _BROKEN_OFF:
                    if not attempts_left:
                        raise

    def _first(self, write: Callable[[], object]) -> bool:
        """Whether this conditional write made the object; False if it was there already."""
        for attempts_left in reversed(range(CONFLICT_ATTEMPTS)):
            with self._translated():
                try:
                    write()
                    return True
                except ClientError as error:
                    if _code(error) in _THERE:
                        return False
                    if _code(error) != _CONFLICT or not attempts_left:
                        raise
            time.sleep(random.uniform(0, 0.5))
        raise AssertionError("the last attempt returns or raises")

    def _send_parts(self, key: str, path: Path) -> None:
        place = self._place(key)
        upload_id = self._client.create_multipart_upload(**place)["UploadId"]
        try:
            parts: list[Any] = []
            with path.open("rb") as file:
                while data := file.read(PART_BYTES):
                    number = len(parts) + 1
                    part = self._client.upload_part(**place, UploadId=upload_id, PartNumber=number, Body=data)
                    parts.append({"PartNumber": number, "ETag": part["ETag"]})
            self._client.complete_multipart_upload(
                **place, UploadId=upload_id, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            with suppress(ClientError, BotoCoreError):  # what goes wrong here would hide what went wrong before
                self._client.abort_multipart_upload(**place, UploadId=upload_id)
            raise

    @cached_property
    def _session(self) -> boto3.Session:
        # botocore knows AWS_DEFAULT_REGION alone; AWS_REGION is what the SDKs of all other languages read.
        return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)

    @cached_property
    def _client(self) -> "S3Client":
        try:
            return self._session.client("s3", config=CLIENT if self._patient else CLIENT.merge(IMPATIENT))
        except ValueError as error:
            raise UserError(
                f"{self.uri}: {first_line(error).rstrip('.')}; correct AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL"
            ) from None

    @contextmanager
    def _translated(self, key: str | None = None) -> Iterator[None]:
        """What botocore raises, as ObjectChanged (only for a `key`), UserError or TransientError."""
        try:
            yield
        except ClientError as error:
            code = _code(error)
            if key is not None and code in _GONE:
                raise ObjectChanged(key) from None
            if code in S3_SENTENCES:
                raise UserError(f"{self.uri}: {S3_SENTENCES[code]} ({code})") from None
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            answer = f"{self.uri}: the server answered {code}: {error.response['Error'].get('Message')}"
            if status >= 500 or status in _PASSING or code == "RequestTimeout":
                raise TransientError(answer) from None
            raise UserError(f"{answer.rstrip('.')}; check the URI and the AWS settings") from None
        except (NoCredentialsError, PartialCredentialsError):
            raise UserError(f"{self.uri}: no AWS credentials were found; {CREDENTIALS}") from None
        except (ConnectionError, *_BROKEN_OFF) as error:
            raise TransientError(
                f"{self.uri}: the endpoint does not answer ({first_line(error).rstrip('.')})"
            ) from None
        except BotoCoreError as error:
            raise UserError(f"{self.uri}: {first_line(error).rstrip('.')}; check the AWS settings") from None


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
