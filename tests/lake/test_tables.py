"""Delta tables: what a merge does, what a reader sees, and what several writers at once leave behind."""

import multiprocessing
import os
import subprocess
import sys
from dataclasses import asdict, fields, make_dataclass, replace
from typing import ClassVar, Literal

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from longtake.errors import TransientError, UserError
from longtake.lake import Lake
from longtake.lake import tables as tables_module
from longtake.lake.query import query_lake
from longtake.lake.tables import Batch, Tables, schema_of
from longtake.records import Clip, Score, Video
from tests.rows import clip, score, video

VIDEOS = [video(number) for number in range(6)]


@pytest.fixture
def lake(data_root):
    return Lake(data_root)


@pytest.fixture
def local(tmp_path):
    return Lake(str(tmp_path / "root"))


def by_id(rows):
    return sorted(rows, key=lambda row: row.video_id)


def another(record, drop=(), **columns):
    """A record type of the same table with other columns: that of an older or newer version."""
    kept = [(f.name, f.type) for f in fields(record) if f.name not in {*drop, *columns}]
    made = make_dataclass(record.__name__, [*kept, *columns.items()], kw_only=True, frozen=True)
    made.TABLE, made.KEY = record.TABLE, record.KEY
    made.__annotations__ |= {"TABLE": ClassVar[str], "KEY": ClassVar[tuple[str, ...]]}
    return made


def test_a_schema_is_made_from_the_record():
    schema = schema_of(Clip)
    assert schema.names == [field.name for field in fields(Clip)]
    assert schema.field("start_s") == pa.field("start_s", pa.float64(), nullable=False)
    assert schema.field("start_frame") == pa.field("start_frame", pa.int64(), nullable=False)
    assert schema.field("reason") == pa.field("reason", pa.string(), nullable=True)
    assert schema.field("begins_with") == pa.field("begins_with", pa.string(), nullable=False)
    assert schema_of(Video).field("uris") == pa.field("uris", pa.list_(pa.string()), nullable=False)


def test_a_table_that_is_not_there_is_empty(lake):
    assert lake.tables.version(Video) is None
    assert lake.tables.read(Video) == []
    assert lake.tables.scan(Clip).schema.names == schema_of(Clip).names


def test_a_merge_inserts_what_is_new_and_replaces_what_has_the_key(lake):
    lake.tables.merge(VIDEOS[:3])
    changed = replace(VIDEOS[2], uris=["b", "c"], etags=["1", "2"], reason="corrupt", detail='it\'s "so", \\ and 日')
    lake.tables.merge([changed, VIDEOS[3]])
    assert lake.tables.read(Video) == by_id([*VIDEOS[:2], changed, VIDEOS[3]])


def test_a_merge_of_what_is_there_makes_no_version(lake):
    videos = [*VIDEOS, video(9, reason="corrupt", detail=None, fps=float("nan"), uris=[], etags=[])]
    lake.tables.merge(videos)
    before = lake.tables.version(Video)
    lake.tables.merge(videos)
    lake.tables.merge(videos[1:3])
    assert lake.tables.version(Video) == before
    lake.tables.merge([replace(videos[0], reason="corrupt"), *videos[1:]])
    assert lake.tables.version(Video) == before + 1


def test_a_merge_of_nothing_makes_no_table(lake):
    lake.tables.merge([])
    assert lake.tables.version(Video) is None


def test_two_rows_of_one_key_in_a_commit_are_refused(local):
    with pytest.raises(ValueError, match="same key"):
        local.tables.merge([VIDEOS[0], replace(VIDEOS[0], bytes=7)])
    assert local.tables.version(Video) is None


def test_the_same_clip_by_another_maker_is_a_row_of_its_own(local):
    clips = [clip(0, VIDEOS[0], made_by="old"), clip(0, VIDEOS[0], made_by="it's new")]
    local.tables.merge(clips)
    assert local.tables.read(Clip, made_by="it's new") == [clips[1]]
    assert len(local.tables.read(Clip)) == 2


