"""Uploads are examined in a process that can be spared: limits hold, secrets stay here, and no file harms another."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from integrations.documents import apart
from integrations.documents.apart import Examiner, NotExaminedError
from integrations.documents.examining import TOO_MUCH, UNREADABLE, Finding, examined
from integrations.documents.photos import TOO_LARGE, clean_photo
from integrations.documents.signed import for_the_archive
from integrations.documents.uploads import NOT_A_PHOTO_OR_PDF, UploadKind
from tests.documents.samples import jpeg, png
from tests.documents.test_signed import claiming, written
from tests.documents.test_uploads import heic

RECEIVED = date(2027, 3, 1)
Picture = tuple[str, tuple[int, int], str, dict[str, Any]]
PEAK_MB = 300
LARGEST: dict[str, Picture] = {
    "palette-alpha": ("P", (8000, 8000), "PNG", {"transparency": b"\x00\x80", "compress_level": 1}),
    "alpha": ("RGBA", (6400, 6400), "PNG", {"compress_level": 1}),
    "jpeg": ("RGB", (7999, 7999), "JPEG", {}),
    "progressive": ("RGB", (8160, 6120), "JPEG", {"progressive": True}),
}
TOO_LARGE_ONES: dict[str, Picture] = {
    "alpha": ("RGBA", (8000, 8000), "PNG", {"compress_level": 1}),
    "progressive": ("RGB", (7000, 7000), "JPEG", {"progressive": True, "subsampling": 0}),
}
LOOK = """
import sys
from benchmarks.measuring import memory_mb
from integrations.documents.photos import clean_photo
clean_photo(sys.stdin.buffer.read())
print(memory_mb("VmHWM"))
"""


def saved(mode: str, size: tuple[int, int], form: str, options: dict[str, Any]) -> bytes:
    written_to = io.BytesIO()
    Image.new(mode, size, 1 if mode in {"P", "I;16"} else None).save(written_to, form, **options)
    return written_to.getvalue()


def badly_named() -> bytes:
    """Calls itself PDF/A, and names a filter in Latin-1, which no name need not be."""

    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.PieceInfo = pikepdf.Dictionary(Filter=pikepdf.Name("/XXXX"))

    changed = io.BytesIO()
    with pikepdf.open(io.BytesIO(claiming("2", "B", change))) as pdf:
        pdf.save(changed, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    assert changed.getvalue().count(b"/XXXX") == 1
    return changed.getvalue().replace(b"/XXXX", b"/Bl\xe5 ")


def process_of(examiner: Examiner) -> int:
    process = examiner._process  # noqa: SLF001 - nobody else has to do with it
    assert process is not None
    return process.pid


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as one:
        yield one


@pytest.mark.parametrize("content", [jpeg(), png(), heic()], ids=["jpeg", "png", "heic"])
def test_a_photo_comes_back_as_it_would_here(examiner: Examiner, content: bytes) -> None:
    assert examiner.examine(content, RECEIVED, "nb") == Finding(UploadKind.PHOTO, clean_photo(content).content)


@pytest.mark.parametrize("content", [written(), claiming("2", "B")], ids=["plain", "pdf-a"])
def test_a_signed_agreement_comes_back_as_it_would_here(examiner: Examiner, content: bytes) -> None:
    kept = for_the_archive(content, RECEIVED, "nn")
    assert examiner.examine(content, RECEIVED, "nn") == Finding(UploadKind.PDF, kept)


def test_a_refusal_comes_back_as_a_sentence(examiner: Examiner) -> None:
    assert examiner.examine(b"hei", RECEIVED, "nb") == Finding(refusal=NOT_A_PHOTO_OR_PDF)


def test_a_name_need_not_be_utf_8(examiner: Examiner) -> None:
    content = badly_named()
    assert examiner.examine(content, RECEIVED, "nb") == Finding(UploadKind.PDF, content)


def test_what_nobody_expected_is_the_files_own_affair_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(_content: bytes) -> None:
        raise ZeroDivisionError("Kari Nordmann")

    monkeypatch.setattr("integrations.documents.examining.clean_photo", burst)
    found = examined(jpeg(), RECEIVED, "nb")
    assert (found.kind, found.content, found.refusal) == (None, b"", UNREADABLE)
    assert found.fault is not None
    assert found.fault.startswith("ZeroDivisionError in examining.py:")
    assert "Kari" not in found.fault


def test_one_that_ends_its_process_ends_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some kinds of end are the file's doing; that somebody kills it is not."""
    ends = {"exit": "import os; os._exit(7)", "crash": "import os; os.abort()", "late": "import time; time.sleep(60)"}
    ends |= {"memory": "bytearray(400_000_000)", "killed": "import os; os.kill(os.getpid(), 9)"}
    ends |= {"nonsense": "import os, struct; os.write(writing, struct.pack('>II', 2, 0) + b'[]'); os._exit(0)"}
    expected = {"nonsense": UNREADABLE, "exit": UNREADABLE, "crash": UNREADABLE, "late": TOO_MUCH, "memory": TOO_MUCH}
    program = tmp_path / "bursting.py"
    program.write_text(
        "from integrations.documents import apart, examining\n"
        "apart.SECONDS = 1\n"
        f"ends = {ends!r}\n"
        "kept, be_a_child = examining.clean_photo, apart._be_a_child\n"
        "def remembering(pipe, *about):\n"
        "    global writing\n"
        "    writing = pipe\n"
        "    be_a_child(pipe, *about)\n"
        "apart._be_a_child = remembering\n"
        "def burst(content):\n"
        "    exec(ends.get(content[3:].decode('latin-1'), ''))\n"
        "    return kept(content)\n"
        "examining.clean_photo = burst\n"
        "apart._wait_for_files()\n"
    )

    def started() -> subprocess.Popen[bytes]:
        command = [sys.executable, str(program)]
        return subprocess.Popen(command, stdin=-1, stdout=-1, env={"PYTHONPATH": str(apart.ROOT)})  # noqa: S603 - ours

    monkeypatch.setattr(apart, "_started", started)
    with Examiner() as one:
        for end, sentence in expected.items():
            assert one.examine(b"\xff\xd8\xff" + end.encode(), RECEIVED, "nb").refusal == sentence
        with pytest.raises(NotExaminedError):
            one.examine(b"\xff\xd8\xffkilled", RECEIVED, "nb")
        assert one.examine(jpeg(), RECEIVED, "nb").kind is UploadKind.PHOTO


