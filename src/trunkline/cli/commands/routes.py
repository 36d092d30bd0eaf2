"""``trunkline routes``: the looking glass: sessions, the routes on them, why each is where it is."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import urlencode

import click

from trunkline.cli.client import NETWORK_VERSION, Clients, Json, connected
from trunkline.cli.failure import Failed
from trunkline.cli.glass import Target, complete_target, target
from trunkline.cli.instance import Instance
from trunkline.cli.lookup import circuits, there
from trunkline.cli.nodes import readable
from trunkline.cli.options import output_option, pass_instance, print_json
from trunkline.cli.policies import LEGS, PEERINGS
from trunkline.cli.tables import print_table

_VIEWS = ("heard", "received", "best", "advertised")
_ROUTE_COLUMNS = ("session", "prefix", "next hop", "AS path", "pref", "MED", "communities", "RPKI")
_NAMES = {name: short for short, name in PEERINGS.items()}
#: Between two questions for changes.
_PAUSE_S = 1.0
_STEPS = {"in": "told to it", "best": "has it", "out": "tells it on"}


@click.command()
@click.argument("name", required=False, default="", shell_complete=complete_target)
@click.argument("prefix", required=False, default="")
@click.option("--peering", type=click.Choice(list(PEERINGS)), help="Of this peering alone.")
@click.option("--leg", type=click.Choice(LEGS), help="Of this leg alone.")
@click.option("--view", type=click.Choice(_VIEWS), help="heard: before the import policy; received: after it, with "
              "what was refused; best: the routes in use, as without it; advertised: what peers are told.")
@click.option("--why", is_flag=True, help="Why each refused route was refused and each best one is best.")
@click.option("--explain", metavar="PREFIX", default="", help="Why this prefix, or the route to this address, is or is "
              "not at each router on the way, from the customer to the virtual network; of all circuits without NAME. "
              "With --why each finding behind it.")
@click.option("--mrt", type=click.File("wb"), help="Write the routes in use to this file as MRT (RFC 6396).")
@click.option("--follow", is_flag=True, help="Show what changes, until interrupted; with -o json a line for each.")
@output_option
@pass_instance
def routes(instance: Instance, /, name: str, prefix: str, as_json: bool, **wanted: Any) -> None:
    """Sessions and routes of a circuit, gateway, hub, exchange or member, as its routers say now, and why.

    NAME: a circuit's (or GROUP/NAME, or id), a gateway's, a virtual hub's (the routers of its route tables, or a Route
    Server's instances), an exchange's (both route servers) or a member's as EXCHANGE/MEMBER. PREFIX: only what lies
    within it or covers it.
    """
    explain, why, follow, mrt = (wanted.pop(name) for name in ("explain", "why", "follow", "mrt"))
    if not name and not explain:
        raise Failed("name a circuit, gateway, hub or exchange, as in 'trunkline routes er1', or a prefix to be "
                     "explained: --explain 10.1.0.0/16.")
    instance.require_running()
    asked = {"prefix": prefix, **{word: value or "" for word, value in wanted.items()}}
    with connected(instance) as clients:
        if explain:
            _print_explained([_explained(clients, one, explain) for one in _chosen(clients, name)], why, as_json)
            return
        at = target(clients, name)
        _applicable(at, {**wanted, "mrt": mrt, "follow": follow})
        if mrt:
            _write(mrt, _ask(clients, at, asked, "routeDump")["tables"])
        elif follow:
            _follow(clients, at, as_json)
        else:
            _print_found(_ask(clients, at, asked), asked["view"], why, as_json)


def _applicable(at: Target, wanted: dict[str, Any]) -> None:
    for word in ("peering", "leg", "mrt", "follow"):
        if wanted[word] and at.kind != "circuit":
            raise Failed(f"--{word} is for circuits, and {at.name} is none ({at.kind}); leave it out.")


def _print_found(found: Json, view: str, why: bool, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    _print_sessions(found["sessions"])
    _print_routes(found, view or "best", why)


def _write(file: IO[bytes], tables: list[Json]) -> None:
    """One table behind the other: each begins with its own list of peers."""
    for table in tables:
        file.write(b64decode(table["mrt"]))
    click.echo(f"{len(tables)} tables: " + ", ".join(
        f"{_NAMES.get(one['peering'], one['peering'])} {one['leg']}" for one in tables))


def _follow(clients: Clients, at: Target, as_json: bool) -> None:
    since = ""
    while True:
        found = _ask(clients, at, {"since": since}, "routeChanges")
        if not found["complete"]:
            click.echo("Changes were lost; read the routes anew: trunkline routes", err=True)
        for change in found["changes"]:
            click.echo(json.dumps(change) if as_json else _changed(change))
        since = found["next"]
        time.sleep(_PAUSE_S)


def _changed(change: Json) -> str:
    name = _NAMES.get(change["peering"], change["peering"])
    path = " ".join(map(str, change["asPath"])) or "-"
    return (f"{change['at']}  {change['change']:<9}  {name} {change['leg']}  {change['prefix']}  from "
            f"{change['session']}  path {path}  next hop {change['nextHop'] or '-'}")


def _chosen(clients: Clients, name: str) -> list[Target]:
    if name:
        return [target(clients, name)]
    found = [Target("circuit", one["name"], one["id"]) for one in circuits(clients)]
    if not found:
        raise Failed(f"there is no circuit whose routes could be explained; {there([])}.")
    return found


def _explained(clients: Clients, at: Target, prefix: str) -> Json:
    return {at.kind: at.name, "of": f"{at.kind} {at.name}",
            **_ask(clients, at, {"prefix": prefix, "explain": "true"})}


def _ask(clients: Clients, at: Target, asked: dict[str, str], action: str = "routes") -> Json:
    query = urlencode({**{name: value for name, value in asked.items() if value}, "api-version": NETWORK_VERSION})
    found: Json = clients.named(at.account).post(f"{at.id}/{action}?{query}", {})
    return found


def _print_sessions(sessions: list[Json]) -> None:
    print_table((*_columns(sessions), "session", "peer", "peer AS", "state", "BFD", "hold/keepalive", "heard",
                 "accepted", "told"),
                [(*_place(one), one["session"], one["peerAddress"], one["peerAsn"], one["state"],
                  one["bfd"] or "-", _timers(one), one["prefixesReceived"], one["prefixesAccepted"],
                  one["prefixesSent"]) for one in sessions], title="Sessions")
    print_table(("session", "at", "last error"),
                [(one["session"], _at(one), one["lastError"]) for one in sessions if one["lastError"]],
                title="Last errors")
    if not sessions:
        click.echo("No session yet. A circuit has some with a peering: trunkline az network express-route "
                   "peering create --help")


def _columns(rows: list[Json]) -> tuple[str, ...]:
    """Gateways and exchanges have neither peerings nor legs."""
    return ("peering", "leg") if any(row["peering"] for row in rows) else ("router",)


def _at(row: Json) -> str:
    return row["leg"] or readable(row["router"])


def _place(row: Json) -> tuple[object, ...]:
    if not row["peering"]:
        return (readable(row["router"]),)
    return _NAMES.get(row["peering"], row["peering"]), row["leg"]


def _timers(session: Json) -> str:
    hold = session["holdTimeInSeconds"]
    return "-" if hold is None else f"{hold}/{session['keepaliveTimeInSeconds']} s"


def _print_routes(found: Json, view: str, why: bool) -> None:
    rows = list(found["best"] if view == "best" else _of_sessions(found, view))
    columns = (*_columns(rows), *_ROUTE_COLUMNS, *(("refused",) if view == "received" else ()))
    print_table((*columns, "why") if why else columns,
                [(*_route(row), *((row.get("refusal") or "-",) if view == "received" else ()),
                  *((_why(row),) if why else ())) for row in rows], title=f"Routes, {view}")
    if view == "heard" and rows:
        click.echo("Where the router keeps no copy of what it hears (most BIRD sessions), attributes are as the import "
                   "policy left them, without the communities that it adds.")
    for one in found["sessions"]:
        cut = one.get(view, {})
        if len(cut.get("routes", ())) < cut.get("total", 0):
            click.echo(f"{one['session']}, {_at(one)}: the first {len(cut['routes'])} of {cut['total']}; "
                       "name a PREFIX.")
    if not rows:
        click.echo("No such routes.")


def _of_sessions(found: Json, view: str) -> Iterator[Json]:
    for session in found["sessions"]:
        for route in session[view]["routes"]:
            yield {**{name: session[name] for name in ("peering", "leg", "router", "over")}, **route}


def _route(row: Json) -> tuple[object, ...]:
    return (*_place(row), _heard_from(row), row["prefix"], row["nextHop"] or "-",
            " ".join(map(str, row["asPath"])) or "-", row["localPreference"], row["med"],
            " ".join(row["communities"]) or "-", row["validity"] or "-")


def _heard_from(row: Json) -> str:
    """The session, and what is behind it where that is not one of the circuit's own ends."""
    return f"{row['session']} ({row['over']})" if row.get("over") else str(row["session"])


