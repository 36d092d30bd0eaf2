"""A certificate on paper: the verdict, the measures and what has no second way, as a PDF."""

from __future__ import annotations

from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from trunkline.cli.certificate.page import View, view
from trunkline.diagnosis.drill.certificate import Certificate

_STYLES = getSampleStyleSheet()
_GRID = TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.lightgrey), ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("LEFTPADDING", (0, 0), (-1, -1), 0)])
#: Of an A4 page between its margins, in points.
_WIDTH = 480


def paper(certificate: Certificate, signed: str = "") -> bytes:
    """The same certificate gives the same bytes."""
    file, shown = BytesIO(), view(certificate, signed)
    SimpleDocTemplate(file, pagesize=A4, invariant=1, title=f"Failover certificate {certificate.id[:8]}",
                      leftMargin=56, rightMargin=56, topMargin=48, bottomMargin=48).build(_story(shown))
    return file.getvalue()


def _story(shown: View) -> list[Flowable]:
    found = shown.certificate
    return [
        _text("Heading1", f"What happens when {found.failed.target} fails"),
        _text("Normal", f"Failover certificate {found.id[:8]}, {shown.when}, {found.host}"),
        _verdict(shown), *(_text("Normal", one) for one in found.verdict.reasons),
        _table([[label, text] for label, text in shown.facts], (0.25, 0.75)),
        *(_text("Normal", f"No second way: {one.pair}: {one.reason}.") for one in found.unprotected),
        _text("Heading2", "What the packets saw"),
        _table([["Towards", "Leg before", "Flows hit", "Sent", "Lost", "Outage", "While it healed"],
                *([f"{one.towards} ({one.pair})", one.leg, one.flows, one.sent, one.lost, one.outage, one.healing]
                  for one in shown.bars)], (0.34, 0.16, 0.1, 0.1, 0.08, 0.1, 0.12)),
        _text("Heading2", "How it went"),
        _table([["Phase", "Took", "Seen"], *([one.name, one.seconds, one.note] for one in shown.steps)],
               (0.2, 0.12, 0.68)),
        *([_text("Normal", f"Signature when this was written: {shown.signed}.")] if shown.signed else []),
        _text("Normal", "What is signed is the certificate's JSON document: trunkline certificate verify FILE.")]


def _verdict(shown: View) -> Paragraph:
    colour = {"passed": "#14713d", "failed": "#b3261e"}.get(shown.result, "#8a5a00")
    return Paragraph(f'<font color="{colour}">{_plain(shown.title)}</font>: {_plain(shown.sentence)}',
                     _STYLES["Heading2"])


def _text(style: str, text: str) -> Paragraph:
    return Paragraph(_plain(text), _STYLES[style])


def _plain(text: str) -> str:
    """The standard fonts know Latin-1 alone."""
    spelt = text.replace("↔", "<->").replace("→", "->").replace("–", "-").replace("×", "x")
    return escape(spelt.encode("latin-1", "replace").decode("latin-1"))


def _table(rows: list[list[str]], shares: tuple[float, ...]) -> Table:
    cells = [[_text("BodyText", cell) for cell in row] for row in rows]
    return Table(cells, colWidths=[share * _WIDTH for share in shares], style=_GRID, hAlign="LEFT", spaceBefore=6,
                 spaceAfter=10)
