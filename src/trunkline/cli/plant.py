"""The plant as the service tells it: places, links with what is observed on them, ways and nearest locations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trunkline.cli.client import Clients, Json
from trunkline.cli.failure import Failed
from trunkline.cli.lookup import there
from trunkline.model.closest import closest
from trunkline.model.fault import spelt

LEGS = ("primary", "secondary")
#: What ``trunkline status`` says of a link whose router has its neighbour.
_FULL = "Full"
#: RFC 2328, 10.1: from the moment at which both ends hear each other.
_EXCHANGING = ("2-Way", "ExStart", "Exchange", "Loading")


def path_of(clients: Clients, kind: str) -> str:
    return f"/subscriptions/{clients.accounts.customer_subscription}/providers/Trunkline.Plant/{kind}"


def listed(clients: Clients, kind: str) -> list[Json]:
    return list(clients.named("customer").list(path_of(clients, kind)))


def ask(clients: Clients, what: str, body: Json) -> Json:
    found: Json = clients.named("customer").post(path_of(clients, what), body)
    return found


def with_states(links: list[Json], observed: list[Json]) -> list[Json]:
    """Links with the ``observed`` state of each leg that is in use. ``observed``: rows of the status."""
    states = {(_ends(row["site"], row["to"]), row["leg"]): row for row in observed}
    return [{**link, "properties": {**link["properties"], "legs": {
        leg: {**said, "state": state(said["used"], states.get((_ends(*link["properties"]["sites"]), leg)))}
        for leg, said in link["properties"]["legs"].items()}}} for link in links]


def _ends(*sites: str) -> frozenset[str]:
    """In any spelling: a region may be written as in ids."""
    return frozenset(spelt([site]) for site in sites)


def state(used: bool, row: Json | None) -> str:
    """``Up``: both routers have each other, over IPv4 and IPv6; ``Settling``: they are about to; ``Partial``: over one
    of them; ``Avoided``: up, but too bad to be used."""
    if not used or row is None:
        return "NotBuilt" if not used else "Unknown"
    full = [one == _FULL for one in row["routing"].values()]
    if all(full):
        return "Avoided" if row["avoided"] else "Up"
    if is_settling(row):
        return "Settling"
    return "Partial" if any(full) else "Down"


def is_settling(row: Json) -> bool:
    """Whether both routers hear each other and exchange what they know, which takes seconds after a link comes up;
    until they have, planned routes lead packets."""
    states = set(row["routing"].values())
    return states != {_FULL} and states <= {_FULL, *_EXCHANGING}


def location_named(clients: Clients, name: str) -> Json:
    """A location, or the metros that a building is of."""
    found = listed(clients, "peeringLocations")
    for place in found:
        if place["name"].lower() == name.lower():
            return place
    of_building = [place["name"] for place in found
                   if name.lower() in map(str.lower, place["properties"]["sites"].values())]
    near = _like(name, [place["name"] for place in found])
    raise Failed(f"'{name}' is a building of {', '.join(of_building)}; ask for that." if of_building else
                 f"there is no peering location '{name}'{near}; 'trunkline plant --all' lists them.")


def _like(wanted: str, names: list[str]) -> str:
    near = closest(wanted, names)
    return f" ({' or '.join(near)}?)" if near else ""


def starting_at(clients: Clients, text: str) -> Json:
    """A site of the customer's, else ``LATITUDE,LONGITUDE``, else a city."""
    subscription = clients.accounts.customer_subscription
    sites = list(clients.named("customer").list(f"/subscriptions/{subscription}/providers/Trunkline.Site/sites"))
    mine = [site for site in sites if text.lower() in (site["name"].lower(), site["id"].lower())]
    if len(mine) > 1:
        raise Failed(f"several sites are called '{text}'; write an id: {', '.join(site['id'] for site in mine)}.")
    if mine:
        return {"site": mine[0]["id"]}
    if "," in text:
        return {"position": _degrees(text)}
    known = [place["name"] for place in listed(clients, "peeringLocations")]
    if text.lower() not in map(str.lower, known):
        raise Failed(f"there is no site '{text}' ({there([site['name'] for site in sites], text)}), and no peering "
                     f"location of that name{_like(text, known)}; write a site, LATITUDE,LONGITUDE such as 47.4,8.5, "
                     "or a city with a location.")
    return {"position": {"city": text}}


def _degrees(text: str) -> Json:
    try:
        latitude, longitude = (float(piece) for piece in text.split(","))
    except ValueError:
        raise Failed(f"'{text}' is no position; write degrees north and east, such as 47.4,8.5.") from None
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Failed(f"'{text}' is nowhere on earth; write up to 90 degrees north and 180 east.")
    return {"latitude": latitude, "longitude": longitude}


def leg_rows(link: Json) -> Iterator[tuple[object, ...]]:
    """One for each leg in use, or one for a link that is not built."""
    told = link["properties"]
    used = [leg for leg in LEGS if told["legs"][leg]["used"]]
    for leg in used or ("-",):
        yield (*told["sites"], leg, f"{told['lengthInKilometers']:,.0f}", milliseconds(told["latencyInMicroseconds"]),
               told["legs"][leg]["state"] if used else "NotBuilt", told["system"] or told["kind"])


def milliseconds(us: float) -> str:
    return f"{us / 1000:.2f}"


def written(directory: Path, files: dict[str, str]) -> list[Path]:
    """Into a directory without such files."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if taken := sorted(path.name for path in directory.glob("*.csv")):
            raise Failed(f"{directory} has {', '.join(taken)} already; name another directory.")
        for name, text in files.items():
            (directory / name).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Failed(f"{directory} cannot be written: {problem.strerror}.") from None
    return [directory / name for name in files]