def _why(row: Json) -> str:
    return row.get("reason") or "; ".join(row.get("why", ())) or "accepted"


def _print_explained(found: list[Json], why: bool, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for one in found:
        print_table(("place", "leg", "router", "verdict", "in words"), list(_verdicts(one)),
                    title=f"{one['prefix']} at {one['of']}")
        if why:
            print_table(("place", "leg", "router", "what", "session", "why"), list(_findings(one)), title="Findings")
        if not one["routers"]:
            click.echo(f"No router of {one['of']} yet.")


def _verdicts(explained: Json) -> Iterator[tuple[object, ...]]:
    """Edge routers of a peering with nothing to say of it are left out where another peering's have something."""
    telling = {router["peering"] for router in explained["routers"] if router["place"] == "edge" and router["matters"]}
    for router in explained["routers"]:
        if router["place"] != "edge" or not telling or router["peering"] in telling:
            name = _NAMES.get(router["peering"], router["peering"])
            yield (f"{router['place']} {name}".rstrip(), router["leg"] or "-", readable(router["router"]),
                   router["verdict"], router["sentence"])


def _findings(explained: Json) -> Iterator[tuple[object, ...]]:
    for router in explained["routers"]:
        for one in router["findings"]:
            so = "" if one["verdict"] in ("accepted", "present", "told") else "not: "
            yield (router["place"], router["leg"] or "-", router["router"], f"{so}{_STEPS[one['step']]}",
                   one["session"] or "-", one["sentence"])