def test_rows_are_read_by_bucket_and_maker(lake):
    clips = [clip(number, of, made_by=maker) for of in VIDEOS for number, maker in ((0, "a"), (1, "b"))]
    lake.tables.merge(clips)
    some = {VIDEOS[0].bucket, VIDEOS[3].bucket}
    read = lake.tables.read(Clip, buckets=some, made_by="a")
    wanted = [row for row in clips if row.bucket in some and row.made_by == "a"]
    assert sorted(read, key=lambda row: row.video_id) == sorted(wanted, key=lambda row: row.video_id)
    assert lake.tables.read(Clip, buckets=[]) == []
    assert lake.tables.read(Clip, made_by="nobody") == []


def test_each_bucket_is_a_partition(local):
    local.tables.merge(VIDEOS)
    folders = {item.key.split("/")[2] for item in local.objects.walk("tables/videos/bucket=")}
    assert folders == {f"bucket={row.bucket}" for row in VIDEOS}


def test_a_column_that_came_later_reads_as_null_from_an_older_table(local):
    older = another(Video, drop=("detail", "codec"))
    local.tables.merge(
        [older(**{name: value for name, value in asdict(VIDEOS[0]).items() if name not in ("detail", "codec")})]
    )
    (row,) = local.tables.read(Video)
    assert (row.detail, row.codec) == (None, None)
    assert row.video_id == VIDEOS[0].video_id


def test_an_older_table_gains_the_columns_of_the_first_new_row(local):
    older = another(Video, drop=("detail",))
    local.tables.merge([older(**{name: value for name, value in asdict(VIDEOS[0]).items() if name != "detail"})])
    fresh = replace(VIDEOS[1], reason="corrupt", detail="why")
    local.tables.merge([fresh])
    assert local.tables.read(Video) == by_id([VIDEOS[0], fresh])


def test_scores_from_before_vtss_had_a_reason_are_read_and_stand_beside_new_ones(local):
    older = another(Score, drop=("vtss_reason", "vtss_gain"))
    old, new = (score(clip(number, VIDEOS[0]), vtss=2.0 + number) for number in (0, 1))
    kept = {name: value for name, value in asdict(old).items() if name not in ("vtss_reason", "vtss_gain")}
    local.tables.merge([older(**kept)])
    assert local.tables.read(Score) == [old]
    fresh = replace(new, vtss_reason="noise", vtss_gain=0.5)
    local.tables.merge([fresh])
    assert local.tables.read(Score) == [old, fresh]


def test_a_table_that_a_newer_version_made_still_takes_rows(local):
    newer = another(Video, rating=float | None)
    local.tables.merge([newer(**asdict(VIDEOS[0]), rating=0.5)])
    local.tables.merge([VIDEOS[1], replace(VIDEOS[0], bytes=7)])
    assert local.tables.read(Video) == by_id([replace(VIDEOS[0], bytes=7), VIDEOS[1]])
    ratings = local.tables.scan(newer).to_pylist()
    assert {row["rating"] for row in ratings} == {0.5, None}


def test_a_column_that_changed_its_type_is_refused(local):
    older = another(Video, fps=str)
    local.tables.merge([older(**asdict(VIDEOS[0]) | {"fps": "25"})])
    with pytest.raises(UserError, match=r"column 'fps' is .*string.*; give another data root"):
        local.tables.merge([VIDEOS[1]])


def test_a_table_that_needs_a_newer_reader_is_refused(local):
    local.tables.merge(VIDEOS[:1])
    log = local.objects.folder / "tables" / "videos" / "_delta_log" / "00000000000000000002.json"
    log.write_text(
        '{"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["unheardOf"],'
        ' "writerFeatures": ["unheardOf"]}}\n'
    )
    with pytest.raises(UserError, match="unheardOf"):
        local.tables.read(Video)


