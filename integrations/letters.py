"""E-mails: what one person is told tonight, as one mail in plain Norwegian, as HTML and as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from agreements.calendar import add_months
from agreements.documents import Language
from agreements.words import date_in_words, days_in_words
from config.policy_files import TEMPLATES
from integrations.plain_text import plain_text


@dataclass(frozen=True, slots=True)
class Links:
    """Where people go to answer. `site` is the SharePoint site as a browser opens it, without a closing slash."""

    site: str

    def folder(self, library: str, case_number: str) -> str:
        return f"{self.site}/{library}/{case_number}"

    def file(self, library: str, path: str) -> str:
        return f"{self.site}/{library}/{quote(path)}"

    def form(self, list_name: str, case_number: str | None = None) -> str:
        query = "" if case_number is None else f"?Saksnummer={case_number}"
        return f"{self.site}/Lists/{list_name}/NewForm.aspx{query}"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell: the name of its text, and what the text needs."""

    key: str
    template: str
    reply_by: date | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `text` says the same as `html`, for those who read mail as plain text."""

    subject: str
    html: str
    text: str


def mail_key(on: date, address: str, keys: Sequence[str]) -> str:
    """The same notices to the same person give the same key, whenever they are put together."""
    content = "\n".join([address, *sorted(keys)])
    return f"mail/{on:%Y-%m-%d}/{sha256(content.encode()).hexdigest()[:24]}"


def write_letter(
    messages: Sequence[Message], given_name: str | None, language: Language, municipality: str, links: Links
) -> Letter:
    """One mail for all messages to one person; with a single message, its own subject line."""
    environment = _environment(language)
    shared = {"links": links, "municipality": municipality}
    parts = [_rendered(environment, message, shared) for message in messages]
    deadlines = [message.reply_by for message in messages if message.reply_by is not None]
    layout = environment.get_template("mail.html")
    context = {
        **shared,
        "given_name": given_name,
        "parts": parts,
        "count": len(parts),
        "first_deadline": min(deadlines, default=None),
    }
    subject = parts[0]["subject"] if len(parts) == 1 else _block(layout, "subject", context)
    html = layout.render(context | {"title": subject})
    return Letter(subject, html, plain_text(html))


def _rendered(environment: SandboxedEnvironment, message: Message, shared: Mapping[str, Any]) -> dict[str, Any]:
    template = environment.get_template(f"{message.template}.html")
    context = {**shared, **message.facts, "reply_by": message.reply_by}
    body = Markup(_block(template, "body", context, plain=False))  # noqa: S704 - escaped by the template itself
    return {"subject": _block(template, "subject", context), "body": body}


def _block(template: Any, name: str, context: Mapping[str, Any], *, plain: bool = True) -> str:  # noqa: ANN401 - jinja2
    """One block of a template; a plain one is a single line of text rather than markup."""
    rendered = "".join(template.blocks[name](template.new_context(dict(context))))
    return " ".join(Markup(rendered).unescape().split()) if plain else rendered  # noqa: S704 - unescaped at once


@cache
def _environment(language: Language) -> SandboxedEnvironment:
    """Autoescaped and sandboxed: a name with markup stays a name, and a text can reach nothing else."""
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / language),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["etter"] = add_months
    environment.filters["dato"] = date_in_words
    environment.filters["dager"] = partial(days_in_words, language=language)
    return environment
