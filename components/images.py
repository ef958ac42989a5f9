"""The images that components name; a pipeline that is compiled with values of the chart has its own."""

from longtake import __version__

MEDIA = f"longtake/python-media:{__version__}"
"""Video and tables, no GPU."""
TORCH = f"longtake/python-torch:{__version__}"
"""The same with torch, transformers, Ray and the detection of text."""
