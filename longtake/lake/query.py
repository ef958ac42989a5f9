"""SQL over the lake's tables, by DuckDB: read-only, each table under its own name."""

import re
from typing import TYPE_CHECKING

from longtake.errors import UserError
from longtake.lake.lake import Lake
from longtake.records import Caption, Clip, Label, Score, Selection, Video

if TYPE_CHECKING:
    import pyarrow as pa

TABLES = (Video, Clip, Score, Label, Selection, Caption)


def query_lake(lake: Lake, sql: str) -> "pa.Table":
    """The answer to `sql` over the rows of the tables that it names. Raises UserError with DuckDB's words for a wrong one."""
    import duckdb

    from longtake.lake.tables import schema_of

    if all(lake.tables.version(record) is None for record in TABLES):
        raise UserError(f"there are no tables below {lake.data_root}; check the data root, or run curate first")

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
    """Prints the answer as a table, at most `rows` of it; as paragraphs where the terminal is too narrow."""
    from rich.console import Console

    console = Console(markup=False, highlight=False, soft_wrap=True)
    lines = [
        ["" if value is None else str(value) for value in row.values()] for row in answer.slice(0, rows).to_pylist()
    ]
    names = answer.schema.names
    widths = [max(map(len, column)) + 2 for column in zip(names, *lines, strict=True)]
    if console.is_terminal and sum(widths) > console.width:  # too wide: each row as a paragraph
        for line in lines:
            console.print(
                "\n".join(f"{name:>{max(map(len, names))}}  {v}" for name, v in zip(names, line, strict=True)), "\n"
            )
    else:
        for line in (names, *lines):
            console.print("".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
    if len(answer) > rows:
        console.print(f"{len(answer) - rows} more rows; --json prints all")
