"""The shipped policies, and what a municipality is told of a mistake in its own."""

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from agreements.policy import Ladder
from config.clause_files import read_clauses, write_clauses
from config.policy_files import SHIPPED, PolicyError, load_policy

NAMES = sorted(file.stem for file in SHIPPED.glob("*.toml"))
BASIS = (SHIPPED / "prosedyre-websak.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_shipped_policies_load(name: str) -> None:
    policy = load_policy(name)
    assert policy.municipality
    assert policy.clauses
    assert policy.limits.max_days_per_week <= policy.limits.absolute_days_per_week


@pytest.mark.parametrize("name", NAMES)
def test_shipped_policies_leave_time_to_answer(name: str) -> None:
    policy = load_policy(name)
    for ladder in (policy.documentation, policy.assessment, policy.evaluation.ladder):
        rungs = (0, *ladder.remind_after_days)
        assert all(later - earlier >= 3 for earlier, later in pairwise(rungs))


def test_a_policy_of_ones_own(tmp_path: Path) -> None:
    own = tmp_path / "sandvik.toml"
    own.write_text(BASIS.replace("months = 12", "months = 24"), encoding="utf-8")
    assert load_policy(str(own)).period.months == 24


@pytest.mark.parametrize("name", ["bergen", "", "../sandvik", "/nowhere/sandvik.toml"])
def test_an_unknown_policy_names_those_there_are(name: str) -> None:
    with pytest.raises(PolicyError) as error:
        load_policy(name)
    assert str(error.value).startswith(f"HK_POLICY: there is no policy «{name}». Choose one of: ")
    assert all(known in str(error.value) for known in NAMES)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        pytest.param(
            "months = 12",
            "months = 12\nmonth = 6",
            "period: Object contains unknown field `month`. Choose from: months, notice_days_before, "
            "renew_from_days_before, documentation_valid_months, trial_months",
            id="unknown-key",
        ),
        pytest.param("months = 12", 'months = "tolv"', "period.months: Expected `int`, got `str`", id="wrong-type"),
        pytest.param("months = 12", "months = 0", "period.months: Expected `int` >= 1", id="out-of-range"),
        pytest.param(
            'version = "2026-11-22"\n', "", "Object missing required field `version`", id="missing-key-at-the-top"
        ),
        pytest.param(
            "every_months = 6\n",
            "",
            "evaluation: either every_months or scheme_every_months must be given",
            id="missing-key",
        ),
        pytest.param(
            "every_months = 6\n",
            "every_months = 6\nscheme_every_months = 12\n",
            "evaluation: scheme_every_months and scheme_from must be given together",
            id="no-day-to-count-from",
        ),
        pytest.param(
            'column = "Samarbeid"',
            'column = "Tjenester"',
            "evaluation: two questions have the same column",
            id="two-evaluation-questions-in-one-column",
        ),
        pytest.param(
            '["photo", "answers"',
            '["photo", "answer"',
            "requirements[1]: Invalid enum value 'answer'. Choose from: photo, answers, signed_agreement",
            id="unknown-requirement",
        ),
        pytest.param(
            'language = "nb"',
            'language = "en"',
            "language: Invalid enum value 'en'. Choose from: nb, nn",
            id="unknown-language",
        ),
        pytest.param(
            "[7, 14, 21]",
            "[7, 21, 14]",
            "documentation: the days in remind_after_days must increase, and give_up_after_days come after them",
            id="ladder-down",
        ),
        pytest.param(
            "remind_after_days = [7, 14]",
            "remind_after_days = [7, 7]",
            "evaluation.ladder: the days in remind_after_days must increase, and give_up_after_days come after them",
            id="ladder-level",
        ),
        pytest.param(
            "give_up_after_days = 28",
            "give_up_after_days = 21",
            "documentation: the days in remind_after_days must increase, and give_up_after_days come after them",
            id="giving-up-with-the-last-reminder",
        ),
        pytest.param(
            "escalate_from = 3",
            "escalate_from = 4",
            "assessment: escalate_from must be the number of one of the reminders in remind_after_days",
            id="escalation-that-never-comes",
        ),
        pytest.param(
            "hjemmefra {days_per_week}",
            "hjemmefra {days}",
            "clauses[0]: unknown placeholder {days} in text. Choose from: "
            "{days_per_week} {weekdays} {start_on} {end_on} {municipality}",
            id="unknown-placeholder",
        ),
        pytest.param(
            'letter = "f"',
            'letter = "i"',
            "the regulation's § 2 demands a clause for f) a trial period, or that there is none",
            id="a-clause-of-the-regulation-is-missing",
        ),
        pytest.param(
            'column = "Lys"', 'column = "Stoy"', "two questions have the same column", id="two-questions-in-one-column"
        ),
        pytest.param(
            "absolute_days_per_week = 5.0",
            "absolute_days_per_week = 2.0",
            "limits: max_days_per_week must not be more than absolute_days_per_week",
            id="limits-the-wrong-way-round",
        ),
        pytest.param(
            'outcome = "special_assessment"',
            'outcome = "allowed"',
            "abroad.outcome: Invalid enum value 'allowed'. Choose from: refused, special_assessment",
            id="unknown-outcome",
        ),
        pytest.param(
            'heading = "Prøvetid"\n',
            'heading = "Prøvetid"\ntekst = "x"\n',
            "clauses[5]: Object contains unknown field `tekst`. Choose from: letter, heading, text",
            id="unknown-key-of-a-clause",
        ),
    ],
)
def test_a_mistake_is_one_line_with_file_and_key(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in BASIS
    own = tmp_path / "sandvik.toml"
    own.write_text(BASIS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as error:
        load_policy(str(own))
    assert str(error.value) == f"HK_POLICY: sandvik.toml: {sentence}"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"name = = 2", r"line 1", id="not-toml"),
        pytest.param("name = 'Bærum'".encode("latin-1"), r"not UTF-8 text", id="not-utf-8"),
    ],
)
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes, sentence: str) -> None:
    own = tmp_path / "sandvik.toml"
    own.write_bytes(content)
    with pytest.raises(PolicyError, match=rf"^HK_POLICY: sandvik\.toml: .*{sentence}"):
        load_policy(str(own))


