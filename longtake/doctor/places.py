"""Tables, the raw footage and the data root: reached, read, written, and whether the first of two writers wins.

What is written to a data root is named `.doctor-<random>`, which no listing shows, and is removed again.
"""

import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import islice

from longtake.doctor.finding import Finding, bad, good, skipped, warn
from longtake.doctor.space import scratch_needed, scratch_room, sized
from longtake.engine import cores
from longtake.errors import TransientError, UserError
from longtake.lake import Lake, ObjectChanged, Store, open_store
from longtake.lake.places import split_uri
from longtake.records import Video

LOOKED_AT = 1000
"""Objects below raw that are looked at: one page of a listing."""
SKEW_S = 300.0
"""S3 refuses requests whose time is 15 minutes off; a clock that has come so far drifts on."""
_UP = "see that it runs and that this machine may reach it, or correct AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL"
_FIRST_WINS = (
    "use a server that honours If-None-Match (AWS S3, SeaweedFS, a MinIO or Ceph of 2025), or a folder: else two steps "
    "at once overwrite each other's objects and tables"
)
_LINKS = "give a folder on a filesystem with hard links: not exFAT, SMB or a bucket mounted as a folder"


def look_at_tables() -> Iterator[Finding]:
    """Makes a table in the scratch folder, writes a row, and asks for it: the libraries work, whatever an image left out."""
    if not all(find_spec(name) for name in ("deltalake", "pyarrow", "duckdb")):
        yield skipped("tables", "the extra lake is not installed")
        return
    if scratch_room()[0] is None:
        yield skipped("tables", "needs a scratch folder")
        return
    from longtake.lake.query import query_lake

    row = Video(
        video_id="doctor", bucket=0, uris=[], etags=[], bytes=0, duration_s=0.0, fps=0.0, width=0, height=0, codec="",
        frames=0, reason=None, detail=None, made_by="doctor",
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="longtake-doctor-") as folder:
        lake = Lake(folder)
        lake.tables.merge([row])
        same = lake.tables.read(Video) == [row] and len(query_lake(lake, "select * from videos")) == 1
    if same:
        yield good("tables", "a row was written, merged and queried in the scratch folder")
    else:
        yield bad("tables", "a row that was written is not read back", "pip install --force-reinstall 'longtake[lake]'")


def look_at_raw(uri: str) -> Iterator[Finding]:
    """Lists what lies there; the largest of it must fit into the scratch folder."""
    try:
        store = open_store(uri, patient=False)
        store.check(writable=False)
        yield from _reached("raw", store)
        sizes_bytes = [item.bytes for item in islice(store.walk(), LOOKED_AT)]
    except TransientError as error:
        yield _down("raw", error)
        return
    yield judge_raw(store.uri, sizes_bytes, cores(), scratch_room()[1])


def judge_raw(uri: str, sizes_bytes: list[int], workers: int, free_bytes: int) -> Finding:
    """Sizes of the first objects below raw, against the scratch room that the workers need for them."""
    if not sizes_bytes:
        return warn("raw", f"nothing lies below {uri}", "check the prefix, or put videos there")
    more = " or more" * (len(sizes_bytes) == LOOKED_AT)
    found = f"{uri}: {len(sizes_bytes)}{more} object{'s' * (len(sizes_bytes) > 1)}, up to {sized(max(sizes_bytes))}"
    needed = scratch_needed(workers, max(sizes_bytes))
    if needed > free_bytes:
        fix = f"give scratch {sized(needed)} for such videos and their clips: it has {sized(free_bytes)} free"
        return warn("raw", found, fix)
    return good("raw", found)


def look_at_data_root(uri: str, raw: str | None) -> Iterator[Finding]:
    """Writes, reads and removes an object, tries two first writers, and opens a table. A missing folder is made."""
    try:
        lake = Lake(uri)
        if raw and lies_in(uri, raw):
            yield bad("data root", f"{uri} lies in {raw}", "give one outside raw: clips would be taken for raw videos")
            return
        store = open_store(uri, patient=False)
        store.check(writable=True)
        yield from _reached("data root", store)
        yield from probe(store)
        version = lake.tables.version(Video)
    except TransientError as error:
        yield _down("data root", error)
        return
    yield good("tables of data root", "none yet" if version is None else f"{Video.TABLE} at version {version}")


def probe(store: Store) -> Iterator[Finding]:
    """Writes a new object twice, each time as its first writer; reads it; removes it, whatever happens."""
    key = f".doctor-{uuid.uuid4().hex}"
    try:
        finding = probe_first_writer(store, key)
    except BaseException:
        with suppress(UserError, TransientError):  # what goes wrong here would hide what went wrong before
            store.delete(key)
        raise
    try:
        store.delete(key)
        yield good("data root", f"{store.uri}: written, read and removed")
    except UserError as error:
        found = str(error).partition("; ")[0]
        yield warn("data root", found, f"give the right to delete objects too, and remove {key}")
    yield finding


def probe_first_writer(store: Store, key: str) -> Finding:
    """What two writers are told who both ask to be the first, and which of them was."""
    told, refusal = [], ""
    try:
        told = [store.put(key, content) for content in (b"first", b"second")]
    except (UserError, TransientError) as error:
        store.put(key, b"first", overwrite=True)  # raises where nothing at all can be written
        refusal = str(error).partition("; ")[0]
    try:
        content = store.read(key)
    except ObjectChanged:
        content = b"nothing"
    return judge_first_writer(store.uri, told, content, refusal)


def lies_in(place: str, raw: str) -> bool:
    """Whether the place is raw or below it."""
    try:
        (kind, outer), (other_kind, inner) = split_uri(raw), split_uri(place)
    except UserError:  # the look at raw says what is wrong with it
        return False
    return kind == other_kind and f"{inner.rstrip('/')}/".startswith(f"{outer.rstrip('/')}/")


def judge_first_writer(uri: str, told: list[bool], content: bytes, refusal: str = "") -> Finding:
    """What two first writers were told, b"first" and then b"second", and what was there in the end."""
    check = "conditional writes"
    if refusal:
        return bad(check, f"refused: {refusal}", _FIRST_WINS if uri.startswith("s3:") else _LINKS)
    if told == [True, False] and content == b"first":
        return good(check, "the first of two writers wins, the second is told")
    if all(told):
        found = f"{uri} ignores them: two writers of one new object were both told that they were first"
    else:
        found = f"{uri} breaks them: two writers of one new object were told {told}, and {content!r} was kept"
    return bad(check, found, _FIRST_WINS)


def _reached(check: str, store: Store) -> Iterator[Finding]:
    """How a bucket is reached, and a clock that goes wrong; nothing for a folder."""
    if split_uri(store.uri)[0] == "file":
        return
    from longtake.lake.s3 import S3Store

    assert isinstance(store, S3Store)
    access = store.access()
    yield good(f"S3 of {check}", f"{access.endpoint}, credentials by {access.credentials}")
    if abs(access.skew_s) > SKEW_S:
        found = f"the server's clock is {abs(access.skew_s) / 60:.0f} min {'ahead of' if access.skew_s > 0 else 'behind'} ours"
        yield warn("clock", found, "set this machine's clock (or the server's) by NTP, else S3 refuses our signatures")


def _down(check: str, error: TransientError) -> Finding:
    words = re.sub(r'\?[^\s")]*', "", str(error))  # the question that a URL carries says nothing
    return bad(check, words, _UP, transient=True)
