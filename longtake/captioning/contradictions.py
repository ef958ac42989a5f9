"""What a caption says against what was measured: only what both are sure of counts, so that few are wrong."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

from longtake.captioning.camera_claims import QUOTED, Claim, camera_claims, sentences_of
from longtake.captioning.facts import Facts, Move
from longtake.captioning.schema import Parts

Kind = Literal["static camera", "camera direction", "camera moves", "light", "colour", "stillness"]
KINDS: dict[Kind, str] = {
    "static camera": "It says that the camera stands, and a pan, tilt, zoom or roll of at least moderate speed was measured.",
    "camera direction": "It says that the camera moves one way, and the other way was measured.",
    "camera moves": "It says that the camera pans, tilts or zooms, and it was found to stand.",
    "light": "It says night or dark where it is bright, or bright day where it is dark.",
    "colour": "It says black and white where there is colour, or vivid colour where there is none.",
    "stillness": "It says that nothing moves, and much was found to move.",
}
LEAST_S = 0.5
"""A move that is shorter is none that a caption would have to tell."""
HEDGED_SHARE = 0.5
"""Of the clip: a camera that moves longer is not even `mostly static`."""
BRIGHT = 0.5
"""Mean luma from which on it is no night: the brightest street at night has about 0.3, a lit room up to 0.45."""
DARK = 0.15
"""Mean luma up to which it is no bright day; against a low sun there is still about 0.2."""
COLOURED = 33.0
"""Hasler and Süsstrunk's `moderately colourful`: sepia has about 20."""
GREY = 7.5
"""Half of their `slightly colourful`, 15; what compression leaves of colour in black and white is below 5."""
MUCH_SHARE, MUCH_SPEED = 0.2, 0.05
"""Of the picture moves, by a twentieth of its width a second at least: leaves in the wind stay below one of them."""
OPPOSITE = {
    "pan left": "pan right", "tilt up": "tilt down", "zoom in": "zoom out", "roll clockwise": "roll counterclockwise",
}  # fmt: skip
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}

_SO = r"(?:(?:very|quite|mostly|entirely|completely|almost|rather|extremely|fully|all|predominantly|so|too) )*"
_IS = rf"(?:is|are|was|were|remains?|appears?|looks?|stays?|seems?) {_SO}"
_PLACE = r"(?:scene|setting|room|place|surroundings|environment|interior|street|image|picture|forest|space|studio|kitchen|office|hall)"
NIGHT = re.compile(
    r"\bat night(?:time)?\b|\bnight(?:time)? (?:scene|sky|street|city|view|shot|setting|air)\b|\b(?:it|this) is (?:late at )?night\b"
    r"|\bin the (?:middle of the |dead of )?night\b|\bin (?:near |almost |total |complete |utter )*darkness\b"
    rf"|\b{_PLACE} {_IS}(?:dark|dim|dimly lit|poorly lit|pitch black)\b|\bnocturnal (?:scene|setting|street|city)\b"
    rf"|\b(?:dark|dimly lit|poorly lit|pitch-black) {_PLACE}\b|\b(?:light|lighting) {_IS}(?:dim|very low|dark)\b"
)
DAY = re.compile(
    r"\bsunny\b(?! side)|\b(?:bright|broad) daylight\b|\bbright(?:,)? (?:sunny )?(?:day|sunlight|sunshine)\b"
    r"|\bunder a (?:bright|clear) blue sky\b"
    rf"|\b(?:bright|brightly lit) {_PLACE}\b|\b{_PLACE} {_IS}(?:bright|brightly lit|sunlit|sun-drenched)\b|\blighting {_IS}bright\b"
)
_GREYSCALE = r"(?:black[- ]and[- ]white|grey-?scale|gray-?scale)"
_LOOK = r"(?:scene|image|picture|footage|palette|look|style|grading|treatment|colou?r scheme|aesthetic|film|cinematography|tones?)"
MONOCHROME = re.compile(
    rf"\b(?:shot|filmed|rendered|presented|captured|recorded|shown|entirely|photographed) (?:entirely |completely |all )?in {_GREYSCALE}"
    rf"|\b(?:{_GREYSCALE}|monochrome) {_LOOK}\b(?! (?:hangs|on the|of a|lies))|\b{_LOOK} {_IS}(?:in )?(?:{_GREYSCALE}|monochrome)\b"
)
_VIVID = r"(?:vivid|vibrant|saturated|bright|bold|brilliant|intense)"
VIVID = re.compile(
    rf"\bcolou?rful (?:scene|palette|picture|setting|composition|scenery|surroundings|image|look)\b"
    rf"|\b(?:{_VIVID}(?:,| and|, and)? )+(?:colou?rs|palette|hues|colou?r palette|colou?r scheme)\b"
    rf"|\b(?:colou?rs|palette|hues) {_IS}(?:{_VIVID}|rich)\b|\b(?:palette|scene|picture|image) {_IS}(?:colou?rful|vivid|vibrant)\b"
)
STILLNESS = re.compile(
    r"\bnothing (?:(?:in|on|around) [\w ]{1,25} )?(?:moves|is moving|stirs)\b|\b(?:no ?one|nobody) moves\b"
    rf"|\b(?:everything|the (?:whole |entire )?(?:scene|picture)) {_IS}(?:still|motionless|static|frozen)\b"
    r"|\b(?:no|without(?: any)?) (?:(?:visible|apparent|noticeable|discernible) )?(?:movement|motion)\b(?! (?:of|by|from) the camera)"
    r"|\b(?:motionless|completely still|frozen) (?:scene|tableau)\b|\bcompletely (?:still|motionless) (?:scene|picture)\b"
)
DENIAL = re.compile(
    r"(?:\bnot|n['’]t|\bno|\bno longer|\bnever|\bwithout|\brather than|\binstead of|\bhardly|\bneither|\bnor|\bless|\black(?:s|ing))"
    r"\s+(?:[\w-]+\s+){0,3}$"
)


