"""The front door in a test: the real app over a real store, any registry, and a reconciler that does what it is told.

``lab()`` is a small registry that has one of everything a declaration can say.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import Field, field_validator

from trunkline.api.access.directory import Directory
from trunkline.api.access.issuers import Issuers
from trunkline.api.access.permissions import granted
from trunkline.api.access.principals import Principals
from trunkline.api.access.roles import OWNER
from trunkline.api.accounts import Accounts, kept_secrets
from trunkline.api.app import create_app
from trunkline.api.declaration import (
    Action,
    Inline,
    Mirror,
    Part,
    Question,
    Refusal,
    Registry,
    ResourceType,
)
from trunkline.api.token import Tokens, load_key
from trunkline.errors import Conflict, Fault
from trunkline.model.operation import Operation, OperationKind, OperationStatus
from trunkline.model.resource import Json, Properties, ProvisioningState, Reference, Resource, ResourceId
from trunkline.settings import Limits, Settings, load
from trunkline.store import Store, Writer

VERSION = "2025-01-01"
#: For what tokens of the vaults' data plane are.
VAULTS = "https://vault.localhost:8443"


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])

    @property
    def message(self) -> str:
        return str(self.body["error"]["message"])

    @property
    def targets(self) -> list[str]:
        return [one["target"] for one in self.body["error"]["details"]]

    @property
    def state(self) -> str:
        return str(self.body["properties"]["provisioningState"])


class Network:
    """Plays the reconciler on the store. Actions are answered as soon as it is woken, the rest when told to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.words: list[str] = []
        self.answers: dict[str, Any] = {}
        self.silent = False

    def wake(self, words: Iterable[str]) -> None:
        self.words += words
        for operation in [] if self.silent else self._pending():
            if operation.kind is OperationKind.ACTION:
                self.answer(operation)

    def answer(self, operation: Operation) -> None:
        told = self.answers.get(operation.action, {"value": []})
        with self._store.writing() as writer:
            if isinstance(told, Fault):
                writer.finish(operation.id, OperationStatus.FAILED, error={"code": told.code, "message": str(told)})
            else:
                writer.finish(operation.id, OperationStatus.SUCCEEDED, result=told)

    def settle(self, failing: str = "") -> list[Operation]:
        """Everything pending is realised; what ``failing`` names, fails."""
        done = self._pending()
        for operation in done:
            with self._store.writing() as writer:
                self._end(writer, operation, bool(failing) and operation.resource.name == failing)
        return done

    def _pending(self) -> list[Operation]:
        with self._store.reading() as reader:
            return list(reader.pending())

    def _end(self, writer: Writer, operation: Operation, fails: bool) -> None:
        if fails:
            writer.set_status(operation.resource, state=ProvisioningState.FAILED)
            writer.finish(operation.id, OperationStatus.FAILED, error={"code": "LinkDown", "message": "No light."})
            return
        if operation.kind is OperationKind.DELETE:
            writer.delete(operation.resource)
        else:
            self._realise(writer, operation.resource)
        writer.finish(operation.id, OperationStatus.SUCCEEDED)

    def _realise(self, writer: Writer, resource: ResourceId) -> None:
        found = writer.get(resource)
        if found and found.state is ProvisioningState.UPDATING:
            writer.set_status(resource, state=ProvisioningState.SUCCEEDED)
        for child in writer.children(resource):
            if child.deleting:
                writer.delete(child.id)
            else:
                self._realise(writer, child.id)


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _template() -> Path:
    """A home with accounts, keys and an empty store: made once, copied for each test."""
    _KEPT.append(tempfile.TemporaryDirectory(prefix="trunkline-test-"))
    home = Path(_KEPT[0].name)
    settings = load({}, str(home))
    Directory(settings.places)
    load_key(settings.places.ca.parent)
    Store(settings.database_url).close()
    return home


