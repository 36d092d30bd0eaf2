"""How ``trunkline policy``, ``drain`` and ``session`` read what is asked and tell what changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from trunkline.cli import policies
from trunkline.cli.commands import drain, policy, session
from trunkline.cli.instance import locate

ER1 = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Network/expressRouteCircuits/er1"
GROUP = ER1.partition("/providers/")[0]
PRIVATE = f"{ER1}/peerings/AzurePrivatePeering"


class Service:
    """A client of a service with one circuit and what it is told."""

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.asked: list[str] = []
        self.carried = 0
        self.closed: tuple[str, ...] = ()  #: legs whose session maintenance has closed

    def named(self, _name: str) -> Service:
        return self

    @property
    def accounts(self) -> Any:
        return type("Accounts", (), {"customer_subscription": "s"})

    def list(self, path: str) -> Iterator[Any]:
        if path.endswith(policies.POLICIES):
            yield from ({"id": name, "properties": wish} for name, wish in self.stored.items())
        else:
            yield {"id": ER1, "name": "er1", "properties": {}}

    def put(self, path: str, body: Any, _watch: object = None) -> Any:
        self.stored[path] = body["properties"]
        return {"id": path, **body}

    def delete(self, path: str, _watch: object = None) -> bool:
        return bool(self.stored.pop(path, None))

    def post(self, path: str, _body: object = None, _watch: object = None) -> Any:
        self.asked.append(path)
        return {"circuits": [{"id": ER1, "legs": {leg: {"counters": [], "sessions": [
            self._session(leg), {"group": "cloud", "peering": "AzurePrivatePeering", "name": "gw1_0",
                                 "state": "Established", "lastError": ""}]} for leg in policies.LEGS}}]}

    def _session(self, leg: str) -> Any:
        closed = leg in self.closed
        return {"group": "customer", "peering": "AzurePrivatePeering", "name": "customer",
                "state": "Idle" if closed else "Established", "lastError": "closed by maintenance m1" if closed else ""}

    def get(self, path: str) -> Any:
        """The secondary carries more each time, the primary no longer."""
        if path.endswith("/stats"):
            self.carried += 1_000_000
            return {"primaryBytesIn": 7, "primaryBytesOut": 9, "secondaryBytesIn": self.carried,
                    "secondaryBytesOut": self.carried}
        return {"properties": {"primaryPeerAddressPrefix": "172.16.0.0/30"}}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    found = Service()

    @contextmanager
    def connected(_instance: object) -> Iterator[Service]:
        yield found

    for module in (policy, drain, session):
        monkeypatch.setattr(module, "connected", connected)
    monkeypatch.setattr(drain, "_LOOK_S", 0.01)
    return found


def run(command: click.Command, *words: str, home: Path = Path("/nonexistent")) -> Result:
    return CliRunner().invoke(command, words, obj=locate(str(home)), catch_exceptions=False)


def told(command: click.Command, *words: str) -> Any:
    result = run(command, *words, "-o", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(("text", "expected"), [
    ("10.0.0.0/8", {}), ("10.0.0.0/8[16-24]", {"ge": 16, "le": 24}), ("10.0.0.0/8[16-]", {"ge": 16}),
    ("10.0.0.0/8[-24]", {"le": 24}), ("10.0.0.0/8[16]", {"ge": 16, "le": 16}), ("fd00::/8[64]", {"ge": 64, "le": 64})])
def test_a_prefix_with_lengths(text: str, expected: dict[str, int]) -> None:
    assert policy.prefix_range(text) == {"prefix": text.partition("[")[0], **expected}


@pytest.mark.parametrize("text", ["10.0.0.0", "10.0.0.0/8[]", "10.0.0.0/8[-]", "10.0.0.0/8[a-b]", "all"])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"10\.0\.0\.0/8\[16-24\]"):
        policy.prefix_range(text)


def test_a_circuit_alone_is_shown_and_with_a_setting_set(service: Service) -> None:
    assert "No policy" in run(policy.policy, "er1").output
    changed = told(policy.policy, "er1", "--leg", "primary", "--prepend", "3", "--deny", "10.1.0.0/16[24]",
                   "--local-pref-community", "65010:7=70")
    assert {row["member"]: row["after"] for row in changed["changes"]} == {
        "advertise.prepend": 3, "advertise.deny": [{"prefix": "10.1.0.0/16", "ge": 24, "le": 24}],
        "accept.localPreferenceByCommunity": {"65010:7": 70}}
    (name, stored), = service.stored.items()
    assert name == f"{GROUP}/providers/{policies.POLICIES}/er1-private-primary"
    assert (stored["peering"], stored["leg"]) == ({"id": PRIVATE}, "primary")
    shown = run(policy.policy, "er1").output
    assert "10.1.0.0/16[24-24]" in shown
    assert "65010:7=70" in shown


def test_setting_keeps_what_is_not_named_and_unsetting_takes_members(service: Service) -> None:
    told(policy.policy, "er1", "--prepend", "3", "--med", "5")
    told(policy.policy, "er1", "--med", "6", "--bfd", "off")
    stored, = service.stored.values()
    assert (stored["advertise"], stored["bfd"], "leg" in stored) == (
        {"prepend": 3, "med": 6}, {"enabled": False}, False)
    told(policy.policy, "unset", "er1", "advertise.med", "bfd")
    assert policies.said({"properties": next(iter(service.stored.values()))}) == {"advertise": {"prepend": 3}}
    told(policy.policy, "unset", "er1", "advertise.prepend")
    assert service.stored == {}, "what says nothing is gone"


def test_a_dry_run_tells_and_changes_nothing(service: Service) -> None:
    assert told(policy.policy, "er1", "--prepend", "3", "--dry-run") == {
        "changes": [{"member": "advertise.prepend", "before": None, "after": 3}], "dryRun": True, "policy": None}
    assert told(drain.drain, "er1", "--leg", "primary", "--dry-run")["changes"]
    assert told(session.session, "disable", "er1", "--leg", "primary", "--dry-run")["changes"]
    assert service.stored == {}


@pytest.mark.parametrize("words", [
    ("set", "er1"), ("er1", "--prepend", "many"), ("er1", "--deny", "all"), ("er1", "--local-pref-community", "7"),
    ("er1", "--leg", "left", "--prepend", "1"), ("unset", "er1", "advertise.med"), ("er1", "--bfd", "maybe")])
def test_wrong_usage_is_told(service: Service, words: tuple[str, ...]) -> None:
    assert run(policy.policy, *words).exit_code == 2
    assert service.stored == {}


def test_a_drain_ends_when_the_leg_is_quiet_and_is_taken_back(service: Service) -> None:
    found = told(drain.drain, "er1", "--leg", "primary")
    assert found["bytesPerSecond"]["primary"] == 0
    assert found["bytesPerSecond"]["secondary"] > 0
    assert next(iter(service.stored.values()))["gracefulShutdown"] is True
    told(drain.undrain, "er1", "--leg", "primary")
    assert service.stored == {}


def test_a_drain_of_a_busy_leg_fails_and_says_what_carries(service: Service) -> None:
    result = run(drain.drain, "er1", "--leg", "secondary", "--for-at-most", "1s")
    assert result.exit_code == 1
    assert "not quiet after 1 s" in result.output
    assert "undrain er1 --leg secondary" in result.output
    service.closed = ("primary",)
    result = run(drain.drain, "er1", "--leg", "secondary", "--for-at-most", "1s")
    assert "the other leg cannot take it: session customer is Idle (closed by maintenance m1)" in result.output


def test_a_drain_of_a_leg_that_is_closed_says_by_what_and_what_follows(service: Service) -> None:
    service.closed = ("primary",)
    said = run(drain.drain, "er1", "--leg", "primary").stderr
    assert "carries nothing in any case: session customer is Idle (closed by maintenance m1). It stays drained" in said
    assert told(drain.drain, "er1", "--leg", "primary")["closed"] == (
        "session customer is Idle (closed by maintenance m1)")
    assert "carries nothing all the same" in run(drain.undrain, "er1", "--leg", "primary").stderr
    service.closed = ()
    assert told(drain.drain, "er1", "--leg", "primary")["closed"] == ""


def test_what_was_drained_already_is_said_to_have_been(service: Service) -> None:
    assert "nothing changes" not in run(drain.drain, "er1", "--leg", "primary").stderr
    assert "Leg primary of er1 was drained already" in run(drain.drain, "er1", "--leg", "primary").stderr
    run(drain.undrain, "er1", "--leg", "primary")
    assert "Leg primary of er1 was not drained" in run(drain.undrain, "er1", "--leg", "primary").stderr


def test_a_leg_speaks_up_against_a_policy_of_both(service: Service) -> None:
    both = {"peering": {"id": PRIVATE}, "enabled": False, "gracefulShutdown": True}
    service.stored["both"] = both
    told(session.session, "enable", "er1", "--leg", "primary")
    told(drain.undrain, "er1", "--leg", "primary")
    own = service.stored[f"{GROUP}/providers/{policies.POLICIES}/er1-private-primary"]
    assert (own["enabled"], own["gracefulShutdown"]) == (True, False)


def test_a_refresh_asks_the_leg_and_the_way(service: Service) -> None:
    run(session.session, "refresh", "er1", "--leg", "secondary", "--direction", "in")
    assert service.asked[0].startswith(f"{PRIVATE}/refreshSessions/secondary?direction=in&")


def test_a_dry_run_shows_what_a_session_would_lose(service: Service) -> None:
    assert "enabled" in run(session.session, "disable", "er1", "--leg", "primary", "--dry-run").output
    assert service.stored == {}


def test_unsetting_both_names_the_leg_that_has_a_policy_of_its_own(service: Service) -> None:
    told(policy.policy, "er1", "--leg", "primary", "--prepend", "3")
    result = run(policy.policy, "unset", "er1")
    assert "The primary leg has a policy of its own; add --leg primary" in result.output