@dataclass(frozen=True)
class Contradiction:
    """One sentence that what was measured speaks against."""

    kind: Kind
    said: str
    """The sentence: untrusted."""
    measured: str


def contradictions(text: str, parts: Parts | None, facts: Facts) -> list[Contradiction]:
    """What a caption says and what was measured speaks against, the first sentence of each kind; text on the screen is not judged."""
    texts = [text, *(asdict(parts).values() if parts else ())]
    claims = [claim for one in texts if not parts or one is not parts.camera for claim in camera_claims(one)]
    claims += camera_claims(parts.camera, about_camera=True) if parts else []
    plain = [one for one in texts if not parts or one is not parts.camera]
    found: dict[str, Contradiction] = {}
    for one in (*_camera(claims, facts), *_light(texts, facts), *_colour(texts, facts), *_stillness(plain, facts)):
        found.setdefault(one.kind, one)
    return list(found.values())


def camera_in_words(moves: tuple[Move, ...]) -> str:
    """`pan right, moderate, 0.0 – 2.4 s; static, 2.4 – 4.0 s`."""
    return "; ".join(
        f"{move.kind}, {f'{move.speed}, ' if move.speed else ''}{move.start_s:.1f} – {move.end_s:.1f} s"
        for move in moves
    )


def _camera(claims: list[Claim], facts: Facts) -> Iterator[Contradiction]:
    kinds = {move.kind for move in facts.camera}
    moving = [move for move in facts.camera if _is_plain(move)]
    for claim in claims:
        least = HEDGED_SHARE if claim.kind == "mostly static" else 0.0
        if claim.kind.endswith("static"):
            if moving and _share(moving, facts.camera) >= least:
                yield Contradiction("static camera", claim.said, camera_in_words(tuple(moving)))
        elif kinds == {"static"} and not claim.vague and not claim.kind.startswith("roll"):
            yield Contradiction("camera moves", claim.said, "the camera stands")
        elif claim.kind not in kinds and OPPOSITE.get(claim.kind) in kinds:
            other = tuple(move for move in facts.camera if move.kind == OPPOSITE[claim.kind])
            yield Contradiction("camera direction", claim.said, camera_in_words(other))


def _is_plain(move: Move) -> bool:
    """Whether nobody would call it standing."""
    directed = move.kind not in ("static", "handheld")
    return directed and move.speed in ("moderate", "fast") and move.end_s - move.start_s >= LEAST_S


def _share(moving: list[Move], moves: tuple[Move, ...]) -> float:
    """Of the clip's time, in which one of them goes on."""
    covered, until = 0.0, float("-inf")
    for move in sorted(moving, key=lambda move: move.start_s):
        covered += max(0.0, move.end_s - max(move.start_s, until))
        until = max(until, move.end_s)
    whole = max(move.end_s for move in moves) - min(move.start_s for move in moves)
    return covered / whole if whole > 0 else 0.0


def _light(texts: list[str], facts: Facts) -> Iterator[Contradiction]:
    if DARK < facts.brightness < BRIGHT:
        return
    night, day = _said(NIGHT, texts), _said(DAY, texts)
    wrong = night if facts.brightness >= BRIGHT else day
    if wrong and not (night and day):  # both: from one to the other
        yield Contradiction("light", wrong, f"brightness {facts.brightness:.2f} of 1")


def _colour(texts: list[str], facts: Facts) -> Iterator[Contradiction]:
    if GREY < facts.colourfulness < COLOURED:
        return
    if wrong := _said(MONOCHROME if facts.colourfulness >= COLOURED else VIVID, texts):
        measured = f"colourfulness {facts.colourfulness:.0f} (0 grey, 15 slightly, 33 moderately, 59 quite)"
        yield Contradiction("colour", wrong, measured)


def _stillness(texts: list[str], facts: Facts) -> Iterator[Contradiction]:
    motion = facts.motion
    much = motion.direction is not None and motion.share >= MUCH_SHARE and motion.speed >= MUCH_SPEED
    if much and (still := _said(STILLNESS, texts)):
        measured = f"{motion.share:.0%} of the picture moves, {motion.speed:.2f} widths/s"
        yield Contradiction("stillness", still, measured)


def _said(pattern: re.Pattern[str], texts: list[str]) -> str | None:
    """The first sentence that says so and does not deny it."""
    for text in texts:
        for sentence in sentences_of(text):
            plain = QUOTED.sub("it", sentence.lower())
            if any(not DENIAL.search(plain[: found.start()]) for found in pattern.finditer(plain)):
                return sentence
    return None