class Arm:
    """Requests to one service. ``account``: whose token is sent."""

    def __init__(self, home: Path, registry: Callable[[str], Registry], limits: Limits | None = None) -> None:
        shutil.copytree(_template(), home, dirs_exist_ok=True)
        settings = load({"TRUNKLINE_RUN": str(home / "run")}, str(home))
        self.settings: Settings = replace(settings, limits=limits or settings.limits)
        self.directory = Directory(self.settings.places)
        self.store = Store(self.settings.database_url)
        self.network = Network(self.store)
        with self.store.writing() as writer:  # the provider's own role knows nothing of a laboratory
            writer.put(granted(self.accounts.accounts[1], OWNER, self.accounts.provider_subscription))
        self.url = self.settings.endpoint.url
        app = create_app(self.settings, self.store, registry(self.accounts.provider_subscription), self.directory,
                         self.network.wake)
        self.tokens = Tokens(load_key(self.settings.places.ca.parent),
                             Principals(self.directory, self.store, Issuers(())), self.url, ())
        self.account = "customer"
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=self.url)

    def close(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()
        self.store.close()

    @property
    def accounts(self) -> Accounts:
        return self.directory.accounts

    def secret(self, name: str = "customer") -> str:
        return kept_secrets(self.settings.places)[name]

    @property
    def subscription(self) -> str:
        return f"/subscriptions/{self.accounts.customer_subscription}"

    @property
    def group(self) -> str:
        return f"{self.subscription}/resourceGroups/rg1"

    def at(self, tail: str) -> str:
        return f"{self.group}/providers/Test.Lab/{tail}"

    def token(self, life_s: int = 600, audience: str = "") -> str:
        found = next(one for one in self.accounts.accounts if one.name == self.account)
        return self.tokens.issue(found, audience or self.url, life_s)

    def send(self, method: str, path: str, content: bytes | str | AsyncIterator[bytes] | None = None,
             headers: Mapping[str, str] | None = None) -> Reply:
        """As it stands: no token, no api-version."""
        got = self._runner.run(self._client.request(method, f"{self.url}{path}", content=content, headers=headers))
        return Reply(got.status_code, _parsed(got), got.headers)

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """With a token and, unless the path has a query, an api-version."""
        at = path if "?" in path else f"{path}?api-version={VERSION}"
        content = None if body is None else json.dumps(body)
        vault = path.startswith("/vaults/") or ".vault." in (headers or {}).get("host", "")
        bearer = self.token(audience=VAULTS if vault else "")
        return self.send(method, at, content, {
            "authorization": f"Bearer {bearer}", "content-type": "application/json", **(headers or {})})

    def follow(self, url: str) -> Reply:
        return self.ask("GET", url.removeprefix(self.url))

    def create_group(self, name: str = "rg1") -> None:
        assert self.ask("PUT", f"{self.subscription}/resourceGroups/{name}", {"location": "westus"}).status == 201

    def make(self, path: str, body: Json) -> Json:
        """Created and realised."""
        made = self.ask("PUT", path, body)
        assert made.status in (200, 201), made.body
        self.network.settle()
        found: Json = self.ask("GET", path).body
        return found


def _parsed(got: httpx.Response) -> Any:
    try:
        return json.loads(got.content) if got.content else None
    except ValueError:
        return got.text


# ── a laboratory ───────────────────────────────────────────────────────────────────────────────────────────────────

class Lid(Properties):
    colour: str = "grey"
    pin: str | None = None


class Lock(Properties):
    code: str | None = None


class Box(Properties):
    size: int = Field(default=1, ge=1, le=1000)
    password: str | None = Field(default=None, max_length=8)
    lock: Lock | None = None
    base_prefix: str | None = None
    note: str | None = None

    @field_validator("base_prefix")
    @classmethod
    def _cidr(cls, text: str | None) -> str | None:
        if text is not None and "/" not in text:
            raise ValueError("it should follow CIDR notation, for example 10.0.0.0/24")
        return text


class Strap(Properties):
    box: Reference
    spare: Reference | None = None
    authorization_key: str | None = None


class View(Properties):
    open: bool = False


class Nothing(Properties):
    """Clients set nothing."""


def _check_box(wish: Any, _register: Any) -> Iterable[Fault]:
    if wish.model.size == 13:
        yield Fault("UnluckySize", "size 13 is unlucky; choose another.", "size")


def _strapped(box: Resource, estate: Any) -> Iterable[Fault]:
    for strap in estate.referrers(box.id, "Test.Lab/straps"):
        yield Conflict("BoxIsStrapped", f"Box {box.id.name} is held by {strap.id}; delete that first.")


def _riveted(lid: Resource, _estate: Any) -> Iterable[Fault]:
    if lid.properties["colour"] == "rivet":
        yield Conflict("LidIsRiveted", f"Lid {lid.id.name} cannot be taken off.")


def _view_of(provider: str, box: ResourceId) -> ResourceId:
    return ResourceId(provider, "Views", "Test.Lab", ("views",), (box.name,))


def lab(provider: str) -> Registry:
    """boxes (realised, inline lids, secrets, an envelope), straps (kept only), views (a box's companion in the
    provider's subscription, which mirrors its lids), papers (a catalogue)."""
    def companions(wish: Any, _ledger: Any) -> Iterable[Resource]:
        if wish.existing is None:
            view = _view_of(provider, wish.resource.id)
            yield Resource(ResourceId(provider, "Views"), "westus", state=ProvisioningState.SUCCEEDED)
            yield Resource(view, "westus", properties={"open": False}, state=ProvisioningState.SUCCEEDED,
                           system={"of": {"id": str(wish.resource.id)}})

    def box_of(view: ResourceId, estate: Any) -> ResourceId | None:
        found = estate.get(view)
        return ResourceId.parse(found.system["of"]["id"]) if found else None

    boxes = ResourceType(
        "Test.Lab/boxes", Box, inline=(Inline("lids", "Test.Lab/boxes/lids"),), envelope=("sku",),
        secrets=("password", "lock.code"), realised=True, kept=("note",), check=_check_box, in_use=_strapped,
        generate=lambda wish, ledger: {"number": ledger.allocate("box", wish.resource.id.key)},
        show=lambda box, _estate: {"serial": box.system["number"]}, companions=companions,
        actions=(Action("shake", segments=("axis",), query=("force",), fixed=(("shape", "cube"),)),
                 Action("weigh", "GET", quick=True),
                 Action("label", quick=True, answer=lambda box, _estate, _question: {"label": box.id.name}),
                 Action("contents", answer=lambda box, _estate, question: {"of": box.id.name, **question.parameters}),
                 Action("burn", refused=Refusal("NoFire", "Boxes are not burnt here; delete them."))))
    lids = ResourceType("Test.Lab/boxes/lids", Lid, tracked=False, realised=True, secrets=("pin",), in_use=_riveted)
    straps = ResourceType("Test.Lab/straps", Strap, secrets=("authorizationKey",), opened_by_key="box")
    views = ResourceType("Test.Lab/views", View, realised=True, updated_only=True,
                         inline=(Inline("lids", "Test.Lab/views/lids"),))
    view_lids = ResourceType("Test.Lab/views/lids", Lid, tracked=False, realised=True,
                             mirror=Mirror("Test.Lab/boxes/lids", box_of))
    papers = ResourceType("Test.Lab/papers", Nothing, catalogue=lambda subscription: (
        {"name": f"paper{n}", "id": f"/subscriptions/{subscription}/p{n}", "type": "Test.Lab/papers"}
        for n in range(3)))
    return Registry.of(boxes, lids, straps, views, view_lids, papers, *_more())


class Seal(Properties):
    level: Literal["Soft", "Hard"]


class Volume(Properties):
    value: int = Field(ge=0, le=11)


def _turned(radio: Resource, _ledger: Any, question: Question) -> Resource:
    return replace(radio, properties={**radio.properties, "volume": question.body.get("value", 0)})


def _volume(radio: Resource, _estate: Any, _question: Question) -> Json:
    return {"value": radio.properties.get("volume", 5)}


def _more() -> Iterable[ResourceType]:
    """radios (of a shape, with parts, actions that change them), knobs (read-only), seals (an extension), shelves (a
    catalogue at a location), ghosts (refused)."""
    yield ResourceType(
        "Test.Lab/radios", Nothing, shape="NetworkInterfacePropertiesFormat",
        realised=lambda radio: "net" in radio.tags, inline=(Inline("knobs", "Test.Lab/radios/knobs"),),
        parts=(Part("ipConfigurations", "Test.Lab/radios/ipConfigurations"),),
        actions=(Action("volume", "GET", quick=True, answer=_volume),
                 Action("volume", "PUT", body=Volume, change=_turned, answer=_volume),
                 Action("volume/reset", body=Nothing, change=_turned, answer=_volume)))
    yield ResourceType("Test.Lab/radios/knobs", Lid, tracked=False, read_only=True)
    yield ResourceType("Test.Lab/seals", Seal, tracked=False, extension=True, filters={"level": "properties.level"})
    yield ResourceType("Test.Lab/locations", Nothing, catalogue=lambda _parent: (), actions=(
        Action("weather", "GET", quick=True, answer=lambda place, _estate, _question: {"at": place.id.name}),))
    yield ResourceType("Test.Lab/locations/shelves", Nothing, catalogue=lambda at: (
        {"name": f"{at.name}{n}", "id": f"{at}/shelves/{n}"} for n in range(2)))
    yield ResourceType("Test.Lab/ghosts", Nothing, refused={
        method: Refusal("NoGhosts", "There are none; believe in boxes.", 501) for method in ("GET", "PUT", "DELETE")})
