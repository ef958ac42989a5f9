"""Visual language: light, contrast, colours, sharpness, format. Words for numbers were chosen by looking at clips and photographs."""

from longtake.captioning.facts import Colour, Facts
from longtake.captioning.measured.prose.voice import Sentence, Voice, grade, is_plain, listing, percent
from longtake.captioning.seen import Seen

LIGHT = (
    (0.1, "very dark"), (0.22, "dark"), (0.3, "rather dim"), (0.58, "moderately bright"), (0.75, "bright"),
)  # fmt: skip
"""Mean luma."""
CONTRASTS = ((0.05, "hardly any"), (0.12, "low"), (0.21, "moderate"), (0.29, "strong"))
"""Deviation of luma within a frame."""
COLOURING = (
    (4, "all but colourless"), (15, "only faintly coloured"), (33, "muted"), (59, "moderately colourful"), (90, "colourful"),
)  # fmt: skip
"""Hasler and Süsstrunk 2003, table 2: 15 is slightly, 33 moderately, 59 quite, 82 highly, 109 extremely colourful."""
SHARPNESS = ((0.25, "blurred"), (0.5, "soft"), (0.75, "fairly sharp"))
NO_CLARITY = 0.01
"""Clarity of what is flat, or drowned in noise."""
TONES = {
    "warm": (
        "dark red", "red", "dark brown", "brown", "warm brown", "pale brown", "beige", "orange", "yellow", "pale yellow", "pink",
        "magenta",
    ),
    "cool": (
        "dark teal", "teal", "turquoise", "dark blue", "blue", "bright blue", "pale blue", "grey-blue", "dark purple", "purple",
        "pale purple",
    ),
    "neutral": ("black", "dark grey", "grey", "pale grey", "white"),
    "green": ("olive green", "dark green", "green", "bright green", "pale green"),
}  # fmt: skip
LEADING, LED = 0.5, 0.2
"""Share of the view from which a colour dominates it, and from which it leads."""


def tell_visual(seen: Seen, facts: Facts, voice: Voice) -> list[Sentence]:
    """All of it."""
    return [
        *_light(facts, voice),
        *_palette(facts, voice),
        *_tone(facts, voice),
        *_colouring(facts, voice),
        *_sharpness(facts, voice),
        *_format(seen, voice),
    ]


def light_word(facts: Facts) -> str:
    """How bright it is."""
    return grade(facts.brightness, LIGHT, "very bright")


def colour_word(facts: Facts) -> str:
    """How colourful it is."""
    return grade(facts.colourfulness, COLOURING, "extremely colourful")


def named_colours(facts: Facts) -> tuple[Colour, ...]:
    """Those whose names may stand in a sentence, each once."""
    named: dict[str, Colour] = {}
    for colour in facts.palette:
        if is_plain(colour.name):
            named.setdefault(colour.name.lower(), colour)
    return tuple(named.values())[:5]


def _light(facts: Facts, voice: Voice) -> list[Sentence]:
    light, share = light_word(facts), percent(facts.brightness)
    spread = percent(facts.contrast)
    contrast = grade(facts.contrast, CONTRASTS, "very strong")
    return [
        Sentence(
            text=voice.pick(
                f"Overall the scene is {light}, at {share} of full brightness.",
                f"As to light, the scene is {light}: the mean is {share} of pure white.",
                f"Tones are {light} on the whole, reaching {share} of white on average.",
            ),
            rank=5,
        ),
        Sentence(
            text=voice.pick(
                f"There is {contrast} contrast between light and shade, a spread of {spread} around that mean.",
                f"Between the lights and the shadows lies {contrast} contrast, which measures {spread}.",
                f"Light and dark areas show {contrast} contrast: they stray from the mean by {spread}.",
            ),
            rank=8,
        ),
    ]


