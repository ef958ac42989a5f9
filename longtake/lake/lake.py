"""One data root: its objects and its tables."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from longtake.errors import UserError
from longtake.lake.places import join_uri, open_store, split_uri

if TYPE_CHECKING:
    from longtake.lake.tables import Tables


class Lake:
    """The objects and tables below `data_root`."""

    def __init__(self, data_root: str) -> None:
        kind, place = split_uri(data_root)
        # The Delta library reads a percent sign as an escape, in other places than it writes; S3 has more such signs.
        if "%" in place or (kind == "s3" and not re.fullmatch(r"[\w./!*'()=+@:,\-]*", place, re.ASCII)):
            raise UserError(f"the data root {data_root!r} has signs that tables can't live under; give a plainer name")
        self.objects = open_store(data_root)
        self.data_root = self.objects.uri

    @cached_property
    def tables(self) -> "Tables":
        from longtake.lake.tables import Tables

        return Tables(join_uri(self.data_root, "tables"), self.objects.table_options)
