"""The only code that touches storage. A lake is one data root: tables, and the immutable objects that they speak of.

    <data_root>/tables/<table>     Delta tables, one a record type
    <data_root>/clips/ab/<id>.mp4  objects named by a digest
    <data_root>/progress/<run>/    how far each step of a run is, and why it stopped
    <data_root>/reports/<run>/     one HTML page a step

Read `objects` (what a store is), `s3` and `folder` (the two kinds), `places` (a store by its URI), `tables`, `query`,
`server` (S3 for laptops).
"""

from longtake.lake.lake import Lake
from longtake.lake.objects import ObjectChanged, ObjectInfo, Store
from longtake.lake.places import join_uri, key_below, open_store

__all__ = ["Lake", "ObjectChanged", "ObjectInfo", "Store", "join_uri", "key_below", "open_store"]
