"""The letter of authorization of a Direct port as a PDF: with it the owner of a building connects the port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from fpdf import FPDF


@dataclass(frozen=True, slots=True)
class Socket:
    """Where one link of the port pair ends."""

    link: str
    router: str
    interface: str
    panel: str
    rack: str


@dataclass(frozen=True, slots=True)
class Letter:
    """``port``: its resource id. ``place``: peering location with its address."""

    customer: str
    port: str
    place: str
    issued: date
    bandwidth_gbps: int
    encapsulation: str
    sockets: tuple[Socket, ...]


#: Millimetres.
_LINE, _LABEL = 6, 42


def render(letter: Letter) -> bytes:
    """The same letter gives the same bytes."""
    page = FPDF(format="A4")
    page.set_creation_date(datetime(letter.issued.year, letter.issued.month, letter.issued.day, tzinfo=UTC))
    page.set_title("Letter of Authorization")
    page.add_page()
    page.set_font("helvetica", "B", 16)
    page.multi_cell(0, 10, "Letter of Authorization", new_x="LMARGIN", new_y="NEXT")
    page.set_font("helvetica", "", 10)
    _paragraph(page, f"{letter.customer} is authorized to have cross connects made from its equipment to the ports "
                     "named below, on both links, and to no other.")
    for label, text in (("Customer", letter.customer), ("Port", letter.port), ("Location", letter.place),
                        ("Bandwidth", f"{letter.bandwidth_gbps} Gbps on each link"),
                        ("Encapsulation", letter.encapsulation), ("Issued", letter.issued.isoformat())):
        _row(page, label, text)
    for socket in letter.sockets:
        page.ln(_LINE)
        _row(page, "Link", socket.link)
        _row(page, "Router", f"{socket.router}, interface {socket.interface}")
        _row(page, "Rack", socket.rack)
        _row(page, "Patch panel", f"{socket.panel}, connector LC")
    page.ln(_LINE)
    _paragraph(page, "This installation keeps a record of Direct ports; it does not claim that fibre has been laid.")
    return bytes(page.output())


def _row(page: FPDF, label: str, text: str) -> None:
    page.set_font("helvetica", "B", 10)
    page.cell(_LABEL, _LINE, label)
    page.set_font("helvetica", "", 10)
    page.multi_cell(0, _LINE, _plain(text), new_x="LMARGIN", new_y="NEXT")


def _paragraph(page: FPDF, text: str) -> None:
    page.multi_cell(0, _LINE, _plain(text), new_x="LMARGIN", new_y="NEXT")
    page.ln(_LINE)


def _plain(text: str) -> str:
    """A PDF's built-in fonts know Latin-1 only."""
    return text.encode("latin-1", "replace").decode("latin-1")
