"""Whether a text is English: by its letters, and by the small words that English has and that other languages have."""

import re
import unicodedata

LATIN_SHARE = 0.9
"""Of the letters; a name in its own script may stand in a caption."""
LEAST_ENGLISH = 0.12
"""Of the words of an English text that are small ones: between 0.25 and 0.5 in captions."""
SHORTEST_JUDGED = 8
"""Words from which on an English text must have some of them."""
FEWEST_FOREIGN = 2
"""Small words of other languages that make a sentence foreign if it has fewer English ones: `Café de Flore` has two and a verb."""
ENGLISH = frozenset(
    [
        "the", "a", "and", "of", "in", "on", "is", "are", "with", "to", "from", "at", "its", "it", "his", "her", "their",
        "by", "while", "for", "into", "over", "that", "which", "behind", "near", "he", "she", "they", "but", "has",
        "there", "not", "slowly", "towards", "toward", "under", "who", "then", "this", "across", "around", "against",
    ]
)  # fmt: skip
FOREIGN = frozenset(
    [
        # Romance: Spanish, Portuguese, French, Italian, Romanian, Catalan.
        "de", "la", "el", "los", "las", "una", "uno", "y", "en", "con", "por", "para", "que", "del", "se", "su", "al", "o", "os",
        "um", "uma", "da", "na", "com", "em", "pela", "pelo", "e", "le", "les", "des", "du", "un", "une", "et", "est", "dans",
        "sur", "avec", "qui", "au", "aux", "il", "lo", "gli", "di", "che", "nel", "nella", "della", "sono", "si", "este", "cu",
        "pe", "amb", "sobre", "mentre", "alla",
        # Germanic: German, Dutch, Swedish, Danish, Norwegian.
        "der", "das", "und", "ist", "ein", "eine", "einen", "einem", "einer", "mit", "auf", "dem", "von", "zu", "im", "het",
        "een", "zijn", "op", "naar", "terwijl", "det", "er", "og", "och", "ett", "som", "med", "av", "til",
        "till", "medan", "mens", "etter", "efter", "genom",
        # Slavic, Baltic and Uralic in Latin letters; accented letters speak for themselves.
        "w", "z", "jest", "v", "je", "ve", "ke", "sa", "ja", "joka", "jossa", "egy", "az", "ir", "su", "kol", "koji", "dok",
        # Turkish, Indonesian, Malay, Tagalog, Swahili, Hindi in Latin letters.
        "bir", "bu", "ile", "yang", "dan", "dengan", "sebuah", "seorang", "pada", "ang", "ng", "mga", "ya", "wa", "katika", "kwa",
        "ek", "aur", "hai", "mein", "ka", "ki", "ko", "raha", "rahi",
    ]
)  # fmt: skip
"""Small words of other languages that are rare in English captions, names apart."""


def is_english(text: str) -> bool:
    """Whether it is in Latin letters, no sentence is in another language, and it has the small words of English.

    Of fewer than eight words only the letters and the words of other languages are judged.
    """
    foreign = [character for character in text if not character.isascii() and character.isalpha()]
    other = sum("LATIN" not in unicodedata.name(character, "") for character in foreign)
    if other > (1 - LATIN_SHARE) * sum(map(str.isalpha, text)):
        return False
    if any(_is_foreign(_words(sentence)) for sentence in re.split(r"[.!?;:]\s+", text)):
        return False
    words = _words(text)
    return len(words) < SHORTEST_JUDGED or sum(word in ENGLISH for word in words) >= LEAST_ENGLISH * len(words)


def _is_foreign(words: list[str]) -> bool:
    """Whether more of them speak for another language than for English; letters with accents do."""
    foreign = sum(word in FOREIGN or not word.isascii() for word in words)
    return foreign >= FEWEST_FOREIGN and foreign > sum(word in ENGLISH for word in words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())
