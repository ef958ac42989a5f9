"""The images that steps run in; another registry or digest is given when a pipeline is compiled."""

import os

from longtake import __version__

MEDIA = os.environ.get("LONGTAKE_MEDIA_IMAGE", f"longtake/python-media:{__version__}")
"""Video and tables, no GPU."""
