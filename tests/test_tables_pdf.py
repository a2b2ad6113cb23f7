"""PDF files: the text of their pages, and one clear sentence for each that has none or cannot be opened."""

import io
from pathlib import Path

import pypdf
import pytest

from core.data import documents, folders
from core.data.layouts import LAYOUTS
from core.errors import UserError
from core.tables import files, pdf
from tests.tables import pdf_bytes

PAGES = ["The ferry leaves at noon. It is a short jour-\nney over the\nriver.", "", "Dogs travel free."]


def locked(pages: list[str]) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_bytes(pages)))
    writer.encrypt("secret", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_pages_are_read_with_their_numbers_and_lines_are_joined() -> None:
    assert pdf.pages(pdf_bytes(PAGES), "a.pdf") == [
        (1, "The ferry leaves at noon. It is a short journey over the river."),
        (3, "Dogs travel free."),
    ]


def test_lines_of_scripts_without_spaces_are_joined_without_one() -> None:
    assert (
        pdf.joined("渡船中午\n出发。\nIt leaves at\nnoon; A-\nB stays.")
        == "渡船中午出发。 It leaves at noon; A- B stays."
    )


def test_a_pdf_is_a_table_of_documents_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("a.pdf", "a.txt"):
        (tmp_path / name).write_bytes(pdf_bytes(PAGES))
        table = documents.read(tmp_path / name)
        assert table.columns["page"] == ["1", "3"] and table.columns["text"][1] == "Dogs travel free."
    assert ".pdf" in LAYOUTS["documents"].suffixes and not files.is_text(pdf_bytes(PAGES)[:16])


@pytest.mark.training
def test_a_pdf_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_bytes(PAGES))
    assert folders.read(tmp_path / "a.pdf", LAYOUTS["documents"]).columns["page"] == ["1", "3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pdf_bytes(["", ""]), r"holds no text: its pages are pictures, as of a scanner \(2\)"),
        (locked(PAGES), "locked with a password"),
        (b"%PDF-1.4\nnothing of the kind", "is damaged, or no PDF that can be read"),
        (pdf_bytes(PAGES)[:300], "is damaged, or no PDF that can be read|holds no text"),
        (
            pdf_bytes(PAGES).replace(b"/Kids [4 0 R", b"/Kids [2 0 R"),
            "is damaged, or no PDF that can be read|holds no text",
        ),
    ],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.pdf").write_bytes(content)
    with pytest.raises(UserError, match=message):
        files.read_documents(tmp_path / "a.pdf")
