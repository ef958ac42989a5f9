"""Turns of phrase that no caption has: of models that speak of the video, of themselves, in markup, or to a model."""

import re

_THIS = r"(?:the|this|that|these|those|our|a|each|every)"
_OF_KIND = r"(?:(?:short|brief|entire|whole|given|provided|following|above|input|video|first|second|third|next|last|final|initial|opening|same) )"
_SHOWS = (
    r"(?:(?:then |also |clearly |primarily |mainly |briefly )?(?:shows?|depicts?|captures?|features?|displays?|presents?|portrays?|showcases?"
    r"|illustrates?|contains?|focus(?:es)?|opens|begins?|starts?|ends|concludes|appears?|seems?|transitions?|provides?|consists?))"
)
_IS = r"(?:is|are|was|were|has|have|does|do)"
_INSIDE = r"(?:in|throughout|during|within|of|across|from|for|over)"
BOILERPLATE = re.compile(
    "|".join(
        [
            # The video, the clip: whatever is said of it. Not a video game, and not the clip in her hair.
            rf"\b{_THIS} {_OF_KIND}*(?:videos?|footage|clips?|film|recording) (?:{_SHOWS}|{_IS})\b",
            rf"\b{_INSIDE} (?:the|this|these) {_OF_KIND}*(?:videos?(?! (?:game|call|screen|wall|monitor|store|shop|player|camera))|footage"
            r"|clips?(?! (?:on|in|that|hold|of)))\b",
            r"\bthe video(?:['’]s|,)|\b(?:this|the given|the provided) (?:video|clip|footage)\b(?! (?:game|call|screen|wall|monitor))",
            # Frames, images: as a row that is looked through; not what a window, a door or a painter makes.
            rf"\b{_THIS} {_OF_KIND}*(?:frames?|images?|pictures?|photos?|photographs?|screenshots?|snapshots?) {_SHOWS}\b",
            r"\b(?:in|across|throughout|between|from|of) (?:the|these|all|both|each|every|several|subsequent) "
            rf"{_OF_KIND}*(?:frames|images)\b(?! (?:of|on|hang))",
            r"\bin (?:the|each|every) (?:given|provided|first|second|third|next|last|final|initial|opening|subsequent) "
            r"(?:frame|image|picture|shot|scene)\b",
            r"\bin (?:this|these) (?:frames?|images?|pictures?|photos?|scenes?|shots?|sequences?)\b|\b(?:these|provided|given|consecutive) frames\b",
            r"\bframes? \d+\b|\b(?:sequence|series|set) of (?:frames|images|stills)\b|\bin the image(?: provided)?,",
            # Those who look, and what they were given.
            r"\b(?:we|you) (?:(?:can|could|also|then|first|will) )*(?:see|observe|notice|get|are shown)\b|\bas (?:we|you) can see\b",
            r"\bthe viewer(?:['’]s| is| can| sees| gets| feels)\b|\b(?:gives|giving|allow\w*|invit\w*|leav\w*|draw\w*) (?:the|a) viewers?\b",
            r"\b(?:the|these|your|provided|given) (?:notes?|descriptions?|captions?) (?:above|below|says?|mentions?|states?|provided|describes?)\b",
            r"\b(?:based on|according to) (?:the|these|your) (?:\w+ )?(?:notes?|frames?|images?|videos?|clips?|descriptions?|information)\b",
            r"\b(?:description|caption|summary|analysis) of (?:the|this) (?:video|clip|footage|scene|image)\b",
            # What stands around an answer.
            r"^(?:sure|certainly|of course|okay|absolutely)[,!.]|^(?:here|below) (?:is|are) (?:a|an|the|your|six)\b[^.]{0,80}\b(?:description|caption|note|answer|json)",
            r"\bI hope (?:this|that)\b|\blet me know if\b|\bfeel free to\b|\bis there anything else\b|\bwould you like (?:me|to know)\b",
        ]
    ),
    re.IGNORECASE,
)
"""It speaks of the video, its frames or those who look, instead of what they show."""

