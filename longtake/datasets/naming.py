"""What a dataset is called: the family that the user names, and a digest of what is in it."""

import re

from longtake.errors import UserError
from longtake.records import digest

FAMILY = r"^[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?$"
"""Part of a file's name, and of a label."""


def check_family(family: str) -> str:
    """The family's name as given. Raises UserError unless it can be part of file names everywhere."""
    if re.search(r"-[0-9a-f]{8}$", family):
        raise UserError(
            f"{family!r} looks like one dataset's own name; give its family, {family_of(family)!r}, or another"
        )
    if not re.fullmatch(FAMILY, family):
        raise UserError(
            f"the dataset's name {family!r} is none; give 1 to 48 lower-case letters, digits and dashes, for example clips"
        )
    return family


def name_of(family: str, *content: object) -> str:
    """`<family>-<8 digits>`, the digits a digest of JSON values that say what is in the dataset."""
    return f"{check_family(family)}-{digest(*content, chars=8)}"


def family_of(name: str) -> str:
    """`clips` of `clips-1a2b3c4d`."""
    return name.rpartition("-")[0]
