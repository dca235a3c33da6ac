"""Agreements, records and reports as PDF/A-2a + PDF/UA-1: accepted by the archive, readable with a screen reader.

Typst gets two things: templates from this folder, outside of which it can read nothing, and the data as one JSON text.
The data is never template source, so nothing in it is ever evaluated.
"""

import base64
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import typst
from PIL import Image, UnidentifiedImageError

from agreements.documents import (
    AgreementDocument,
    Confirmation,
    Package,
    Part,
    Plot,
    RecordDocument,
    ReportDocument,
)
from agreements.weekdays import listed
from agreements.words import date_in_words
from integrations.documents.characters import REPLACEMENT, printable

TEMPLATES = Path(__file__).parent
Standard: TypeAlias = Literal["a-2a", "a-2b", "ua-1"]
STANDARDS: Sequence[Standard] = ("a-2a", "ua-1")
NORWAY = "Europe/Oslo"

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"


def render_agreement(document: AgreementDocument, photo: bytes | None) -> bytes:
    """The agreement as a PDF file; the same input gives the same bytes.

    Characters that no font of the file covers are replaced by � and a note says so (see `characters.py`).

    Args:
        document: what the agreement says.
        photo: the workplace as JPEG, cleaned (see `photos.py`), or None.

    Raises:
        ValueError: the photo is not a JPEG.
    """
    data: dict[str, Json] = {
        "language": document.language,
        "case_number": document.case_number,
        "version": document.version,
        "dated_on": date_in_words(document.dated_on),
        "municipality": document.municipality,
        "employee_name": document.employee_name,
        "employee_number": document.employee_number,
        "unit_name": document.unit_name,
        "manager_name": document.manager_name,
        "start_on": date_in_words(document.start_on),
        "end_on": None if document.end_on is None else date_in_words(document.end_on),
        "days_per_week": f"{document.days_per_week:g}".replace(".", ","),
        "weekdays": listed(document.weekdays),
        "changed_from": None if document.changed_from is None else date_in_words(document.changed_from),
        "clauses": [
            {"letter": clause.letter, "heading": clause.heading, "text": _paragraphs(clause.text)}
            for clause in document.clauses
        ],
        "answers": [{"question": answer.question, "answer": _paragraphs(answer.answer)} for answer in document.answers],
        "measures": _paragraphs(document.measures or ""),
        "equipment": [{"name": item.name, "source": item.source.value} for item in document.equipment],
        "package": _package(document.package),
        "photo_filed_with": document.photo_filed_with,
        "confirmations": [_confirmation(confirmation) for confirmation in document.confirmations],
        "is_draft": document.is_draft,
    }
    return typeset("agreement.typ", data, document.dated_on, {"photo": None if photo is None else embedded(photo)})


def render_record(record: RecordDocument) -> bytes:
    """A record (an evaluation, an end note) as a PDF file; the same input gives the same bytes."""
    data: dict[str, Json] = {
        "language": record.language,
        "case_number": record.case_number,
        "dated_on": date_in_words(record.dated_on),
        "municipality": record.municipality,
        "title": record.title,
        "terms": [{"name": term.name, "value": term.value} for term in record.terms],
        "paragraphs": [part for text in record.paragraphs for part in _paragraphs(text)],
    }
    return typeset("record.typ", data, record.dated_on, {})


def render_report(report: ReportDocument) -> bytes:
    """A report over the scheme as a PDF file, its plots as vector graphics; the same input gives the same bytes."""
    data: dict[str, Json] = {
        "language": report.language,
        "municipality": report.municipality,
        "title": report.title,
        "period": report.period,
        "dated_on": date_in_words(report.dated_on),
        "terms": [{"name": term.name, "value": term.value} for term in report.terms],
        "parts": [_part(part) for part in report.parts],
    }
    return typeset("report.typ", data, report.dated_on, {})


def _part(part: Part) -> dict[str, Json]:
    return {
        "heading": part.heading,
        "is_within": part.is_within,
        "paragraphs": [line for text in part.paragraphs for line in _paragraphs(text)],
        "plot": None if part.plot is None else _plot(part.plot),
        "table": None
        if part.table is None
        else {"head": [*part.table.head], "rows": [[*row] for row in part.table.rows]},
    }


def _plot(plot: Plot) -> dict[str, Json]:
    """Lengths as whole per cent of the longest there is, the limit's line included."""
    longest = max([bar.value for bar in plot.bars] + ([] if plot.limit is None else [plot.limit[0]]), default=0) or 1
    bars: list[Json] = [
        {
            "label": bar.label,
            "shown": bar.shown,
            "is_marked": bar.is_marked,
            "per_cent": round(100 * bar.value / longest),
        }
        for bar in plot.bars
    ]
    limit: Json = (
        None if plot.limit is None else {"per_cent": round(100 * plot.limit[0] / longest), "label": plot.limit[1]}
    )
    return {"alt": plot.alt, "bars": bars, "limit": limit}


def typeset(
    template: str,
    data: dict[str, Json],
    dated_on: date,
    pictures: dict[str, Json],
    standards: Sequence[Standard] = STANDARDS,
) -> bytes:
    """A template of this folder with its data: texts are made printable, `pictures` stay as they are."""
    shown = {name: _cleaned(value) for name, value in data.items()}
    has_replaced = REPLACEMENT in json.dumps(shown, ensure_ascii=False)
    everything = json.dumps({**shown, **pictures, "has_replaced_characters": has_replaced}, ensure_ascii=False)
    return typst.compile(
        TEMPLATES / template,
        root=TEMPLATES,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": everything},
        pdf_standards=[*standards],
        # Noon, so that the date is the same one wherever the file's properties are looked at.
        timestamp=datetime.combine(dated_on, time(12), tzinfo=UTC),
    )


@cache
def _fonts() -> typst.Fonts:
    """Typst's own fonts: what is installed on the machine must not change how an archived document looks."""
    return typst.Fonts(include_system_fonts=False)


def _cleaned(value: Json) -> Json:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    if isinstance(value, dict):
        return {name: _cleaned(part) for name, part in value.items()}
    return value


def embedded(photo: bytes) -> dict[str, Json]:
    """A JPEG inside an SVG: Typst takes in nothing but text, and a temporary file could leave a home lying about.

    Typst embeds the JPEG as it is, not encoded anew.
    """
    try:
        with Image.open(io.BytesIO(photo), formats=["JPEG"]) as image:
            width, height = image.size
    except UnidentifiedImageError as error:
        raise ValueError("the photo is not a JPEG; clean it first") from error
    encoded = base64.b64encode(photo).decode("ascii")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:image/jpeg;base64,{encoded}"/></svg>'
    )
    return {"svg": svg, "width": width, "height": height}


def _package(package: Package | None) -> Json:
    if package is None:
        return None
    amount = None if package.max_amount is None else f"{package.max_amount:,}".replace(",", "\N{NO-BREAK SPACE}")
    return {"name": package.name, "text": _paragraphs(package.text), "max_amount": amount}


def _confirmation(confirmation: Confirmation) -> dict[str, Json]:
    when = confirmation.confirmed_at
    moment = when.astimezone(ZoneInfo(NORWAY)) if isinstance(when, datetime) else when
    clock = f" kl. {moment:%H.%M}" if isinstance(moment, datetime) else ""
    return {
        "who": confirmation.who,
        "role": confirmation.role,
        "confirmed_at": date_in_words(moment) + clock,
        "how": confirmation.how,
        "sha256": confirmation.sha256,
    }


def _paragraphs(text: str) -> list[Json]:
    return [line.strip() for line in text.splitlines() if line.strip()]
