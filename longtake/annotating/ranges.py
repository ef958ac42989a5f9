"""HTTP byte ranges (RFC 9110, section 14), which browsers ask for to loop and to seek."""

import re


class Unsatisfiable(ValueError):
    """No byte of the file lies in the range."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """[first, end) of the one range that the header asks for; None: the whole file.

    A header that is malformed or asks for several ranges is ignored, as servers may. Raises Unsatisfiable.
    """
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (header or "").replace(" ", ""), re.ASCII)
    if not found or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if not first:  # the last so many bytes
        if int(last) == 0 or size == 0:
            raise Unsatisfiable(header)
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable(header)
    return int(first), min(int(last) + 1, size) if last else size
