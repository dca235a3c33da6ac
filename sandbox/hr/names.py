"""Names for the sandbox's employees.

Nobody real is meant: every family name is put together from two words that no family name combines (Regnglimt,
Blåbærkrok), so that a mail or a report from the sandbox can never be taken for one about a real employee.
"""

from random import Random

MAIL_DOMAIN = "sandvik.kommune.example"

GIVEN_NAMES = (
    *("Ada", "Aksel", "Anne Lise", "Arne", "Astrid", "Åse", "Bjørg", "Bjørn", "Brage", "Dagny", "Eirik", "Eldbjørg"),
    *("Frøydis", "Geir", "Grete", "Gøril", "Håkon", "Hildegunn", "Idar", "Ingrid", "Iver", "Jorunn", "Kåre", "Kjersti"),
    *("Leif", "Live", "Magne", "Mari", "Njål", "Oda", "Ottar", "Pål", "Ragnhild", "Rune", "Sølvi", "Sigurd"),
    *("Tor Arne", "Tuva", "Unni", "Vebjørn", "Vår", "Yngve", "Ørjan", "Øyvind"),
)
FIRST_HALVES = (
    *("Regn", "Snø", "Måne", "Stjerne", "Lyng", "Multe", "Blåbær", "Tåke", "Furu", "Rogn", "Einer", "Torden"),
    *("Bølge", "Ås", "Glød", "Kløver"),
)
SECOND_HALVES = ("glimt", "lykt", "krok", "tråd", "pløs", "kvern", "fløy", "dråpe", "knute", "lue", "nøste", "bjelle")

SAMI_NAMES = (("Áile", "Muohtanásti"), ("Máret", "Čáhcešattu"), ("Niillas", "Đorroŋavdna"))
MARKUP_NAME = ("<b>Fet</b>", "Skrift & <i>Krøll</i>")

_PLAIN = str.maketrans(
    {"æ": "ae", "ø": "o", "å": "a", "á": "a", "č": "c", "đ": "d", "ŋ": "n", "š": "s", "ŧ": "t", "ž": "z"}
)


def invent_names(count: int, random: Random) -> list[tuple[str, str]]:
    """Given and family names, all different as far as the lists reach (about 8,000)."""
    combinations = len(GIVEN_NAMES) * len(FIRST_HALVES) * len(SECOND_HALVES)
    if count <= combinations:
        chosen = random.sample(range(combinations), count)
    else:
        chosen = [random.randrange(combinations) for _ in range(count)]
    return [_name(number) for number in chosen]


def mail_address(given_name: str, family_name: str, taken: set[str]) -> str:
    """A free address of plain letters; namesakes get a number. The address is added to `taken`."""
    words = "".join(sign if sign.isalnum() else " " for sign in f"{given_name} {family_name}".lower()).split()
    local = ".".join(word.translate(_PLAIN) for word in words)
    address, number = f"{local}@{MAIL_DOMAIN}", 2
    while address in taken:
        address, number = f"{local}{number}@{MAIL_DOMAIN}", number + 1
    taken.add(address)
    return address


def _name(number: int) -> tuple[str, str]:
    rest, given = divmod(number, len(GIVEN_NAMES))
    second, first = divmod(rest, len(FIRST_HALVES))
    return GIVEN_NAMES[given], FIRST_HALVES[first] + SECOND_HALVES[second]
