"""One table for Excel: a row of headings, and nothing that a spreadsheet would run."""

from integrations.documents.table import render_rows


def test_rows_stand_under_their_headings_and_formulas_are_texts() -> None:
    written = render_rows(("Sak", "Enhet"), [("HK-2026-00001", "=1+1"), ("HK-2026-00002", "Kultur;\nfritid")])
    assert written.decode("utf-8-sig") == ('Sak;Enhet\r\nHK-2026-00001;\'=1+1\r\nHK-2026-00002;"Kultur; fritid"\r\n')
    assert written.startswith(b"\xef\xbb\xbf")
