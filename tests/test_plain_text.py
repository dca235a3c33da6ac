"""Mails as plain text: what is read is what the HTML says, with the addresses written out."""

from datetime import date

import pytest

from agreements.actions import Notice, Role
from agreements.documents import Language
from integrations.plain_text import plain_text
from tests.agreements.factories import NUMBER
from tests.test_letters import LANGUAGES, LINKS, NOTICES, Reader, ask, letter, message

FOLDER, FORM = LINKS.folder("Hjemmekontor", NUMBER), LINKS.form("Svar", NUMBER)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: f"{notice.template}-{notice.to}")
def test_the_text_says_what_the_html_says(notice: Notice, language: Language) -> None:
    written = letter(message(notice), language=language)
    shown = Reader(written.html.replace("<br>", "<br> "))
    text = written.text
    for link in shown.links:
        assert text.count(f"<{link}>") == shown.links.count(link)
        text = text.replace(f" <{link}>", "")
    dashes = text.count("\n- ")
    words = text.replace("\n- ", "\n")
    assert " ".join(words.split()) == shown.text.removeprefix(f"{written.subject} ")
    assert dashes == written.html.count("<li>")


def test_a_whole_mail() -> None:
    reminder = message(Notice("documentation_reminder", Role.EMPLOYEE, date(2026, 4, 9)))
    assert letter(reminder).text == (
        "Hei Åse,\n\n"
        "Vi mangler fortsatt dokumentasjon for søknaden din om hjemmekontor. Gjør dette innen 9. april 2026:\n\n"
        f"- Last opp et bilde av arbeidsplassen hjemme i mappen for saken din <{FOLDER}>. "
        "Ta ikke med personer eller private ting i bildet.\n"
        "- Svar på spørsmålene om arbeidsplassen, og bekreft at du godtar avtalen: "
        f"åpne skjemaet <{FORM}>. Utkastet til avtale ligger i mappen for saken.\n\n"
        "Får vi ikke dokumentasjonen, faller søknaden bort.\n\n"
        "Vennlig hilsen\nSandvik kommune, HR\n\n"
        "Denne meldingen er sendt automatisk. Har du spørsmål, ta kontakt med HR.\n"
    )


def test_several_messages_are_parted_by_a_line() -> None:
    text = letter(ask(), ask("HK-2026-00043")).text
    assert text.count(f"{'-' * 40}\nVurder hjemmekontor for Åse Regnglimt") == 2


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Øst &amp; vest &lt;b&gt; &#39;x&#39;</p>", "Øst & vest <b> 'x'\n"),
        ("<p>En\n  linje</p><p> </p><p>To<br>linjer</p>", "En linje\n\nTo\nlinjer\n"),
        ("<head><title>Borte</title></head><p>Her</p>", "Her\n"),
        ("Uten <b>avsnitt</b>", "Uten avsnitt\n"),
    ],
)
def test_elements(html: str, text: str) -> None:
    assert plain_text(html) == text
