"""The letter of authorization of a Direct port as a PDF: with it the owner of a building connects the port."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas


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


_FONT, _BOLD = "Helvetica", "Helvetica-Bold"

#: Points.
_MARGIN, _LABEL, _LINE, _SIZE = 56, 96, 15, 10

#: Characters of a line.
_WIDE, _NARROW = 92, 74

_Line = tuple[str, str]


def render(letter: Letter) -> bytes:
    """The same letter gives the same bytes."""
    file = BytesIO()
    page = Canvas(file, pagesize=A4, invariant=1)
    page.setTitle("Letter of Authorization")
    height = A4[1] - _MARGIN
    page.setFont(_BOLD, 16)
    page.drawString(_MARGIN, height, "Letter of Authorization")
    for number, (label, text) in enumerate(_lines(letter), 2):
        page.setFont(_BOLD, _SIZE)
        page.drawString(_MARGIN, height - number * _LINE, label)
        page.setFont(_FONT, _SIZE)
        indent = _LABEL if label or text.startswith(" ") else 0
        page.drawString(_MARGIN + indent, height - number * _LINE, text.strip())
    page.save()
    return file.getvalue()


def _lines(letter: Letter) -> Iterator[_Line]:
    """(label, text); a text that goes on below its first line begins with a blank."""
    yield from _paragraph(f"{letter.customer} is authorized to have cross connects made from its equipment to the "
                          "ports named below, on both links, and to no other.")
    yield from _row("Customer", letter.customer)
    yield from _row("Port", letter.port)
    yield from _row("Location", letter.place)
    yield from _row("Bandwidth", f"{letter.bandwidth_gbps} Gbps on each link, {letter.encapsulation}")
    yield from _row("Issued", letter.issued.isoformat())
    for socket in letter.sockets:
        yield "", ""
        yield from _row("Link", socket.link)
        yield from _row("Router", f"{socket.router}, interface {socket.interface}")
        yield from _row("Rack", socket.rack)
        yield from _row("Patch panel", f"{socket.panel}, connector LC")
    yield "", ""
    yield from _paragraph("What is connected here is ordered as a cable of the port (Trunkline.Site/cables).")


def _row(label: str, text: str) -> Iterator[_Line]:
    first, *others = textwrap.wrap(_plain(text), _NARROW) or [""]
    yield label, first
    yield from (("", f" {other}") for other in others)


def _paragraph(text: str) -> Iterator[_Line]:
    yield from (("", line) for line in textwrap.wrap(_plain(text), _WIDE))
    yield "", ""


def _plain(text: str) -> str:
    """A PDF's built-in fonts know Latin-1 only."""
    return text.encode("latin-1", "replace").decode("latin-1")