def test_what_others_read_is_what_was_written(local):
    local.tables.merge(VIDEOS)
    table = DeltaTable(str(local.objects.folder / "tables" / "videos")).to_pyarrow_table()
    assert sorted(table["video_id"].to_pylist()) == [row.video_id for row in by_id(VIDEOS)]


def write_some(root, options, numbers, made_by, bucket):
    """In a process of its own: a commit for each number."""
    os.environ.update(options)
    tables = Lake(root).tables
    for number in numbers:
        tables.merge([replace(video(number, made_by=made_by), bucket=bucket)])


def write_at_once(data_root, buckets):
    """Four processes, three commits each, every one into its bucket."""
    options = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=write_some, args=(data_root, options, range(3 * n, 3 * n + 3), f"p{n}", bucket))
        for n, bucket in enumerate(buckets)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4


@pytest.mark.parametrize("data_root", ["s3", pytest.param("file", marks=pytest.mark.slow)], indirect=True)
def test_four_processes_that_write_one_bucket_lose_nothing(data_root):
    write_at_once(data_root, [5] * 4)
    assert [row.video_id for row in Lake(data_root).tables.read(Video)] == [f"{n:032x}" for n in range(12)]


def test_writers_of_different_buckets_do_not_conflict(local, monkeypatch):
    """Both have opened the table before either has committed."""
    local.tables.merge([replace(VIDEOS[0], bucket=0)])
    opened = Tables._open_for_writing

    def late(self, record):
        table = opened(self, record)
        monkeypatch.setattr(Tables, "_open_for_writing", opened)
        Lake(local.data_root).tables.merge([replace(VIDEOS[1], bucket=1)])
        return table

    monkeypatch.setattr(Tables, "_open_for_writing", late)
    monkeypatch.setattr(tables_module, "MERGE_ATTEMPTS", 1)
    local.tables.merge([replace(VIDEOS[2], bucket=2)])
    assert len(local.tables.read(Video)) == 3


def test_writers_of_one_bucket_conflict_and_the_loser_merges_on_what_the_winner_wrote(local, monkeypatch, caplog):
    local.tables.merge([replace(VIDEOS[0], bucket=0)])
    opened = Tables._open_for_writing
    theirs = replace(VIDEOS[1], bucket=0, bytes=1)

    def late(self, record):
        table = opened(self, record)
        monkeypatch.setattr(Tables, "_open_for_writing", opened)
        Lake(local.data_root).tables.merge([theirs])
        return table

    monkeypatch.setattr(Tables, "_open_for_writing", late)
    with caplog.at_level("INFO", "longtake"):
        local.tables.merge([replace(theirs, bytes=2)])
    assert "another writer was first" in caplog.text
    assert sorted(row.bytes for row in local.tables.read(Video)) == [2, 1000]


def test_processes_that_used_the_tables_end_well(local):
    local.tables.merge(VIDEOS)
    code = (
        "import sys\nfrom longtake.lake import Lake\nfrom longtake.lake.query import query_lake\n"
        "from longtake.records import Video\nfrom dataclasses import replace\n"
        "lake = Lake(sys.argv[1])\nrows = lake.tables.read(Video)\n"
        "lake.tables.merge([replace(row, bytes=7) for row in rows])\n"
        "query_lake(lake, 'select * from videos')\nlake.tables.read(Video)\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, local.data_root], stderr=subprocess.PIPE) for _ in range(4)
    ]
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said


class Counted(Tables):
    """Tables that note the size of each commit, and fail those of a poisoned row."""

    def __init__(self):
        self.commits = []

    def merge(self, rows):
        if any(row.reason == "poison" for row in rows):
            raise TransientError("the server is gone")
        self.commits.append(len(rows))


def test_a_batch_is_committed_by_rows_and_never_torn():
    tables = Counted()
    with Batch(tables, rows=4) as batch:
        for of in range(3):
            batch.add([video(3 * of + k) for k in range(3)])
    assert tables.commits == [6, 3]


