"""All settings, grouped; the only module that reads the environment."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DEFAULT_HOME = "/var/lib/trunkline"

#: What ``model.profile`` knows; the first is the default.
PROFILE_NAMES = ("azure", "azure-1400", "aws", "gcp")


@dataclass(frozen=True, slots=True)
class Places:
    """Where one instance keeps its files. Two instances on one machine differ in ``home`` alone."""

    home: Path  #: what must survive a reboot: store, CA, accounts, az configuration
    run: Path  #: what dies with the machine: daemon configurations, sockets, pid files
    bpf: Path  #: pinned programs and maps (bpffs)

    @property
    def instance(self) -> str:
        """Four hex digits that mark whatever this instance owns in the kernel."""
        return hashlib.blake2b(str(self.home).encode(), digest_size=2).hexdigest()

    @property
    def namespace_prefix(self) -> str:
        """Every network namespace of this instance begins so."""
        return f"tl-{self.instance}-"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.home}/trunkline.db"

    @property
    def accounts(self) -> Path:
        """Tenants, subscriptions and local accounts, with hashes of their secrets; mode 0600."""
        return self.home / "accounts.json"

    @property
    def secrets(self) -> Path:
        """Secrets that we made, for the local operator to read; mode 0600. The service does not need it."""
        return self.home / "secrets.json"

    @property
    def issuers(self) -> Path:
        """External OpenID Connect issuers whose tokens are taken; need not be there."""
        return self.home / "issuers.json"

    @property
    def store_key(self) -> Path:
        """Keys of the secrets in the store; mode 0600."""
        return self.home / "store.key"

    @property
    def certificates(self) -> Path:
        """Certificates of failover drills, and the key that signs them."""
        return self.home / "certificates"

    @property
    def signing_key(self) -> Path:
        """Ed25519, PEM; mode 0600, made with the first certificate."""
        return self.certificates / "signing.key"

    @property
    def registries(self) -> Path:
        """Route objects and VRPs by which public prefixes are validated; need not be there."""
        return self.home / "registries"

    @property
    def plant(self) -> Path:
        """An operator's own peering locations, regions and spans (docs/plant.md); need not be there."""
        return self.home / "plant"

    @property
    def plant_in_use(self) -> Path:
        """The copy of it that was sound when the service was started."""
        return self.home / "plant.in-use"

    @property
    def ca(self) -> Path:
        """The CA certificate that clients must trust."""
        return self.home / "pki" / "ca.pem"

    @property
    def vrps(self) -> Path:
        """The file of VRPs that an operator keeps up to date, unless a validator is told another source."""
        return self.home / "vrps.json"

    @property
    def served_vrps(self) -> Path:
        """What caches serve: the last good VRPs, one file for each leg."""
        return self.home / "rpki"

    @property
    def wake_socket(self) -> Path:
        """Unix datagram socket on which the reconciler is woken."""
        return self.run / "wake.sock"

    @property
    def nodes(self) -> Path:
        """A directory for each node's daemons."""
        return self.run / "nodes"

    @property
    def log(self) -> Path:
        return self.home / "log"


