"""How a fingerprint is read aloud, digit by digit, in both languages.

English digits are pronounced as in the ICAO radiotelephony alphabet (Annex 10, volume II, 5.2.1.4.3):
"tree", "fower", "fife" and "niner" cannot be taken for one another on a bad line.  Japanese digits are read
as Japanese radio operators and the Self-Defense Forces read them (まる、ひと、ふた …), which keeps apart
いち, しち and はち.  Forty digits, in groups of five, are the same digits in both.
"""

from typing import Literal

Language = Literal["en", "ja"]
_SPOKEN: dict[Language, tuple[str, ...]] = {
    "en": ("zero", "wun", "too", "tree", "fower", "fife", "six", "seven", "ait", "niner"),
    "ja": ("まる", "ひと", "ふた", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう"),
}
_BETWEEN: dict[Language, str] = {"en": "-", "ja": "・"}


def spoken(fingerprint: str, language: Language) -> list[str]:
    """``fingerprint`` as it is said, one string for each group of five digits."""
    words, between = _SPOKEN[language], _BETWEEN[language]
    return [between.join(words[int(digit)] for digit in group) for group in fingerprint.split()]
