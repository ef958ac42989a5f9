"""Raw footage in a bucket becomes a trained video generator and long, consistent films."""

from importlib.metadata import version

__version__ = version("longtake")
