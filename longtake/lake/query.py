"""SQL over the lake's tables, by DuckDB: read-only, each table under its own name."""

import re
from typing import TYPE_CHECKING

from longtake.errors import UserError
from longtake.lake.lake import Lake
from longtake.records import Clip, Video

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = (Video, Clip)


def query_lake(lake: Lake, sql: str) -> "pa.Table":
    """The answer to `sql` over the rows of the tables that it names. Raises UserError with DuckDB's words for a wrong one."""
    import duckdb

    from longtake.lake.tables import schema_of

    try:
        with duckdb.connect(
            config={"enable_external_access": False, "python_enable_replacements": False}
        ) as connection:
            for record in TABLES:  # one that the query does not name is there for SHOW TABLES, without its rows
                named = re.search(rf"\b{record.TABLE}\b", sql, re.IGNORECASE)
                rows = lake.tables.scan(record) if named else schema_of(record).empty_table()
                connection.register(record.TABLE, rows)
            answer = connection.sql(sql)
            if answer is None:
                raise UserError("the query gives no rows; ask with SELECT, SUMMARIZE or SHOW TABLES")
            return answer.to_arrow_table()
    except duckdb.Error as error:
        raise UserError(f"the query failed: {str(error).strip()}") from None


def show_answer(answer: "pa.Table", rows: int = 100) -> None:
    """Prints the answer as a table, at most `rows` of it."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    for name in answer.schema.names:
        table.add_column(name, overflow="fold")
    for row in answer.slice(0, rows).to_pylist():
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console = Console(markup=False, highlight=False)
    console.print(table)
    if len(answer) > rows:
        console.print(f"{len(answer) - rows} more rows; --json prints all")
