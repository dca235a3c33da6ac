"""Why an upload cannot be used, in nynorsk as well: whoever looks at a file knows nothing of the reader's language."""

from collections.abc import Mapping
from typing import Final

from agreements.documents import Language

NYNORSK: Final[Mapping[str, str]] = {
    "Filen er tom. Last den opp på nytt.": "Fila er tom. Last ho opp på nytt.",
    "Filen er større enn 25 MB. Last opp en mindre fil.": "Fila er større enn 25 MB. Last opp ei mindre fil.",
    "Filen er større enn 25 MB. Last opp et mindre bilde eller en mindre PDF.": (
        "Fila er større enn 25 MB. Last opp eit mindre bilete eller ein mindre PDF."
    ),
    "Filen er et GIF-bilde. Ta et vanlig bilde med telefonen og last opp det (JPEG, PNG eller HEIC).": (
        "Fila er eit GIF-bilete. Ta eit vanleg bilete med telefonen og last opp det (JPEG, PNG eller HEIC)."
    ),
    "Filen er en zip-fil eller et Office-dokument. Last opp selve bildet, eller lagre dokumentet som PDF.": (
        "Fila er ei zip-fil eller eit Office-dokument. Last opp sjølve biletet, eller lagre dokumentet som PDF."
    ),
    "Filen er et eldre Office-dokument. Lagre det som PDF og last opp den filen.": (
        "Fila er eit eldre Office-dokument. Lagre det som PDF og last opp den fila."
    ),
    "Filen er et program og ikke et bilde. Last opp et bilde (JPEG, PNG eller HEIC) eller en PDF.": (
        "Fila er eit program og ikkje eit bilete. Last opp eit bilete (JPEG, PNG eller HEIC) eller ein PDF."
    ),
    "Filen er en nettside eller en tegning. Last opp et bilde (JPEG, PNG eller HEIC) eller en PDF.": (
        "Fila er ei nettside eller ei teikning. Last opp eit bilete (JPEG, PNG eller HEIC) eller ein PDF."
    ),
    "Filtypen kan ikke brukes. Last opp et bilde (JPEG, PNG eller HEIC) eller en PDF.": (
        "Filtypen kan ikkje brukast. Last opp eit bilete (JPEG, PNG eller HEIC) eller ein PDF."
    ),
    "Filen er ikke et bilde. Ta et bilde av arbeidsplassen og last opp det (JPEG, PNG, HEIC).": (
        "Fila er ikkje eit bilete. Ta eit bilete av arbeidsplassen og last opp det (JPEG, PNG, HEIC)."
    ),
    "Bildet er skadet eller ufullstendig. Ta et nytt bilde og last opp det.": (
        "Biletet er skadd eller ufullstendig. Ta eit nytt bilete og last opp det."
    ),
    "Bildet har for høy oppløsning. Ta et nytt bilde med vanlig oppløsning og last opp det.": (
        "Biletet har for høg oppløysing. Ta eit nytt bilete med vanleg oppløysing og last opp det."
    ),
    "Filen er ikke en PDF. Lagre den signerte avtalen som PDF og last opp den filen.": (
        "Fila er ikkje ein PDF. Lagre den signerte avtalen som PDF og last opp den fila."
    ),
    "PDF-filen er skadet eller ufullstendig. Lagre den på nytt og last den opp igjen.": (
        "PDF-fila er skadd eller ufullstendig. Lagre ho på nytt og last ho opp igjen."
    ),
    "PDF-filen er beskyttet med passord. Lagre den uten passord og last den opp igjen.": (
        "PDF-fila er verna med passord. Lagre ho utan passord og last ho opp igjen."
    ),
    "PDF-filen er kryptert. Lagre den uten beskyttelse og last den opp igjen.": (
        "PDF-fila er kryptert. Lagre ho utan vern og last ho opp igjen."
    ),
    "PDF-filen har ingen sider. Lagre den signerte avtalen på nytt og last den opp igjen.": (
        "PDF-fila har ingen sider. Lagre den signerte avtalen på nytt og last han opp igjen."
    ),
    "PDF-filen inneholder skript. Skriv den ut til PDF på nytt og last opp den filen.": (
        "PDF-fila inneheld skript. Skriv ho ut til PDF på nytt og last opp den fila."
    ),
    "PDF-filen prøver å starte et program. Skriv den ut til PDF på nytt og last opp den filen.": (
        "PDF-fila prøver å starte eit program. Skriv ho ut til PDF på nytt og last opp den fila."
    ),
    "PDF-filen har andre filer i seg. Fjern vedleggene i den og last den opp igjen.": (
        "PDF-fila har andre filer i seg. Fjern vedlegga og last ho opp igjen."
    ),
    "PDF-filen er for innviklet. Skriv den ut til PDF på nytt og last opp den filen.": (
        "PDF-fila er for innvikla. Skriv ho ut til PDF på nytt og last opp den fila."
    ),
    (
        "PDF-filen er signert elektronisk, men er ikke lagret som PDF/A, og signaturen ville gått tapt om vi gjorde "
        "den om. Lagre avtalen som PDF/A før du signerer den, eller godta avtalen i skjemaet."
    ): (
        "PDF-fila er signert elektronisk, men er ikkje lagra som PDF/A, og signaturen ville gått tapt om vi gjorde ho "
        "om. Lagre avtalen som PDF/A før du signerer han, eller godta avtalen i skjemaet."
    ),
    "PDF-filen har for mange sider. Last opp bare den signerte avtalen (høyst 30 sider).": (
        "PDF-fila har for mange sider. Last opp berre den signerte avtalen (høgst 30 sider)."
    ),
    "PDF-filen kan ikke gjøres om til arkivformat. Skriv den ut til PDF på nytt og last opp den filen.": (
        "PDF-fila kan ikkje gjerast om til arkivformat. Skriv ho ut til PDF på nytt og last opp den fila."
    ),
    (
        "Filen er for stor til å bli lest. Ta et bilde med vanlig oppløsning, eller skriv dokumentet ut til PDF på "
        "nytt, og last det opp."
    ): (
        "Fila er for stor til å bli lesen. Ta eit bilete med vanleg oppløysing, eller skriv dokumentet ut til PDF på "
        "nytt, og last det opp."
    ),
    (
        "Dette er utkastet til avtalen, uten underskrift. Last opp avtalen med underskrift som PDF, eller godta "
        "avtalen i skjemaet."
    ): (
        "Dette er utkastet til avtalen, utan underskrift. Last opp avtalen med underskrift som PDF, eller godta "
        "avtalen i skjemaet."
    ),
    "Filen kunne ikke leses. Ta et nytt bilde, eller skriv dokumentet ut til PDF på nytt, og last det opp.": (
        "Fila kunne ikkje lesast. Ta eit nytt bilete, eller skriv dokumentet ut til PDF på nytt, og last det opp."
    ),
}
"""By the sentence in bokmål, which is what `UploadRefused` says. A test finds any that is missing here."""


def refusal_in(language: Language, sentence: str) -> str:
    """What the employee reads; a sentence without a translation stays as it is."""
    return NYNORSK.get(sentence, sentence) if language == "nn" else sentence
