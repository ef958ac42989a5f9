"""Turns of phrase that no caption has: of models that speak of the video, of themselves, in markup, or to a model."""

import re


class Phrases:
    """Patterns, whatever the case of letters; each with hints (`a|b`), one of which is in whatever it finds: most are not looked for."""

    def __init__(self, *phrases: tuple[str, str]) -> None:
        self._phrases = [(hints.split("|"), re.compile(pattern, re.IGNORECASE)) for hints, pattern in phrases]

    def search(self, text: str) -> re.Match[str] | None:
        """The first place of the first that is found."""
        lower = text.lower()
        for hints, pattern in self._phrases:
            if any(hint in lower for hint in hints) and (found := pattern.search(text)):
                return found
        return None


_THIS = r"(?:the|this|that|these|those|our|a|each|every)"
_POSITION = r"(?:first|second|third|next|last|final|initial|opening|subsequent)"
_OF_KIND = rf"(?:(?:short|brief|entire|whole|given|provided|following|above|input|video|same|{_POSITION}) )*"
_SHOWS = (
    r"(?:(?:then|also|clearly|primarily|mainly|briefly) )?(?:shows?|depicts?|captures?|features?|displays?|presents?|portrays?|"
    r"showcases?|illustrates?|contains?|focus(?:es)?|opens|begins?|starts?|ends|concludes|appears?|seems?|transitions?|"
    r"provides?|consists?)"
)
_IS = r"(?:is|are|was|were|has|have|does|do)"
_INSIDE = r"(?:in|throughout|during|within|of|across|from|for|over)"
_DEVICE = r"(?! (?:game|call|screen|wall|monitor|store|shop|player|camera|conference))"
_FRAMES = r"(?:frames?|images?|pictures?|photos?|photographs?|screenshots?|snapshots?)"
_FILM = "video|footage|clip|film|recording"
_STILL = "frame|image|picture|photo|shot"
BOILERPLATE = Phrases(
    # The video, the clip: whatever is said of it. Not a video game, and not the clip in her hair.
    (_FILM, rf"\b{_THIS} {_OF_KIND}(?:videos?|footage|clips?|film|recording) (?:{_SHOWS}|{_IS})\b"),
    (
        _FILM,
        rf"\b{_INSIDE} (?:the|this|these) {_OF_KIND}(?:videos?{_DEVICE}|footage|clips?(?! (?:on|in|that|hold|of)))\b",
    ),
    ("the video", r"\bthe video(?:['’]s|,)"),
    (_FILM, rf"\b(?:this|the given|the provided) (?:video|clip|footage)\b{_DEVICE}"),
    # Frames, images: as a row that is looked through; not what a window, a door or a painter makes.
    (_STILL, rf"\b{_THIS} {_OF_KIND}{_FRAMES} {_SHOWS}\b"),
    (
        "frames|images",
        r"\b(?:in|across|throughout|between|from|of) (?:the|these|all|both|each|every|several|subsequent) "
        rf"{_OF_KIND}(?:frames|images)\b(?! (?:of|on|hang))",
    ),
    (
        f"{_STILL}|scene",
        rf"\bin (?:the|each|every) (?:given|provided|{_POSITION}) (?:frame|image|picture|shot|scene)\b",
    ),
    ("in this|in these", rf"\bin (?:this|these) (?:{_FRAMES}|scenes?|shots?|sequences?)\b"),
    ("frames", r"\b(?:these|provided|given|consecutive) frames\b"),
    ("frame", r"\bframes? \d+\b"),
    ("sequence of|series of|set of", r"\b(?:sequence|series|set) of (?:frames|images|stills)\b"),
    ("in the image", r"\bin the image(?: provided)?,"),
    # Those who look, and what they were given.
    ("we |you ", r"\b(?:we|you) (?:(?:can|could|also|then|first|will) )*(?:see|observe|notice|get|are shown)\b"),
    ("viewer", r"\bthe viewer(?:['’]s| is| can| sees| gets| feels)\b"),
    ("viewer", r"\b(?:gives|giving|allow\w*|invit\w*|leav\w*|draw\w*) (?:the|a) viewers?\b"),
    (
        "note|description|caption",
        r"\b(?:the|these|your|provided|given) (?:notes?|descriptions?|captions?) "
        r"(?:above|below|says?|mentions?|states?|provided|describes?)\b",
    ),
    (
        "based on|according to",
        r"\b(?:based on|according to) (?:the|these|your) (?:\w+ )?(?:notes?|frames?|images?|videos?|clips?|descriptions?|information)\b",
    ),
    (
        "description|caption|summary|analysis",
        r"\b(?:description|caption|summary|analysis) of (?:the|this) (?:video|clip|footage|scene|image)\b",
    ),
    # What stands around an answer.
    ("sure|certainly|of course|okay|absolutely", r"^(?:sure|certainly|of course|okay|absolutely)[,!.]"),
    (
        "here|below",
        r"^(?:here|below) (?:is|are) (?:a|an|the|your|six)\b[^.]{0,80}\b(?:description|caption|note|answer|json)",
    ),
    ("i hope|let me|feel free", r"\bI hope (?:this|that)\b|\blet me know if\b|\bfeel free to\b"),
    ("anything else|would you", r"\bis there anything else\b|\bwould you like (?:me|to know)\b"),
)
"""It speaks of the video, its frames or those who look, instead of what they show."""

