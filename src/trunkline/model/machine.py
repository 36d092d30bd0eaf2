"""State machines: each one transition table, which the code that drives the machine enforces and the docs print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trunkline.model.circuit import ProviderState
from trunkline.model.maintenance import MaintenanceState
from trunkline.model.operation import OperationStatus
from trunkline.model.peering import PeeringState
from trunkline.model.resource import ProvisioningState


@dataclass(frozen=True, slots=True)
class StateMachine:
    """``name``: the member that shows the state. ``moves``: where a state may go, for each state; staying is no move.
    ``start``: of something new. ``source``: where Azure says so. ``kept_by``: what here makes the moves and refuses
    others; ``""`` where nothing here moves it."""

    name: str
    start: str
    moves: Mapping[str, frozenset[str]]
    source: str
    kept_by: str = ""

    @property
    def states(self) -> tuple[str, ...]:
        return tuple(self.moves)

    def allows(self, old: str, new: str) -> bool:
        return new == old or new in self.moves[old]

    def refusal(self, old: str, new: str) -> str:
        """Why it does not go from ``old`` to ``new``, and where it may go."""
        others = ", ".join(sorted(self.moves[old])) or "nothing else"
        return f"{self.name} cannot go from {old} to {new}; from {old} it may become {others}."


def _moves(**to: str) -> dict[str, frozenset[str]]:
    return {state: frozenset(targets.split()) for state, targets in to.items()}


def _whole(states: Iterable[str]) -> dict[str, frozenset[str]]:
    """What is only observed may be seen in any state after any other."""
    every = tuple(states)
    return {state: frozenset(every) - {state} for state in every}


_P, _O = ProvisioningState, OperationStatus

PROVISIONING = StateMachine(
    "provisioningState", _P.UPDATING, {
        _P.CREATING: frozenset(_P) - {_P.CREATING},
        _P.UPDATING: frozenset(_P) - {_P.CREATING, _P.UPDATING},
        _P.SUCCEEDED: frozenset({_P.UPDATING, _P.DELETING}),
        _P.FAILED: frozenset({_P.UPDATING, _P.DELETING}),
        _P.CANCELED: frozenset({_P.UPDATING, _P.DELETING}),
        _P.DELETING: frozenset({_P.FAILED}),
    }, "azure-mgmt-network ProvisioningState; recordings; 'Reset a failed circuit': a PUT repairs a Failed resource",
    "the store, at each write")

OPERATION = StateMachine(
    "status of an operation", _O.IN_PROGRESS,
    _moves(InProgress="Succeeded Failed Canceled", Succeeded="", Failed="", Canceled=""),
    "ARM asynchronous operations; recordings", "the store: the first end counts")

CIRCUIT = StateMachine(
    "circuitProvisioningState", "Disabled", _moves(Disabled="Enabled", Enabled="Disabled"),
    "recordings: Disabled while an operation on the circuit runs, then Enabled",
    "shown from the circuit's provisioningState")

PROVIDER = StateMachine(
    "serviceProviderProvisioningState", ProviderState.NOT_PROVISIONED, _moves(
        NotProvisioned="Provisioning Provisioned", Provisioning="Provisioned NotProvisioned",
        Provisioned="Deprovisioning NotProvisioned DeProvisioned",
        Deprovisioning="NotProvisioned DeProvisioned Provisioned",
        DeProvisioned="NotProvisioned Provisioning Provisioned"),
    "ExpressRoute workflows and circuit states; those that end in -ing are for providers that take time",
    "a PUT of the cross connection")

PEERING = StateMachine(
    "state of a peering", PeeringState.ENABLED, _moves(Enabled="Disabled", Disabled="Enabled"),
    "Reset circuit peerings: Disabled tears the sessions of both links down", "a PUT of the peering")

ADVERTISED_PREFIXES = StateMachine(
    "advertisedPublicPrefixesState", "NotConfigured", _moves(
        NotConfigured="Configuring", Configuring="Configured ValidationNeeded NotConfigured",
        Configured="Configuring NotConfigured", ValidationNeeded="Configuring Configured NotConfigured"),
    "azure-mgmt-network; ExpressRoute workflows: no session while ValidationNeeded",
    "shown from the peering's prefixes; nobody here validates them, so it rests at ValidationNeeded")

AUTHORIZATION = StateMachine(
    "authorizationUseStatus", "Available", _moves(Available="InUse", InUse="Available"),
    "Link a virtual network: one connection redeems a key, its end frees it", "shown from who uses the key")

GLOBAL_REACH = StateMachine(
    "circuitConnectionStatus", "Disconnected",
    _moves(Disconnected="Connecting Connected", Connecting="Connected Disconnected",
           Connected="Connecting Disconnected"), "recordings; azure-mgmt-network CircuitConnectionStatus",
    "observed: what the sessions between both VRFs are, as each end sees them")

CONNECTION = StateMachine(
    "connectionStatus", "Unknown", _whole(("Unknown", "Connecting", "Connected", "NotConnected")),
    "azure-mgmt-network VirtualNetworkGatewayConnectionStatus", "observed: what the gateway's sessions are")

NETWORK_PEERING = StateMachine(
    "peeringState of a virtual network peering", "Initiated", _moves(
        Initiated="Connected Disconnected", Connected="Disconnected", Disconnected="Initiated Connected"),
    "azure-mgmt-network VirtualNetworkPeeringState; 'Virtual network peering': Disconnected until written anew",
    "shown from both sides of the peering")

LINK = StateMachine(
    "adminState of a port's link", "Disabled", _moves(Disabled="Enabled", Enabled="Disabled"),
    "ExpressRoute Direct: a PUT of the port", "the edge's interface, which is up when the link is Enabled")

FAILOVER_TEST = StateMachine(
    "status of a failover test", "NotStarted", _moves(
        NotStarted="Starting", Starting="Running StartFailed", Running="Stopping Completed Expired",
        StartFailed="Starting", Stopping="Completed StopFailed", StopFailed="Stopping Expired", Completed="Starting",
        Expired="Starting", Invalid=""), "azure-mgmt-network FailoverTestStatus",
    "the tests of a circuit's links and of a gateway's peering locations; those of links expire")

MAINTENANCE = StateMachine(
    "state of a maintenance", MaintenanceState.ANNOUNCED, _moves(
        Announced="Draining Refused Cancelled", Draining="InProgress Restoring", InProgress="Restoring",
        Restoring="Announced Completed Cancelled", Completed="", Refused="", Cancelled=""),
    "ours; as Azure works on its edges (planned maintenance: one link at a time, drained by a longer path)",
    "the reconciler, once a second: back to Announced if the other leg failed meanwhile and the window is still open")

MIGRATION_PHASE = StateMachine(
    "phase of a gateway's migration", "None", {
        "None": frozenset({"Prepare"}), **_moves(
            Prepare="PrepareSucceeded Abort", PrepareSucceeded="Execute Abort", Execute="ExecuteSucceeded Abort",
            ExecuteSucceeded="Commit Abort", Commit="CommitSucceeded", CommitSucceeded="Prepare",
            Abort="AbortSucceeded", AbortSucceeded="Prepare")},
    "azure-mgmt-network VirtualNetworkGatewayMigrationPhase")

MIGRATION = StateMachine(
    "state of a gateway's migration", "None", {
        "None": frozenset({"InProgress"}), **_moves(
            InProgress="Succeeded Failed", Succeeded="InProgress", Failed="InProgress")},
    "azure-mgmt-network VirtualNetworkGatewayMigrationState")

MACHINES = (PROVISIONING, OPERATION, CIRCUIT, PROVIDER, PEERING, ADVERTISED_PREFIXES, AUTHORIZATION, GLOBAL_REACH,
            CONNECTION, NETWORK_PEERING, LINK, FAILOVER_TEST, MAINTENANCE, MIGRATION_PHASE, MIGRATION)


def page() -> str:
    """The whole of ``docs/states.md``."""
    return "\n".join((_HEAD, *map(_section, MACHINES)))


def _section(machine: StateMachine) -> str:
    rows = [f"| {state}{' (start)' if state == machine.start else ''} | {', '.join(sorted(targets)) or '–'} |"
            for state, targets in machine.moves.items()]
    kept = f"Kept by: {machine.kept_by}." if machine.kept_by else "Nothing here moves it yet."
    return "\n".join((f"## {machine.name}\n", f"Source: {machine.source}. {kept}\n", "| state | may become |",
                      "|--|--|", *rows, ""))


_HEAD = """# States

Printed by `scripts/pages` from `trunkline.model.machine`; do not edit. Each machine is one table, which the code that
makes the moves reads.
"""