_MEDIA = r"(?:images?|videos?|clips?|frames?|pictures?|content|footage|files?|attachments?|media|request)"
REFUSAL = re.compile(
    "|".join(
        [
            r"\b(?-i:I)(?:['’](?:m|ve|ll|d)| (?:am|can|cannot|can['’]t|could|couldn['’]t|do|don['’]t|would|will|won['’]t|have|think|see|need|must"
            r"|apologi[sz]e|understand|believe|notice|observe|assume))\b",
            r"\bas an? (?:AI|artificial intelligence|(?:large |multimodal |vision )?language model|text-based|assistant)\b|\b(?:my|our) (?:training data|guidelines|apologies)\b",
            rf"\b(?:unable|not able|not possible|impossible) to (?:\w+ ){{1,2}}(?:the|this|any|your|these) (?:provided |given |attached )?{_MEDIA}\b",
            rf"\bno {_MEDIA} (?:(?:was|were|is|are|has been|have been|seems? to be) )?(?:provided|given|attached|uploaded|included|shared|supplied)\b",
            rf"\b(?:please|could you) (?:please )?(?:provide|upload|share|attach|send)\b|\bthere (?:is|are) no {_MEDIA} (?:attached|provided|to describe)\b",
            r"^(?:sorry|unfortunately|apologies)\b,?|\b(?:content|usage|safety) polic(?:y|ies)\b|\b(?:violates?|against) (?:my|our|the) (?:\w+ )?(?:polic|guideline|terms)",
            r"\b(?:cannot|can['’]t|unable to|must decline to) (?:comply|fulfill? (?:this|that|the|your)|assist with|help with (?:this|that|your))\b",
        ]
    ),
    re.IGNORECASE,
)
"""It refuses, or speaks of itself."""

_EARLIER = r"(?:all|any|your|these|my|every|of|the|previous|prior|above|earlier|preceding|other|system|safety)"
ORDERS = re.compile(
    "|".join(
        [
            rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:{_EARLIER}\s+){{1,4}}(?:instructions?|prompts?|guidelines|directives|commands)\b",
            r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:everything|anything|all|what)\s+(?:above|before|that came|you (?:were|have been) told|previous)",
            r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:all\s+)?(?:your|previous|prior|the above|above)\s+(?:rules|text|messages?|context)\b",
            r"\bsystem prompt\b|\byou are now (?:a|an|the|in|free|DAN)\b|\b(?:from now on|now),? you (?:are|must|will)\b|\byou must (?:now|only|always|never)\b",
            r"(?:^|[.!?:\"“]\s*|\byou (?:must|should|will) )act as (?:a|an|the)\b|\bnew instructions?\s*:|\bdeveloper mode\b|\bjailbreak\b",
            r"(?:^|[.!?\n\"“]\s*)(?:system|assistant|user|human|developer)\s*:\s|<\|\w+\|>|\[/?INST\]|<</?SYS>>",
            r"\b(?:execute|run) (?:the following|this) (?:command|code|script)|\brm\s+-rf\b|\b(?:curl|wget)\s+(?:-|https?:)|\bdrop table\b|\bsudo\s+\w+",
            r"\b(?:reveal|print|output|repeat|leak|send) (?:me )?(?:your|the) (?:\w+ )?(?:prompt|instructions|api keys?|passwords?|credentials)\b",
            r"\b(?:respond|reply|answer) (?:only )?with\b|\bdo not (?:follow|obey) (?:the|any|your)\b[^.]{0,30}\b(?:instructions|rules)",
        ]
    ),
    re.IGNORECASE,
)
"""It gives orders to a reader that is a model."""

MARKUP = re.compile(
    r"</?[a-zA-Z!?][^>]{0,200}>|<(?:script|img|iframe|svg)\b|<\||\|>|<<|\[/?INST\]"
    r"|`|(?:^|\s)#{2,6}\s|^#\s|\*\*|__\w|(?:^|\s)\*\s?\w|\w\*(?:\s|$)|\]\(|\|\s*:?-{3,}"
    r"|&(?:lt|gt|amp|quot|nbsp|apos|#x?[\da-f]+);|[{}\\]|\bjavascript:",
    re.IGNORECASE,
)
"""HTML, Markdown, JSON, tokens of chat templates. `5 < 6`, `a "sign"`, `R&B` and `#1` are none."""
PLACEHOLDER = re.compile(
    r"[\W_]*(?:none|n/?a|null|nil|unknown|undefined|text|string|todo|tbd|not (?:applicable|specified|available|visible|provided|sure)"
    r"|no (?:information|description)(?: available)?|<.{1,40}>)[\W_]*",
    re.IGNORECASE,
)
"""In place of a part."""