def test_a_process_that_is_gone_is_none_of_the_files_doing() -> None:
    with Examiner() as one:
        assert one.examine(jpeg(), RECEIVED, "nb").kind is UploadKind.PHOTO
        os.kill(process_of(one), signal.SIGKILL)
        with pytest.raises(NotExaminedError):
            one.examine(jpeg(), RECEIVED, "nb")
        assert one.examine(jpeg(), RECEIVED, "nb").kind is UploadKind.PHOTO, "another one is started"


def test_nothing_of_our_environment_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HK_GRAPH_CLIENT_SECRET", "hemmelig")
    with Examiner() as one:
        one.examine(b"hei", RECEIVED, "nb")
        assert b"hemmelig" not in Path(f"/proc/{process_of(one)}/environ").read_bytes()


# --- Memory -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picture", LARGEST.values(), ids=LARGEST.keys())
def test_the_largest_photos_that_are_taken_need_little_memory(examiner: Examiner, picture: Picture) -> None:
    content = saved(*picture)
    command = [sys.executable, "-c", LOOK]
    looked = subprocess.run(command, input=content, capture_output=True, check=True, cwd=apart.ROOT)  # noqa: S603 - ours
    assert float(looked.stdout) < PEAK_MB
    assert examiner.examine(content, RECEIVED, "nb").kind is UploadKind.PHOTO


@pytest.mark.parametrize("picture", TOO_LARGE_ONES.values(), ids=TOO_LARGE_ONES.keys())
def test_those_that_would_need_more_are_refused(examiner: Examiner, picture: Picture) -> None:
    assert examiner.examine(saved(*picture), RECEIVED, "nb") == Finding(refusal=TOO_LARGE)
