import unicodedata

import pytest

from integrations.documents.characters import REPLACEMENT, covered, printable


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("Blåbærsyltetøy på Ørlandet", "Blåbærsyltetøy på Ørlandet"),
        ("Čáhppes Ŋáŋŋa Đorđi Šuorja Ŧ Ž", "Čáhppes Ŋáŋŋa Đorđi Šuorja Ŧ Ž"),
        (unicodedata.normalize("NFD", "Åse Kåpås"), "Åse Kåpås"),
        ("bra 😀", f"bra {REPLACEMENT}"),
        ("👩🏽‍💻😀👍🏽", REPLACEMENT),
        ("王小明", REPLACEMENT),
        ("☑️ ja", "☑ ja"),
        ("\N{MATHEMATICAL BOLD CAPITAL B}old 1\u2003\uff21", "Bold 1\u2003A"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("a\u0000b\u0007\ufeff", "ab"),
        ("\ud800\ue000", REPLACEMENT),
        ("én\r\nto\u2028tre\n", "én\nto\ntre"),
        ("en\ttab", "en tab"),
        ("", ""),
    ],
)
def test_text_is_made_fit_for_the_archive(written: str, printed: str) -> None:
    assert printable(written) == printed


def test_an_endless_word_gets_places_to_break() -> None:
    assert max(len(piece) for piece in printable("x" * 1000).split("\u200b")) == 20


@pytest.mark.parametrize("word", ["menneskerettighetsorganisasjonenes", "0123456789abcdef" * 4])
def test_words_and_checksums_stay_whole(word: str) -> None:
    assert printable(word) == word


def test_everything_printed_is_covered() -> None:
    everything = "".join(map(chr, range(0x20000)))
    assert set(printable(everything)) <= covered() | {"\n", "\u200b"}
