"""What is said of a backbone link whose routers do not know each other as they ought to."""

from __future__ import annotations

import pytest

from trunkline.diagnosis.adjacencies import End, Trouble, ends, troubles
from trunkline.intent.allocation import core_loopback
from trunkline.intent.bgp import Adjacency, Remark
from trunkline.intent.compile.draft import crossing_scope, span_scope
from trunkline.intent.compile.plant import CROSSING, backbone_interface
from trunkline.model.circuit import Leg

P, S = Leg.PRIMARY, Leg.SECONDARY
LINK = backbone_interface("westeurope")
END = End("amsterdam", P, LINK, "westeurope", P)
FAR = core_loopback("westeurope", P)
WELL6 = Adjacency(LINK, 6, "Full", FAR, "Up")


def judged(one: Adjacency | None, *logged: str) -> Trouble | None:
    found = [WELL6, *([one] if one else [])]
    return next(troubles(END, found, [Remark("", text) for text in logged]), None)


def test_every_link_has_two_ends() -> None:
    assert list(ends([span_scope("amsterdam", "westeurope", S), crossing_scope("amsterdam")])) == [
        End("amsterdam", S, LINK, "westeurope", S),
        End("westeurope", S, backbone_interface("amsterdam"), "amsterdam", S),
        End("amsterdam", P, CROSSING, "amsterdam", S), End("amsterdam", S, CROSSING, "amsterdam", P)]


def test_nothing_is_said_of_what_is_well() -> None:
    assert judged(Adjacency(LINK, 4, "Full", FAR, "Up")) is None


@pytest.mark.parametrize(("one", "problem"), [
    (None, "hears nothing"),
    (Adjacency(LINK, 4, "Init", FAR, ""), "is not heard"),
    (Adjacency(LINK, 4, "Loading", FAR, "Up"), "has not its routes yet"),
    (Adjacency(LINK, 4, "Full", FAR, ""), "BFD is missing"),
    (Adjacency(LINK, 4, "Full", FAR, "Down"), "BFD is Down"),
    (Adjacency(LINK, 4, "Full", "192.0.2.1", "Up"), "finds 192.0.2.1")])
def test_what_is_wrong_is_named_with_the_way_out(one: Adjacency | None, problem: str) -> None:
    found = judged(one)
    assert found
    assert (found.end, found.family, found.state) == (END, 4, one.state if one else "")
    assert problem in found.problem
    assert found.remedy


@pytest.mark.parametrize(("logged", "problem"), [
    (f"tl.ospf4: MTU mismatch with nbr {FAR} on {LINK} (remote 1400, local 1500)",
     "MTU mismatch (remote 1400, local 1500)"),
    (f"tl.ospf4: Bad HELLO packet from nbr {FAR} on {LINK} - hello interval mismatch (10)",
     "hello interval mismatch (10)"),
    (f"tl.ospf4: Bad packet from 100.66.0.1 via {LINK} - area mismatch (1)", "area mismatch (1)")])
def test_what_the_daemon_refused_is_the_reason(logged: str, problem: str) -> None:
    found = judged(Adjacency(LINK, 4, "ExStart", FAR, ""), logged)
    assert found
    assert found.problem.startswith(problem.partition(" (")[0])
    assert found.problem.endswith(problem.rpartition(" ")[2])


def test_what_was_refused_elsewhere_or_once_is_not() -> None:
    other = f"tl.ospf4: MTU mismatch with nbr {FAR} on x{LINK} (remote 1400, local 1500)"
    sixth = f"tl.ospf6: MTU mismatch with nbr {FAR} on {LINK} (remote 1400, local 1500)"
    found = judged(Adjacency(LINK, 4, "ExStart", FAR, ""), other, sixth)
    assert found
    assert "MTU" not in found.problem
    assert judged(Adjacency(LINK, 4, "Full", FAR, "Up"), sixth.replace("ospf6", "ospf4")) is None