@dataclass(frozen=True, slots=True)
class Endpoint:
    host: str = "127.0.0.1"
    port: int = 8443

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient the reconciler is; seconds."""

    settle_deadline_s: float = 30.0  #: an operation whose result is not observed by then fails (and is retried)
    resync_interval_s: float = 30.0  #: full pass over all scopes, in the background
    retry_first_s: float = 0.2  #: first retry of a failed pass, doubled each time …
    retry_most_s: float = 10.0  #: … up to this
    operation_retention_s: float = 86_400.0  #: finished operations stay readable this long
    activity_retention_s: float = 90 * 86_400.0  #: and the activity log, as in Azure


@dataclass(frozen=True, slots=True)
class Limits:
    body_bytes: int = 4 * 1024 * 1024  #: ARM's own limit on a request body
    requests_per_second: int = 5_000  #: throttling per subscription, generous
    circuits_per_subscription: int = 50  #: as Azure's default; an operator may raise it
    handoff_interfaces: frozenset[str] = frozenset()  #: existing ones of the machine that hand-offs may take


#: What ``telemetry.siem`` can write.
SIEM_FORMS = ("json", "cef")


@dataclass(frozen=True, slots=True)
class Siem:
    """Where security events go besides the store; nowhere by default. Forms are among ``SIEM_FORMS``."""

    syslog: str = ""  #: udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH
    syslog_form: str = SIEM_FORMS[0]
    file: str = ""  #: a path; lines are appended
    file_form: str = SIEM_FORMS[0]


@dataclass(frozen=True, slots=True)
class Paths:
    """When traffic keeps off a link of the backbone that stands but is bad, and whether distances are felt."""

    loss_percent: float = 5.0  #: of echoes over the link, more is bad …
    latency_ms: float = 20.0  #: … and so is a round trip longer by more than this
    leave_s: float = 2.0  #: so long a link is bad before traffic leaves it …
    return_s: float = 10.0  #: … and so long good before it returns
    felt_latency: bool = False  #: delay lines by the length of links


@dataclass(frozen=True, slots=True)
class Settings:
    places: Places
    endpoint: Endpoint = Endpoint()
    timing: Timing = Timing()
    limits: Limits = Limits()
    siem: Siem = Siem()
    paths: Paths = Paths()
    database_url: str = ""  #: SQLAlchemy URL; empty means SQLite under ``places.home``
    profile: str = PROFILE_NAMES[0]  #: the numbers of the service, by name
    refuses_unknown_origins: bool = False  #: of routes for which no VRP is known
    simulation: bool = False  #: both drivers in memory, nothing touched on the machine
    workers: int = 3  #: scopes reconciled at the same time; more of them wait for each other, on two cores


def load(environment: Mapping[str, str] | None = None, home: str = "") -> Settings:
    """Settings from ``TRUNKLINE_HOME``, ``TRUNKLINE_RUN``, ``TRUNKLINE_PORT``, ``TRUNKLINE_DATABASE_URL``,
    ``TRUNKLINE_CIRCUIT_QUOTA``, ``TRUNKLINE_HANDOFF_INTERFACES`` (names with commas between), ``TRUNKLINE_PROFILE``,
    ``TRUNKLINE_UNKNOWN_ORIGINS`` (accept or refuse), ``TRUNKLINE_SYSLOG``, ``TRUNKLINE_SYSLOG_FORMAT``,
    ``TRUNKLINE_EVENTS_FILE``, ``TRUNKLINE_EVENTS_FORMAT``, ``TRUNKLINE_LATENCY`` (off or geography),
    ``TRUNKLINE_LINK_LOSS``, ``TRUNKLINE_LINK_LATENCY``, ``TRUNKLINE_LINK_LEAVE``, ``TRUNKLINE_LINK_RETURN``
    (docs/settings.md) and ``TRUNKLINE_SIMULATION``.
    ``home``, the command line's word,
    wins."""
    env = os.environ if environment is None else environment
    base = Path(home or env.get("TRUNKLINE_HOME", DEFAULT_HOME)).resolve()
    instance = Places(base, base, base).instance
    run = Path(env.get("TRUNKLINE_RUN", f"/run/trunkline-{instance}"))
    places = Places(home=base, run=run, bpf=Path(f"/sys/fs/bpf/trunkline-{instance}"))
    return Settings(
        places=places,
        endpoint=Endpoint(port=_number(env, "TRUNKLINE_PORT", 8443)),
        database_url=env.get("TRUNKLINE_DATABASE_URL", "") or places.database_url,
        limits=Limits(circuits_per_subscription=_number(env, "TRUNKLINE_CIRCUIT_QUOTA", 50),
                      handoff_interfaces=_names(env.get("TRUNKLINE_HANDOFF_INTERFACES", ""))),
        siem=Siem(_syslog(env.get("TRUNKLINE_SYSLOG", "")), _form(env, "TRUNKLINE_SYSLOG_FORMAT"),
                  env.get("TRUNKLINE_EVENTS_FILE", ""), _form(env, "TRUNKLINE_EVENTS_FORMAT")),
        paths=_paths(env, Paths()),
        profile=env.get("TRUNKLINE_PROFILE", "") or PROFILE_NAMES[0],
        refuses_unknown_origins=_refuses(env.get("TRUNKLINE_UNKNOWN_ORIGINS", "accept")),
        simulation=env.get("TRUNKLINE_SIMULATION", "") == "1",
    )


def _syslog(url: str) -> str:
    try:
        found = urlsplit(url)
        good = not url or bool(found.path if found.scheme == "unix" else
                               found.scheme in ("udp", "tcp") and found.hostname and found.port != 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError(f"TRUNKLINE_SYSLOG is '{url}'; it must be udp://HOST:PORT, tcp://HOST:PORT or unix:///PATH.")
    return url


def _form(env: Mapping[str, str], name: str) -> str:
    text = env.get(name, "") or SIEM_FORMS[0]
    if text not in SIEM_FORMS:
        raise ValueError(f"{name} is '{text}'; it must be {' or '.join(SIEM_FORMS)}.")
    return text


def _number(env: Mapping[str, str], name: str, otherwise: int) -> int:
    text = env.get(name, str(otherwise))
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} is '{text}'; it must be a whole number.") from None


def _amount(env: Mapping[str, str], name: str, otherwise: float, most: float) -> float:
    text = env.get(name, "") or str(otherwise)
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= most:
        raise ValueError(f"{name} is '{text}'; it must be a number from 0 to {most:g}.")
    return found


def _paths(env: Mapping[str, str], usual: Paths) -> Paths:
    return Paths(
        _amount(env, "TRUNKLINE_LINK_LOSS", usual.loss_percent, 100),
        _amount(env, "TRUNKLINE_LINK_LATENCY", usual.latency_ms, 10_000),
        _amount(env, "TRUNKLINE_LINK_LEAVE", usual.leave_s, 3600),
        _amount(env, "TRUNKLINE_LINK_RETURN", usual.return_s, 86_400), _felt(env))


def _felt(env: Mapping[str, str]) -> bool:
    word = env.get("TRUNKLINE_LATENCY", "") or "off"
    if word not in ("off", "geography"):
        raise ValueError(f"TRUNKLINE_LATENCY is '{word}'; it must be off or geography.")
    return word == "geography"


def _refuses(word: str) -> bool:
    if word not in ("accept", "refuse"):
        raise ValueError(f"TRUNKLINE_UNKNOWN_ORIGINS is '{word}'; it must be accept or refuse.")
    return word == "refuse"


def _names(text: str) -> frozenset[str]:
    return frozenset(name for piece in text.split(",") if (name := piece.strip()))