@pytest.mark.parametrize(
    ("remind", "give_up"),
    [
        pytest.param((), None, id="never-pursued"),
        pytest.param((), 14, id="no-reminder"),
        pytest.param((7,), None, id="never-given-up"),
        pytest.param((7, 14), 15, id="given-up-the-day-after"),
    ],
)
def test_ladders_that_are_allowed(remind: tuple[int, ...], give_up: int | None) -> None:
    assert Ladder(remind_after_days=remind, give_up_after_days=give_up).remind_after_days == remind


# --- Clauses in files -------------------------------------------------------------------------------------------

WITHOUT_CLAUSES = BASIS[: BASIS.index("# The regulation's § 2 a-h")]


def in_files(folder: Path, **files: str) -> str:
    """A policy of one's own whose clauses are files; `a="Omfang"` is a file of that name with that content."""
    write_clauses(folder / "klausuler", load_policy("prosedyre-websak").clauses)
    for name, content in files.items():
        (folder / "klausuler" / f"{name}.txt").write_text(content, encoding="utf-8")
    own = folder / "sandvik.toml"
    own.write_text('clause_folder = "klausuler"\n' + WITHOUT_CLAUSES, encoding="utf-8")
    return str(own)


@pytest.mark.parametrize("name", NAMES)
def test_clauses_written_to_files_are_read_as_they_were(tmp_path: Path, name: str) -> None:
    clauses = load_policy(name).clauses
    write_clauses(tmp_path / "klausuler", clauses)
    assert read_clauses(tmp_path / "klausuler") == clauses


def test_a_policy_with_its_clauses_in_files_is_the_same_policy(tmp_path: Path) -> None:
    shipped = load_policy("prosedyre-websak")
    assert msgspec.structs.replace(load_policy(in_files(tmp_path)), clause_folder=None) == shipped


def test_a_text_as_an_editor_leaves_it(tmp_path: Path) -> None:
    own = in_files(
        tmp_path, **{"99-moter": "\ufeffMøter\r\n\r\nFysiske møter går foran\r\nhjemmedager.\r\n\r\nAlltid.\r\n"}
    )
    added = load_policy(own).clauses[-1]
    assert (added.letter, added.heading, added.text) == ("", "Møter", "Fysiske møter går foran hjemmedager.\nAlltid.")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        pytest.param(
            {"99-feil": "Reise\n\nDekkes av {kommunen}."},
            "clause_folder: 99-feil.txt: unknown placeholder {kommunen} in text. Choose from: {days_per_week}",
            id="placeholder",
        ),
        pytest.param({"99-feil": "Reise\n\nDekkes {av"}, "clause_folder: 99-feil.txt: ", id="open-brace"),
        pytest.param({"99-feil": "Reise\n"}, "clause_folder: 99-feil.txt: the first line must be", id="no-text"),
        pytest.param({"99-feil": ""}, "clause_folder: 99-feil.txt: the first line must be", id="empty"),
        pytest.param(
            {"08-saksbehandling-taushetsplikt-og-oppbevaring": "H\n\nTaushet."}, "h) case handling", id="letter"
        ),
    ],
)
def test_a_mistake_in_a_clause_file_is_one_line_with_its_name(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    with pytest.raises(PolicyError) as error:
        load_policy(in_files(tmp_path, **files))
    assert str(error.value).startswith("HK_POLICY: sandvik.toml: ")
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("nothing", "there is no folder of this name"),
        ("../klausuler", "the name of a folder"),
        ("", "the name of a folder"),
    ],
)
def test_a_clause_folder_that_cannot_be(tmp_path: Path, folder: str, sentence: str) -> None:
    own = tmp_path / "sandvik.toml"
    own.write_text(f'clause_folder = "{folder}"\n' + WITHOUT_CLAUSES, encoding="utf-8")
    with pytest.raises(PolicyError, match=sentence):
        load_policy(str(own))
    own.write_text('clause_folder = "klausuler"\n' + BASIS, encoding="utf-8")
    with pytest.raises(PolicyError, match="cannot both be given"):
        load_policy(str(own))


def test_no_file_of_hr_is_written_over(tmp_path: Path) -> None:
    clauses = load_policy("prosedyre-websak").clauses
    write_clauses(tmp_path, clauses)
    with pytest.raises(FileExistsError, match="not empty"):
        write_clauses(tmp_path, clauses)
