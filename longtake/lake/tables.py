"""Delta tables: one a record type, written by MERGE on the record's key, committed whole or not at all.

A commit names the buckets it touches, so writers of different buckets never collide; writers of the same bucket
conflict, and the loser merges again on what the winner wrote.
"""

import logging
import random
import re
import time
import types
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from types import TracebackType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
from deltalake import DeltaTable, Field, QueryBuilder, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError, TableNotFoundError

from longtake.errors import TransientError, UserError
from longtake.lake.faults import FOLDER_ERRNOS, S3_SENTENCES
from longtake.records import Caption, Clip, Label, Record, Run, Sample, Score, Segment, Selection, Video

Row = TypeVar("Row", Video, Clip, Score, Label, Selection, Caption, Sample, Run, Segment)

MERGE_ATTEMPTS = 30
_BACKOFF_S = 0.05
_ARROW: Mapping[Any, pa.DataType] = {
    str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), list[str]: pa.list_(pa.string()),
}  # fmt: skip

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

log = logging.getLogger(__name__)


def schema_of(record: type[Record]) -> pa.Schema:
    """The Arrow schema of a record type: one column a field, nullable where the field may be None."""
    hints = get_type_hints(record)
    return pa.schema([_column(field.name, hints[field.name]) for field in fields(record)])


def key_of(row: Record) -> tuple[object, ...]:
    """The values of the row's key."""
    return tuple(getattr(row, name) for name in row.KEY)


