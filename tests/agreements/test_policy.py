"""The shipped policies, and what a municipality is told of a mistake in its own."""

from itertools import pairwise
from pathlib import Path

import pytest

from agreements.policy import Ladder
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
