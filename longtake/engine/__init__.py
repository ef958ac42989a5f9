"""One function over many items: threads here, or pools of processes, on this machine or on a Ray cluster."""

from longtake.engine.pools import Engine, Lost, Pool, Worker
from longtake.engine.stream import stream
from longtake.engine.threads import cores, map_unordered

__all__ = ["Engine", "Lost", "Pool", "Worker", "cores", "map_unordered", "stream"]