class Tables:
    """The tables below one URI.

    `options` gives the storage options (endpoint, credentials) anew for each operation, since credentials expire.
    """

    def __init__(self, uri: str, options: Callable[[], dict[str, str]]) -> None:
        self.uri = uri
        self._options = options

    def version(self, record: type[Record]) -> int | None:
        """The table's newest version, or None where there is no table yet."""
        table = self._open(record)
        return None if table is None else table.version()

    def read(
        self,
        record: type[Row],
        *,
        buckets: Collection[int] | None = None,
        version: int | None = None,
        **equal: str,
    ) -> list[Row]:
        """The rows in the order of their keys: all, or those of some buckets whose columns are `equal` to these values.

        `version` reads the table as it was then, else as it is.
        """
        scan = self.scan(record, buckets=buckets, version=version, **equal)
        rows = [record(**row) for row in scan.to_pylist()]
        return sorted(rows, key=key_of)

    def scan(
        self,
        record: type[Record],
        *,
        buckets: Collection[int] | None = None,
        version: int | None = None,
        **equal: str,
    ) -> pa.Table:
        """`read` as an Arrow table, in no order; any column may hold nulls, since a table can be older than the column."""
        schema = pa.schema([field.with_nullable(True) for field in schema_of(record)])
        table = self._open(record, version)
        if table is None or (buckets is not None and not buckets):
            return schema.empty_table()
        known = {field.name for field in table.schema().fields}
        names = ", ".join(name for name in schema.names if name in known)
        found = self._query(table, f"SELECT {names} FROM rows WHERE {_where(buckets, equal)}")
        for field in schema:
            if field.name not in known:  # the table is older than the column
                found = found.append_column(field, pa.nulls(len(found), field.type))
        return found.select(schema.names).cast(schema)

    def groups(
        self, record: type[Record], *, buckets: Collection[int], rows: int = 50_000, **equal: str
    ) -> list[tuple[int, ...]]:
        """The buckets that hold such rows, in groups of about so many rows: memory for one group reads a table of any size."""
        table = self._open(record)
        if table is None or not buckets:
            return []
        sql = f"SELECT bucket, count(*) AS n FROM rows WHERE {_where(buckets, equal)} GROUP BY bucket ORDER BY bucket"
        groups: list[tuple[int, ...]] = []
        room = 0
        for found in self._query(table, sql).to_pylist():
            if found["n"] > room or not groups:
                groups.append(())
                room = rows
            groups[-1] += (found["bucket"],)
            room -= found["n"]
        return groups

    def _query(self, table: DeltaTable, sql: str) -> pa.Table:
        with self._translated():
            # Not by to_pyarrow_table: its reader threads call Python, which aborts some processes when they exit.
            return pa.table(QueryBuilder().register("rows", table).execute(sql).read_all())

    def merge(self, rows: Sequence[Record]) -> None:
        """Inserts the rows, or replaces those with the same key, in one commit; none where all of them are there as given."""
        if not rows:
            return
        record = type(rows[0])
        source = pa.Table.from_pylist([asdict(row) for row in rows], schema=schema_of(record))
        if len({key_of(row) for row in rows}) < len(rows):
            raise ValueError(f"two rows of one commit to {record.TABLE} have the same key {record.KEY}")
        for attempt in range(MERGE_ATTEMPTS):
            try:
                with self._translated():
                    self._merge_once(record, source)
                return
            except CommitFailedError:
                log.info("another writer was first", extra={"table": record.TABLE, "attempt": attempt})
                time.sleep(random.uniform(0, _BACKOFF_S * min(2**attempt, 64)))
        raise TransientError(f"{self.uri}/{record.TABLE}: {MERGE_ATTEMPTS} commits in a row met another writer's")

    def _merge_once(self, record: type[Record], source: pa.Table) -> None:
        table = self._open_for_writing(record)
        columns = {name: f"s.{name}" for name in source.schema.names}
        same = " AND ".join(f"t.{name} = s.{name}" for name in ("bucket", *record.KEY))
        changed = " OR ".join(f"(t.{name} IS DISTINCT FROM s.{name})" for name in columns if name not in record.KEY)
        here = f"t.bucket IN ({_listed(source['bucket'].to_pylist())})"
        (
            table.merge(source, f"{here} AND {same}", source_alias="s", target_alias="t")
            .when_matched_update(columns, predicate=changed)
            .when_not_matched_insert(columns)
            .execute()
        )

    def _place(self, record: type[Record]) -> str:
        return f"{self.uri}/{record.TABLE}"

    def _open(self, record: type[Record], version: int | None = None) -> DeltaTable | None:
        with self._translated():
            try:
                return DeltaTable(self._place(record), version=version, storage_options=self._options())
            except TableNotFoundError:
                return None

    def _open_for_writing(self, record: type[Record]) -> DeltaTable:
        """The table, made if it is missing, with columns added that the record has gained."""
        wanted = Schema.from_arrow(schema_of(record))
        table = self._open(record) or DeltaTable.create(
            self._place(record),
            schema=wanted,
            mode="ignore",
            partition_by=["bucket"],
            storage_options=self._options(),
        )
        has = {field.name: field for field in table.schema().fields}
        for field in wanted.fields:
            if field.name in has and has[field.name].type != field.type:
                raise UserError(
                    f"{self._place(record)}: column {field.name!r} is {has[field.name].type}, this version writes "
                    f"{field.type}; give another data root, or use the version that made the table"
                )
        missing = [Field(field.name, field.type, nullable=True) for field in wanted.fields if field.name not in has]
        if missing:
            table.alter.add_columns(missing)
        return table

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Faults of the Delta library as one sentence; a conflict passes."""
        try:
            yield
        except CommitFailedError:
            raise
        except Exception as error:
            if type(error) is not Exception and not isinstance(error, (DeltaError, OSError)):  # queries raise Exception
                raise
            raise self._sentence(error) from None

    def _sentence(self, error: Exception) -> UserError | TransientError:
        """What the library said, sorted by the code of the server or of the system that it quotes."""
        text, words = str(error), _words(error)
        code = re.search(r"<Code>(\w+)</Code>", text)
        system = re.search(r'Os \{ code: (\d+), .*message: "(.*)"', text)
        if code and code[1] in S3_SENTENCES:
            return UserError(f"{self.uri}: {S3_SENTENCES[code[1]]} ({code[1]})")
        if system and int(system[1]) in FOLDER_ERRNOS:
            return UserError(f"{self.uri}: the tables can't be reached: {system[2]}; check the path and its rights")
        if isinstance(error, DeltaProtocolError) or "Unsupported: Feature" in text:
            return UserError(f"{self.uri}: another tool made tables that need more than this version knows: {words}")
        return TransientError(f"{self.uri}: the tables can't be reached: {words}")


class Batch:
    """Rows on their way to a table: committed every 1,000 rows, every 60 s, and at the end, also after a failure.

    What is committed together is never torn: give all rows of one video in one call. Of rows with one key the last counts.
    """

    def __init__(self, tables: Tables, *, rows: int = 1000, seconds: float = 60.0) -> None:
        self._tables = tables
        self._rows = rows
        self._seconds = seconds
        self._waiting: dict[tuple[object, ...], Record] = {}
        self._since = time.monotonic()

    def add(self, rows: Sequence[Record]) -> None:
        self._waiting |= {key_of(row): row for row in rows}
        if len(self._waiting) >= self._rows or time.monotonic() - self._since >= self._seconds:
            self.commit()

    def commit(self) -> None:
        self._tables.merge(list(self._waiting.values()))
        self._waiting = {}
        self._since = time.monotonic()

    def __enter__(self) -> "Batch":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        try:
            self.commit()
        except (UserError, TransientError) as late:
            if error is None:
                raise
            log.error("the last rows were not committed", extra={"rows": len(self._waiting), "reason": str(late)})
        return False


def _where(buckets: Collection[int] | None, equal: Mapping[str, str]) -> str:
    wanted = [f"bucket IN ({_listed(buckets)})"] if buckets is not None else []
    wanted += ["{} = '{}'".format(name, value.replace("'", "''")) for name, value in equal.items()]
    return " AND ".join(wanted) or "true"


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(str(number) for number in sorted(set(numbers)))


def _words(error: Exception) -> str:
    """The library's text on one line, without colours and quoted XML, its end kept: that is where the cause is."""
    text = " ".join(_COLOUR.sub("", str(error)).partition("<?xml")[0].replace("↳", "·").split())
    return text if len(text) <= 300 else f"{text[:100]} ... {text[-200:]}"


def _column(name: str, hint: Any) -> pa.Field:
    nullable = False
    if get_origin(hint) in (types.UnionType, Union):
        (hint,) = [part for part in get_args(hint) if part is not types.NoneType]
        nullable = True
    if get_origin(hint) is Literal:
        hint = type(get_args(hint)[0])
    return pa.field(name, _ARROW[hint], nullable=nullable)