def _palette(facts: Facts, voice: Voice) -> list[Sentence]:
    colours = named_colours(facts)
    if not colours:
        return [Sentence(text="Which colours lead could not be told.", rank=9)]
    first, others = colours[0], [f"{each.name} ({percent(each.share)})" for each in colours[1:]]
    share = percent(first.share)
    if first.share >= LEADING:
        head = voice.pick(
            f"The palette is dominated by {first.name}, which covers {share} of the view",
            f"With {share} of the area, {first.name} is by far the main colour",
            f"Most of the view, {share}, is {first.name}",
        )
    elif first.share >= LED:
        head = voice.pick(
            f"The leading colour is {first.name} with {share} of the area",
            f"{first.name.capitalize()} takes the largest share of the palette, {share}",
            f"The palette is led by {first.name} at {share}",
        )
    else:
        head = voice.pick(
            f"No single colour leads: even {first.name}, the most frequent, has only {share} of the area",
            f"The colours are well mixed, the most frequent being {first.name} with just {share}",
        )
    tail = voice.pick("followed by", "joined by", "next to") if others else ""
    return [Sentence(text=f"{head}, {tail} {listing(others)}." if others else f"{head}.", rank=4)]


def _tone(facts: Facts, voice: Voice) -> list[Sentence]:
    """Whether it is warm or cool, where it is anything."""
    colours = named_colours(facts)
    warm, cool, neutral, green = (
        sum(colour.share for colour in colours if colour.name in names) for names in TONES.values()
    )
    if green >= LED and green > warm + cool + neutral:
        text = voice.pick(
            "Greens outweigh all other tones.",
            "More than anything else it is green.",
            "Of its tones, greens have the most weight.",
        )
    elif neutral >= LED and neutral >= 2 * (warm + cool + green):
        text = voice.pick(
            "Neutral tones set the mood, with little warmth or coolness.",
            "It is a palette of neutral tones, neither warm nor cool.",
            "Most of these tones are neutral, so it looks neither warm nor cool.",
        )
    elif max(warm, cool) < LED:
        return []
    elif max(warm, cool) < 1.5 * min(warm, cool):
        text = voice.pick(
            "Warm and cool tones keep a balance.", "Warm tones and cool ones have about the same weight in it."
        )
    else:
        more, less = ("warm", "cool") if warm > cool else ("cool", "warm")
        text = voice.pick(
            f"{more.capitalize()} tones outweigh {less} ones, which gives it a {more} look.",
            f"Of the tones that are not neutral, most are {more}.",
            f"On balance the tones are {more} rather than {less}.",
        )
    return [Sentence(text=text, rank=12)]


def _colouring(facts: Facts, voice: Voice) -> list[Sentence]:
    word, value = colour_word(facts), round(min(facts.colourfulness, 999))
    text = voice.pick(
        f"Taken together it looks {word}, with a colourfulness of {value} where 109 is extreme.",
        f"The overall impression is {word}: on a scale where 15 is slight and 109 extreme, it has {value}.",
        f"As a whole it is {word}, which a measure of {value} for colourfulness bears out.",
    )
    return [Sentence(text=text, rank=9)]


def _sharpness(facts: Facts, voice: Voice) -> list[Sentence]:
    if facts.clarity < NO_CLARITY:
        text = "Its sharpness could not be judged, as there is too little clean detail in it."
    else:
        word, value = grade(facts.clarity, SHARPNESS, "sharp"), f"{min(facts.clarity, 1.0):.2f}"
        text = voice.pick(
            f"Fine detail is {word}, at {value} on a scale of sharpness that ends at 1.",
            f"The edges and textures are {word}: their sharpness is {value} out of 1.",
            f"Seen up close, the details look {word} ({value} of 1 for sharpness).",
        )
    return [Sentence(text=text, rank=6)]


def _format(seen: Seen, voice: Voice) -> list[Sentence]:
    ratio = seen.width / max(seen.height, 1)
    shape = grade(
        ratio, ((0.95, "an upright"), (1.05, "a square"), (1.55, "a landscape"), (2.1, "a wide")), "a very wide"
    )
    text = voice.pick(
        f"It is shown in {shape} format of {seen.width} by {seen.height} pixels.",
        f"It has {shape} format with {seen.width} by {seen.height} pixels.",
        f"At {seen.width} by {seen.height} pixels it is in {shape} format.",
    )
    return [Sentence(text=text, rank=13)]
