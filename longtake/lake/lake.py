"""One data root: its objects and its tables."""

from functools import cached_property
from typing import TYPE_CHECKING

from longtake.errors import UserError
from longtake.lake.objects import join_uri, open_store

if TYPE_CHECKING:
    from longtake.lake.tables import Tables


class Lake:
    """The objects and tables below `data_root`."""

    def __init__(self, data_root: str) -> None:
        self.objects = open_store(data_root)
        self.data_root = self.objects.uri

    @cached_property
    def tables(self) -> "Tables":
        from longtake.lake.tables import Tables

        return Tables(join_uri(self.data_root, "tables"), self._storage_options)

    def _storage_options(self) -> dict[str, str]:
        """What the Delta library needs to reach the same place with the same credentials as boto3."""
        if not self.data_root.startswith("s3://"):
            return {}
        import boto3

        session = boto3.Session()
        client = session.client("s3")
        credentials = session.get_credentials()
        if credentials is None:
            raise UserError(f"{self.data_root}: no AWS credentials were found; set AWS_PROFILE or the pod's identity")
        frozen = credentials.get_frozen_credentials()
        options = {
            "aws_endpoint": client.meta.endpoint_url,
            "aws_region": client.meta.region_name or "us-east-1",
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
