"""What a text says that the camera does: only where the camera, or its picture, is what the words are about.

Rules of grammar instead of a model: a sentence is parted into clauses, and a clause counts if the camera stands before its verb, or if
it goes on without a subject of its own from one that has it. What is denied is taken out first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
SENTENCE = re.compile(r"(?<=[.!?])\s+")
LONGEST_SENTENCE = 600
"""Characters of one that are judged; the longest of people have about 400."""
CAMERA = re.compile(
    r"(?<!-)\b(?:camera(?:['’]s)?(?: (?:work|movement|motion|position|view))?|shot|view(?:point)?|lens|framing|cinematography"
    r"|(?<=the )(?:frame|footage|perspective|drone))\b"
)
"""What the words must be about."""
_ARTICLE = r"(?:the|a|an|this|its|one)"
SUBJECT = re.compile(
    rf"(?:(?:and|then|so|now|also) )*(?:(?:in|at|from|with|on|over|after|during|throughout|for|using|towards)(?: [\w-]+){{0,4}} )?"
    rf"(?:{_ARTICLE} (?:(?!{_ARTICLE} )[\w-]+ ){{0,3}})?"
)
"""What may stand before it where it is the subject: `A man enters the frame and moves left` is about a man."""
_WHOSE = r"(?:security|surveillance|video|photo|vintage|old|his|her|their|digital|film|action|toy|phone)"
DEVICE = re.compile(
    rf"\b{_WHOSE} cameras?\b|\bcameras\b|\bcamera (?:strap|bag|man|woman|operator|crew|shop|flash|phone)\b"
)
"""A camera in the picture."""
COOKWARE = re.compile(
    r"\bpots? and pans?\b|\bpans? of \w+|\bpan(?:s|ning)? for gold|\bpans? (?:with|on the (?:stove|hob))\b|\bpan-\w+"
    r"|\b(?:frying|sauce|baking|cooking|roasting|hot|cast-iron|iron|metal|copper|steel|non-stick|gold|dust|cake|large|small) ?pans?\b"
)
_FORMS = (
    r"(?:pan|tilt|zoom|roll|move|rotate|shift|shake)",
    r"(?:pans|tilts|zooms|rolls|moves|rotates|shifts|shakes|movements?|motions?)",
    r"(?:panning|tilting|zooming|rolling|moving|rotating|shifting|shaking)",
)
_NO = r"(?:\bnot(?! only)|n['’]t|\bnever|\bneither|\bnor|\bno|\bwithout|\brather than|\binstead of|\black(?:s|ing)|\bfree of|\bavoids?)"
DENIED = [
    re.compile(
        rf"{_NO}\s+(?:(?!but\b|then\b)[\w-]+\s+){{0,3}}?{form}(?:\s*,?\s*(?:(?:or|nor|and)\s+)?(?:any\s+)?{form})*\b"
    )
    for form in _FORMS
]
DENIED.append(re.compile(r"\bof (?:(?:any )?\w+(?:, | or | and | )){1,8}there (?:is|was) no (?:sign|trace|hint)\b"))
"""A denial reaches over words of the same form: `does not tilt and pans left` pans, `without panning or zooming` does neither."""
_STILL = (
    r"(?:static|stationary|motionless|immobile|unmoving|locked(?:[- ](?:off|down))?"
    r"|(?:in )?(?:a )?fixed(?!\s+(?:on|upon|to)\b(?! a tripod))"
    r"|(?:(?<=stands )|(?<=holds )|(?<=stays )|(?<=remains ))still(?! \w+ing)"
    r"|still(?=\s*(?:$|[.!]|and\b|throughout|for\b|during|on a tripod)))"
)
STILL = re.compile(rf"(?:^|\s)({_STILL})(?=\W|$)")
NOT_STILL = re.compile(rf"{_NO}\s+(?:[\w-]+\s+){{0,2}}?{_STILL}")
STILL_SHOT = re.compile(
    r"\b(?:static|stationary|fixed|locked-off|unmoving|motionless|immobile)(?:,? (?!security|surveillance)[\w-]+){0,3}?"
    r" (?:camera|shot|view|viewpoint|framing|frame|angle|perspective|position)\b"
)
_SEEN = r"(?:visible|noticeable|apparent|discernible|evident|obvious)"
UNMOVED = re.compile(
    r"\b(?:camera|lens|viewpoint|shot)(?: itself)? (?:does not|doesn['’]t|never|did not) (?:\w+ly )?(?:moves?|budges?)\b"
    r"(?! (?:much|a lot|far))"
    rf"|\b(?:no|without(?: any)?|lacks?(?: any)?|free of)(?: {_SEEN})* camera (?:movement|motion)"
    rf"|\bcamera (?:has|shows|makes) no (?:{_SEEN} )?(?:movement|motion)|\bno (?:movement|motion) (?:of|from|by) the camera\b"
)
UNMOVED_HERE = re.compile(rf"^\W*(?:there is |with )?no (?:{_SEEN} )?(?:movement|motion)s?\b")
HEDGED = re.compile(
    r"\b(?:mostly|largely|nearly|almost|relatively|fairly|generally|mainly|essentially|predominantly|for the most part|practically)\b"
)
PHASED = re.compile(
    r"\b(?:begins?|starts?|initially|at first|then|before|after|until|finally|briefly|eventually|a moment|at the end|half"
    r"|(?:between|from|for|to|up to) \d|(?:first|last|next) (?:\w+ )?seconds?)\b"
)
"""Of a part of the clip only."""
VAGUE = re.compile(r"\b(?:slight|subtl|bare|almost|impercept|gentl|minimal|faint|tiny|hint of|very slow)\w*")
BREAK = re.compile(
    r"[,;:()]|\s[–—-]+\s|\b(?:as|while|who|which|that|where|when|whose|because|since|but|whereas)\b"
    r"|\band\b(?=\s+(?:the|an?|his|her|their|he|she|they|its?|two|some|people|someone)\b)"
)
_WAY = (
    r"(?:(?P<across>(?:from )?(?:the )?(?:left|right)[- ]to[- ](?:the )?(?:left|right)|left and right"
    r"|(?:from )?top to bottom|bottom to top)"
    r"|(?:(?:to|towards?|back to|over to|off to) (?:the |its |screen )?)?(?:screen )?"
    r"(?P<way>leftwards?|rightwards?|left|right|upwards?|downwards?|up|down|inwards?|in|outwards?|out|(?:anti|counter)-?clockwise|clockwise"
    r"|closer|away|back(?! and forth)|backwards?|forwards?))\b"
)
MOTION = re.compile(
    r"\b(?P<verb>pan(?:s|ned|ning)?|tilt(?:s|ed|ing)?|zoom(?:s|ed|ing)?|roll(?:s|ed|ing)?|rotat(?:es?|ed|ing)|mov(?:es?|ed|ing)"
    r"|swing(?:s|ing)?|sweep(?:s|ing)?|turn(?:s|ed|ing)?|shift(?:s|ed|ing)?|slid(?:es?|ing)|track(?:s|ed|ing)?|truck(?:s|ing)?"
    r"|glid(?:es?|ing)|drift(?:s|ed|ing)?|travel(?:s|led|ling)?|doll(?:y|ies|ying)|push(?:es|ing)?|pull(?:s|ed|ing)?|cran(?:es?|ing)"
    r"|follow(?:s|ed|ing)?)\b(?!-)"
    rf"(?P<rest>[- ]?(?:\s*(?:\w+ly|shot|movement|motion|further|and|across|around))*?\s*{_WAY})?"
    r"(?P<far>(?: (?!and\b|then\b|to\b)[\w'’-]+){1,5}? from (?:the )?(?:left to (?:the )?right|right to (?:the )?left)\b)?"
)
LEADING = re.compile(
    r"^(?:\W|(?:and|then|before|after|finally|first|initially|later|next|it|also|or|followed by|with|by|until|eventually|\w+ly)\b)*"
)
MAY_STAND_BEFORE = frozenset(
    [
        "", "is", "are", "was", "be", "being", "then", "also", "and", "or", "before", "after", "to", "by", "starts", "begins",
        "continues", "keeps", "stands", "again", "first", "next", "finally", "left", "right", "up", "down", "in", "out", "back", "movement",
        "motion", "work", "a", "an", "slow", "fast", "quick", "smooth", "gentle", "slight", "subtle", "steady", "brief", "long",
        "gradual", "horizontal", "vertical", "camera", "remains", "stays", "holds", "appears", "seems", "held", "still", "it",
        "with", "until", "itself", "kept", "of",
    ]
)  # fmt: skip
"""The word before a verb of motion: none of these is a thing that might do it instead of the camera."""
PAN_OF_ITS_OWN = re.compile(
    r"\b(?:slow|smooth|gentle|fast|quick|steady|horizontal|vertical|gradual|subtle|slight|camera) (?:pan|tilt|zoom)\b(?! (?:\w+ ){0,3}of\b)"
)
"""`A slow pan reveals the harbour` is about the camera without naming it."""
SPECIFIC = ("pan", "tilt", "zoom")
SPEAKS_OF = re.compile(
    r"[Cc]amera|[Ss]hot|[Vv]iew|[Ll]ens|[Ff]ram|[Ff]ootage|[Cc]inema|[Dd]rone|[Pp]erspective|[Pp]an|[Tt]ilt|[Zz]oom|[Aa]ngle|[Pp]osition"
)
"""Without one of these a sentence says nothing of the camera; most of a caption is done with so."""


@dataclass(frozen=True)
class Claim:
    """One thing that a text says of the camera."""

    kind: str
    """`static`, `mostly static`, a kind of `Move` with its direction, or `pan`, `tilt` and `zoom` without one."""
    said: str
    """The sentence."""
    vague: bool = False
    """It is said to be hardly to be seen."""


def sentences_of(text: str) -> list[str]:
    return [sentence[:LONGEST_SENTENCE] for sentence in SENTENCE.split(text)]


def camera_claims(text: str, *, about_camera: bool = False) -> list[Claim]:
    """All of them, in order; `about_camera`: its sentences are about the camera even where they do not say so."""
    found: list[Claim] = []
    carried = False
    for sentence in sentences_of(text):
        if not (about_camera or carried or SPEAKS_OF.search(sentence)):
            continue
        plain = DEVICE.sub("device", COOKWARE.sub("cookware", QUOTED.sub("it", sentence.lower())))
        begins = about_camera or (carried and plain.startswith("it "))
        moves = [Claim(kind, sentence, vague) for kind, vague in _moves(plain, begins)]
        found += moves
        if not moves and (still := _still(plain, begins)):
            found.append(Claim(still, sentence))
        carried = bool(re.match(rf"(?:the |a )?(?:\w+ )?{CAMERA.pattern}", plain)) or begins
    return found


def _still(sentence: str, about_camera: bool) -> str | None:
    """`static` or `mostly static`, if that is said of the whole clip."""
    if PHASED.search(sentence):
        return None
    rest = NOT_STILL.sub(" ", sentence)
    said = bool(UNMOVED.search(sentence) or STILL_SHOT.search(rest) or (about_camera and UNMOVED_HERE.search(sentence)))
    said = said or any(
        _may_stand_after(tail[: still.start()]) for tail in _tails(rest, about_camera) for still in STILL.finditer(tail)
    )
    return ("mostly static" if HEDGED.search(sentence) else "static") if said else None


def _moves(sentence: str, about_camera: bool) -> Iterator[tuple[str, bool]]:
    """What the camera does in a sentence, and whether that is hardly to be seen."""
    for denied in DENIED:
        sentence = denied.sub(" ", sentence)
    for tail in _tails(sentence, about_camera):
        for motion in MOTION.finditer(tail):
            before = tail[: motion.start()].rstrip()
            if not _may_stand_after(before):
                continue
            after = tail[motion.end() :]
            if motion["verb"] == "pan" and (after.startswith(" of ") or (before.endswith(" a") and not motion["way"])):
                continue  # a thing to cook with
            for kind in _kinds(motion, after):
                yield kind, bool(VAGUE.search(tail))


def _tails(sentence: str, about_camera: bool) -> Iterator[str]:
    """Of each clause that is about the camera what comes after it."""
    carried = about_camera
    for clause in map(str.strip, BREAK.split(sentence)):
        subject = next((one for one in CAMERA.finditer(clause) if SUBJECT.fullmatch(clause, 0, one.start())), None)
        if subject:
            carried = True
            yield clause[subject.end() :]
        elif carried:
            yield LEADING.sub("", clause, count=1)
        else:
            yield from _own(clause)


def _own(clause: str) -> Iterator[str]:
    if own := PAN_OF_ITS_OWN.search(clause):
        yield clause[own.start() :]


def _may_stand_after(before: str) -> bool:
    words = re.findall(r"[\w'’-]+", before)
    last = words[-1] if words else ""
    return last in MAY_STAND_BEFORE or last.endswith("ly")


def _kinds(motion: re.Match[str], after: str) -> list[str]:
    """Kinds of `Move`, or a family without direction; none where neither is plain."""
    verb, way, across = motion["verb"], motion["way"] or "", motion["across"] or motion["far"] or ""
    family = next((name for name in (*SPECIFIC, "roll") if verb.startswith(name)), None)
    if across:
        return _across(across) if family in (None, "pan", "tilt") else []
    if verb.startswith("follow"):
        return []
    if way.startswith(("left", "right")):
        side = "left" if way.startswith("left") else "right"
        return [f"pan {side}"] if family in (None, "pan") else []
    if way.startswith(("up", "down")):
        if family is None and re.match(r" (?:the|an?|this|to)\b", after):
            return []  # down the street
        return [f"tilt {'up' if way.startswith('up') else 'down'}"] if family in (None, "pan", "tilt") else []
    if way.endswith("clockwise"):
        return [f"roll {'clockwise' if way == 'clockwise' else 'counterclockwise'}"] if family in (None, "roll") else []
    if way:
        inwards = way.startswith(("in", "closer", "forward"))
        plain = (
            family == "zoom"
            or (family is None and way not in ("in", "back", "out"))
            or verb.startswith(("push", "pull", "doll"))
        )
        return [f"zoom {'in' if inwards else 'out'}"] if plain else []
    return [family] if family in SPECIFIC else []


def _across(said: str) -> list[str]:
    if "and" in said:
        return ["pan left", "pan right"]
    if "top" in said:
        return ["tilt up" if said.rstrip().endswith("top") else "tilt down"]
    return ["pan right" if said.rstrip().endswith("right") else "pan left"]