_MEDIA = r"(?:images?|videos?|clips?|frames?|pictures?|content|footage|files?|attachments?|media|request)"
REFUSAL = Phrases(
    (
        "i |i'|i’",
        r"\b(?-i:I)(?:['’](?:m|ve|ll|d)| (?:am|can|cannot|can['’]t|could|couldn['’]t|do|don['’]t|would|will|won['’]t|have|think|see"
        r"|need|must|apologi[sz]e|understand|believe|notice|observe|assume))\b",
    ),
    (
        "as a",
        r"\bas an? (?:AI|artificial intelligence|(?:(?:large|multimodal|vision|visual) )*language model|text-based|assistant)\b",
    ),
    ("my |our ", r"\b(?:my|our) (?:training data|guidelines|apologies)\b"),
    (
        "able to|possible to",
        rf"\b(?:unable|not able|not possible|impossible) to (?:\w+ ){{1,2}}(?:the|this|any|your|these) (?:provided |given )?{_MEDIA}\b",
    ),
    (
        "no ",
        rf"\bno {_MEDIA} (?:(?:was|were|is|are|has been|have been|seems? to be) )?"
        rf"(?:provided|given|attached|uploaded|included|shared|supplied)\b|\bthere (?:is|are) no {_MEDIA} to describe\b",
    ),
    ("please|could you", r"\b(?:please|could you) (?:please )?(?:provide|upload|share|attach|send)\b"),
    ("sorry|unfortunately|apologies", r"^(?:sorry|unfortunately|apologies)\b"),
    ("polic", r"\b(?:content|usage|safety) polic(?:y|ies)\b"),
    ("violate|against", r"\b(?:violates?|against) (?:my|our|the) (?:\w+ )?(?:polic|guideline|terms)"),
    (
        "comply|assist with|fulfil|help with",
        r"\b(?:cannot|can['’]t|unable to|must decline to) (?:comply|assist with|(?:fulfill?|help with) (?:this|that|the|your))\b",
    ),
)
"""It refuses, or speaks of itself."""

_FORGET = r"\b(?:ignore|disregard|forget|override|bypass)\s+"
_EARLIER = r"(?:all|any|your|these|my|every|of|the|previous|prior|above|earlier|preceding|other|system|safety)"
_FORGETTING = "ignore|disregard|forget|override|bypass"
ORDERS = Phrases(
    (_FORGETTING, rf"{_FORGET}(?:{_EARLIER}\s+){{1,4}}(?:instructions?|prompts?|guidelines|directives|commands)\b"),
    (
        _FORGETTING,
        rf"{_FORGET}(?:everything|anything|all|what)\s+(?:above|before|that came|you (?:were|have been) told|previous)",
    ),
    (_FORGETTING, rf"{_FORGET}(?:all\s+)?(?:your|previous|prior|the above|above)\s+(?:rules|text|messages?|context)\b"),
    ("system prompt|developer mode|jailbreak", r"\bsystem prompt\b|\bdeveloper mode\b|\bjailbreak\b"),
    (
        "you are|you must|you will",
        r"\byou are now (?:a|an|the|in|free|DAN)\b|\b(?:from now on|now),? you (?:are|must|will)\b",
    ),
    ("you must", r"\byou must (?:now|only|always|never)\b"),
    ("act as", r"(?:^|[.!?:\"“]\s*|\byou (?:must|should|will) )act as (?:a|an|the)\b"),
    ("new instruction", r"\bnew instructions?\s*:"),
    ("system|assistant|user|human|developer", r"(?:^|[.!?\n\"“]\s*)(?:system|assistant|user|human|developer)\s*:\s"),
    ("<|inst]", r"<\|\w+\|>|\[/?INST\]|<</?SYS>>"),
    ("execute|run", r"\b(?:execute|run) (?:the following|this) (?:command|code|script)"),
    ("rm|curl|wget|drop table|sudo", r"\brm\s+-rf\b|\b(?:curl|wget)\s+(?:-|https?:)|\bdrop table\b|\bsudo\s+\w+"),
    (
        "prompt|instructions|key|password|credential",
        r"\b(?:reveal|print|output|repeat|leak|send) (?:me )?(?:your|the) (?:\w+ )?"
        r"(?:prompt|instructions|api keys?|passwords?|credentials)\b",
    ),
    ("respond|reply|answer", r"\b(?:respond|reply|answer) (?:only )?with\b"),
    ("do not", r"\bdo not (?:follow|obey) (?:the|any|your)\b[^.]{0,30}\b(?:instructions|rules)"),
)
"""It gives orders to a reader that is a model."""

MARKUP = Phrases(
    ("<|>", r"</?[a-z!?][^>]{0,200}>|<(?:script|img|iframe|svg)\b|<\||\|>|<<"),
    ("`|#|*|__", r"`|(?:^|\s)#{2,6}\s|^#\s|\*\*|__\w|(?:^|\s)\*\s?\w|\w\*(?:\s|$)"),
    ("]|--", r"\[/?INST\]|\]\(|\|\s*:?-{3,}"),
    ("&", r"&(?:lt|gt|amp|quot|nbsp|apos|#x?[\da-f]+);"),
    ("{|}|\\|javascript:", r"[{}\\]|\bjavascript:"),
)
"""HTML, Markdown, JSON, tokens of chat templates. `5 < 6`, `a "sign"`, `R&B` and `#1` are none."""
PLACEHOLDER = re.compile(
    r"[\W_]*(?:none|n/?a|null|nil|unknown|undefined|text|string|todo|tbd|no (?:information|description)(?: available)?|<.{1,40}>"
    r"|not (?:applicable|specified|available|visible|provided|sure))[\W_]*",
    re.IGNORECASE,
)
"""In place of a part."""