def test_of_two_rows_with_one_key_in_a_batch_the_last_counts(lake):
    with Batch(lake.tables) as batch:
        batch.add([video(1, bytes=1)])
        batch.add([video(1, bytes=2)])
    assert [row.bytes for row in lake.tables.read(Video)] == [2]


def test_a_batch_is_committed_by_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(tables_module.time, "monotonic", lambda: now[0])
    tables = Counted()
    with Batch(tables, seconds=60) as batch:
        for number, now[0] in enumerate((0, 59, 60, 119, 121)):
            batch.add([video(number)])
    assert tables.commits == [3, 2, 0]


def test_a_batch_is_committed_also_when_the_block_fails():
    tables = Counted()
    with pytest.raises(KeyError), Batch(tables) as batch:  # noqa: PT012
        batch.add(VIDEOS[:2])
        raise KeyError
    assert tables.commits == [2]


def test_the_failure_of_the_block_is_told_and_not_that_of_the_last_commit(caplog):
    with pytest.raises(KeyError), Batch(Counted()) as batch:  # noqa: PT012
        batch.add([video(1, reason="poison")])
        raise KeyError
    assert "the server is gone" in caplog.records[-1].reason
    with pytest.raises(TransientError), Batch(Counted()) as batch:
        batch.add([video(1, reason="poison")])


def test_sql_over_the_tables(lake):
    lake.tables.merge(VIDEOS)
    lake.tables.merge([clip(number, of) for of in VIDEOS[:2] for number in range(3)])
    sql = "select v.video_id, count(*) as clips from Videos v join clips using (video_id) group by 1 order by 1"
    assert query_lake(lake, sql).to_pylist() == [{"video_id": row.video_id, "clips": 3} for row in by_id(VIDEOS[:2])]
    assert query_lake(lake, "summarize videos")["count"][0].as_py() == 6


def test_a_table_that_is_not_there_yet_is_empty_in_sql(local):
    local.tables.merge(VIDEOS)
    assert query_lake(local, "select count(*) as n from clips").to_pylist() == [{"n": 0}]
    assert set(query_lake(local, "show tables")["name"].to_pylist()) == {
        "videos", "clips", "scores", "labels", "selections", "captions",
    }  # fmt: skip


def test_a_place_without_tables_is_the_user_s_mistake(local):
    with pytest.raises(UserError, match="no tables below"):
        query_lake(local, "select 1")


@pytest.mark.parametrize(
    "sql", [
        "select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "copy videos to '{}/out.csv'",
        "attach '{}/out.db'", "install httpfs", "set enable_external_access = true", "select * from glob('/etc/*')",
        "select content from read_text('/etc/passwd')", "export database '{}/out'", "select * from lake", "selct 1",
        "select nothing from videos", "", "select 1; drop table videos; select 2", "set variable x = 1",
    ],
)  # fmt: skip
def test_sql_reaches_nothing_but_the_tables_and_a_wrong_query_is_the_user_s_mistake(local, tmp_path, sql):
    local.tables.merge(VIDEOS[:1])
    try:
        answer = query_lake(local, sql.format(tmp_path))
    except UserError:
        answer = pa.table({})
    assert len(answer) == 0
    assert not list(tmp_path.glob("out*"))


def test_a_literal_column_takes_the_type_of_its_values():
    record = another(Video, state=Literal["a", "b"], size=Literal[1, 2])
    assert schema_of(record).field("state").type == pa.string()
    assert schema_of(record).field("size").type == pa.int64()


def test_a_foreign_table_in_its_place_is_refused(local):
    write_deltalake(str(local.objects.folder / "tables" / "videos"), pa.table({"video_id": pa.array([1])}))
    with pytest.raises(UserError, match="video_id"):
        local.tables.merge(VIDEOS)
