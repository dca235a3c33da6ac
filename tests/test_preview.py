"""The preview: the documents of every policy, about people who do not exist."""

from datetime import date
from pathlib import Path

import pytest

from config.policy_files import SHIPPED_NAMES, load_policy
from hjemmekontor.preview import NUMBER, write_preview
from tests.documents.reading import text_of

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_every_clause_stands_in_the_agreement_with_its_figures(tmp_path: Path, name: str) -> None:
    policy = load_policy(name)
    files = write_preview(policy, tmp_path, TODAY)
    words = " ".join(text_of(files[1].read_bytes()).split())
    assert NUMBER in words
    assert "{" not in words
    for clause in policy.clauses:
        assert clause.heading in words
        assert clause.text.partition("{")[0].split(".")[0] in words


def test_a_second_preview_stands_where_the_first_did(tmp_path: Path) -> None:
    policy = load_policy("troms")
    first = write_preview(policy, tmp_path, TODAY)
    assert write_preview(policy, tmp_path, TODAY) == first
    assert sorted(tmp_path.iterdir()) == sorted(first)
