"""The days of the working week, as people write them: whole names in bokmål and nynorsk, abbreviations, and spans."""

import re
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from agreements.documents import Language

WEEKDAYS: Final[Mapping[str, Mapping[Language, str]]] = {
    "mandag": {"nb": "mandag", "nn": "måndag"},
    "tirsdag": {"nb": "tirsdag", "nn": "tysdag"},
    "onsdag": {"nb": "onsdag", "nn": "onsdag"},
    "torsdag": {"nb": "torsdag", "nn": "torsdag"},
    "fredag": {"nb": "fredag", "nn": "fredag"},
}
"""The day's name in policies, and in each language."""
_ORDER: Final = tuple(WEEKDAYS)
_WHOLE: Final = {spelling: day for day, spellings in WEEKDAYS.items() for spelling in spellings.values()}
_SHORT: Final = {
    **dict.fromkeys(("man", "mån", "ma", "må"), "mandag"),
    **dict.fromkeys(("tir", "tirs", "tys", "ti", "ty"), "tirsdag"),
    **dict.fromkeys(("ons", "on"), "onsdag"),
    **dict.fromkeys(("tor", "tors", "to"), "torsdag"),
    **dict.fromkeys(("fre", "fr"), "fredag"),
}
_BETWEEN: Final = frozenset({"og", "eller", "samt", "+", ",", "/", "&", ";", "."})
_ONE_OF_THEM: Final = re.compile(r"\beller\b")
_THROUGH: Final = frozenset({"-", "\N{EN DASH}", "til"})
_TOKEN: Final = re.compile(r"[a-zæøå]+|[^\sa-zæøå]")


def named_weekdays(text: str | None) -> tuple[str, ...]:
    """The weekdays that somebody's words name, as policies name them, in the order of the week.

    Abbreviations and spans (`tir, ons`, `man-ons`) count only where the text says nothing else: `man` is also a word.
    """
    tokens, days = _read(text)
    if not _says_only_days(tokens, days):
        named = {day for token in tokens for spelling, day in _WHOLE.items() if token.startswith(spelling)}
        return tuple(day for day in _ORDER if day in named)
    places = {_ORDER.index(day) for day in days if day}
    for position, token in enumerate(tokens):
        before = days[position - 1] if position else None
        after = days[position + 1] if position + 1 < len(days) else None
        if token in _THROUGH and before and after:
            places |= set(range(_ORDER.index(before), _ORDER.index(after) + 1))
    return tuple(_ORDER[place] for place in sorted(places))


def shown_weekdays(text: str | None, language: Language) -> tuple[str, ...]:
    """The weekdays as texts list them: in the order of the week and the text's language.

    What says more than days (`annenhver fredag`, `mandag eller tirsdag`) stays as it was written, as one.
    """
    written = " ".join((text or "").split()).strip(" ,;.")
    if not written:
        return ()
    if _ONE_OF_THEM.search(written.lower()) or not _says_only_days(*_read(written)):
        return (written,)
    return tuple(WEEKDAYS[day][language] for day in named_weekdays(written))


def kept_weekdays(text: str | None, days_before: float, days_after: float) -> str | None:
    """The weekdays agreed on, when as many days can still be at home on them; else None: they are to be agreed anew."""
    named = named_weekdays(text)
    still_fit = days_after == days_before or not named or len(named) == ceil(days_after)
    return text if still_fit else None


def listed(words: Sequence[str]) -> str:
    """Words in a row, as both languages write it: `mandag, onsdag og fredag`."""
    return " og ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _read(text: str | None) -> tuple[list[str], list[str | None]]:
    """The text's words and signs, and the day that each names."""
    tokens = _TOKEN.findall((text or "").lower())
    return tokens, [_WHOLE.get(token) or _SHORT.get(token) for token in tokens]


def _says_only_days(tokens: list[str], days: list[str | None]) -> bool:
    return all(day or token in _BETWEEN | _THROUGH for token, day in zip(tokens, days, strict=True))
