"""veraPDF's judgement of everything that goes to the archive."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_case

from agreements.documents import Answer, RecordDocument, Term
from agreements.paperwork import People, information_letter
from config.policy_files import load_policy
from integrations.documents.agreement import render_agreement, render_record, render_report
from integrations.documents.characters import covered
from tests.agreements.factories import MONDAY, days, imposed
from tests.documents import scheme_samples
from tests.documents.samples import bare_draft, evaluation_record, full_agreement, hostile_agreement, jpeg, picture

VERAPDF = Path(__file__).parents[2] / "../shared/contract/pdfa/verapdf"


def _documents() -> dict[str, bytes]:
    photo = jpeg(picture(2000, 1500))
    alphabet = sorted(covered())
    lines = [" ".join(alphabet[at : at + 200]) for at in range(0, len(alphabet), 200)]
    every_character = tuple(Answer(line, line) for line in lines)
    hostile = hostile_agreement()
    hostile_record = RecordDocument(
        language="nn",
        case_number=hostile.case_number,
        dated_on=hostile.dated_on,
        municipality=hostile.municipality,
        title=hostile.unit_name or "",
        terms=(Term(hostile.municipality, hostile.employee_name), Term("", "")),
        paragraphs=(hostile.employee_name, "", hostile.municipality),
    )
    return {
        "bokmal": render_agreement(full_agreement("nb"), photo),
        "nynorsk": render_agreement(full_agreement("nn"), photo),
        "draft": render_agreement(bare_draft("nb"), None),
        "draft-nynorsk": render_agreement(bare_draft("nn"), photo),
        "every-character": render_agreement(replace(full_agreement(), answers=every_character), None),
        "hostile": render_agreement(hostile, jpeg(picture(2, 1))),
        "record": render_record(evaluation_record("nb")),
        "record-nynorsk": render_record(evaluation_record("nn")),
        "record-hostile": render_record(hostile_record),
        "record-empty": render_record(replace(evaluation_record(), title="", municipality="", terms=(), paragraphs=())),
        **_letters(),
        **_reports(),
    }


def _letters() -> dict[str, bytes]:
    """The information that replaces an agreement, in both languages."""
    case = replace_case(imposed(discussed_on=MONDAY), start_on=MONDAY, end_on=MONDAY + days(14))
    people = People("Kari <b>Nordmann</b> #panic()", "Enhet", None, {})
    return {
        f"letter-{name}": render_record(information_letter(case, load_policy(name), people))
        for name in ("baerum", "troms", "midt-telemark")
    }


def _reports() -> dict[str, bytes]:
    """Reports over the scheme, with plots of every kind."""
    documents = {
        "report": scheme_samples.ordinary("nb"),
        "report-nynorsk": scheme_samples.ordinary("nn", unit_average=None),
        "report-large": scheme_samples.large(),
        "report-small": scheme_samples.ordinary(number=3),
        "report-of-nobody": scheme_samples.ordinary("nn", number=0),
        "report-hostile": scheme_samples.hostile("nb"),
        "report-hostile-nynorsk": scheme_samples.hostile("nn"),
    }
    return {name: render_report(document) for name, document in documents.items()}


@pytest.mark.skipif(not VERAPDF.exists(), reason="veraPDF is beside the project only where it is developed")
@pytest.mark.skipif(shutil.which("java") is None, reason="veraPDF needs Java")
def test_everything_is_pdf_a_2a_and_pdf_ua_1(tmp_path: Path) -> None:
    files = []
    for name, content in _documents().items():
        files.append(tmp_path / f"{name}.pdf")
        files[-1].write_bytes(content)
    judged = subprocess.run(  # noqa: S603 - our own files, judged by the validator beside the project
        [VERAPDF.resolve(), "2a,ua1", *files], capture_output=True, text=True, check=False
    )
    if "# profile" not in judged.stdout:
        pytest.skip("veraPDF could not start: it needs its jars, which are fetched once")
    assert judged.returncode == 0, judged.stdout
    assert judged.stdout.count("PASS ") == 2 * len(files)
