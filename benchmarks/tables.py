"""Rows a second into and out of a Delta table, in a folder and on the embedded S3 server.

`python -m benchmarks.tables`. A commit of 1,000 rows over all 64 buckets, then one that replaces them, then reads: the
whole table, and one shard of eight buckets. The peer is the same rows as one Parquet file, which has no keys, no
versions and no second writer.
"""

import argparse
import os
import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import clock, machine, median, print_table
from longtake.lake import Lake
from longtake.lake.server import Server
from longtake.lake.tables import schema_of
from longtake.records import Clip, bucket_of, digest


def rows(count: int, made_by: str) -> list[Clip]:
    """Clips of a fifth as many videos."""
    found = []
    for number in range(count):
        video_id = digest("video", number // 5)
        found.append(
            Clip(
                clip_id=digest(number), bucket=bucket_of(video_id), video_id=video_id, uri=f"clips/{number}.mp4",
                poster_uri=f"clips/{number}.jpg", start_frame=number, start_s=1.5, end_s=4.5, frames=75, fps=25.0,
                width=1280, height=720, begins_with="cut", ends_with="cut", reason=None, detail=None, made_by=made_by,
            )
        )  # fmt: skip
    return found


def measure(data_root: str, count: int, rounds: int) -> dict[str, float]:
    """Seconds of each operation, median of the rounds, each round on a table of its own."""
    seconds: dict[str, list[float]] = {}
    for number in range(rounds):
        tables = Lake(f"{data_root}/{number}").tables
        first = rows(count, "a")
        changed = [replace(row, fps=30.0) for row in first]
        for name, work in (
            ("insert", partial(tables.merge, first)),
            ("replace", partial(tables.merge, changed)),
            ("read all", partial(tables.read, Clip)),
            ("read one shard of 8 buckets", partial(tables.read, Clip, buckets=range(8))),
        ):
            seconds.setdefault(name, []).append(clock(work)[0])
        assert len(tables.read(Clip)) == count
    return {name: median(values) for name, values in seconds.items()}


def parquet(folder: Path, count: int, rounds: int) -> dict[str, float]:
    """The peer: one file, written and read whole."""
    path = folder / "clips.parquet"
    table = pa.Table.from_pylist([asdict(row) for row in rows(count, "a")], schema=schema_of(Clip))
    written = median([clock(lambda: pq.write_table(table, path))[0] for _ in range(rounds)])
    return {"insert": written, "read all": median([clock(lambda: pq.read_table(path))[0] for _ in range(rounds)])}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder, "s3")) as server:
        os.environ.update(server.environment)
        places = {
            "folder": measure(f"{folder}/data", given.rows, given.rounds),
            "S3 (SeaweedFS on loopback)": measure("s3://lake/data", given.rows, given.rounds),
        }
        peer = parquet(Path(folder), given.rows, given.rounds)
    print(f"{machine()}\n{given.rows} rows over 64 buckets, median of {given.rounds}\n")
    lines = [
        (place, name, seconds, round(given.rows / seconds), seconds / peer[name] if name in peer else "–")
        for place, figures in places.items()
        for name, seconds in figures.items()
    ]
    print_table(("place", "operation", "seconds", "rows/s of the table", "ratio to one Parquet file"), lines)


if __name__ == "__main__":
    main()
