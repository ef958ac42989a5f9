"""Verbs on plain video files, without a lake: `longtake slice FILE...`, `longtake score FILE...`."""
