"""A dataset's face: what is in one, how two differ, and the ways in and out.

`stored` (datasets by name), `members` (its clips), `card`, `diff`, `koala` (the CSV of Koala-36M), `webdataset`
(tar shards), `trace` (one clip's whole story). The way in, `longtake/stages/importing.py`, is a step: it cuts clips.
"""
