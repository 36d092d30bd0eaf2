"""Azure's own clients against this service: their environment, and ``az`` logged in with a configuration of its own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trunkline.cli.accounts import Account, Accounts, read_accounts
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance

CLOUD = "trunkline"
#: Where the system's CA certificates are, if Python does not know.
_SYSTEM_CAS = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class AzureClient:
    """An account's view of the service through Azure's clients."""

    url: str
    ca: Path
    directory: Path  #: the account's own, under home
    accounts: Accounts
    account: Account

    @property
    def bundle(self) -> Path:
        return self.directory.parent / "ca-bundle.pem"

    @property
    def mark(self) -> Path:
        """Says for which endpoint, account and secret the directory is logged in."""
        return self.directory / "trunkline.login"

    def fingerprint(self) -> str:
        facts = (self.url, self.account.tenant, self.account.client_id, self.account.secret, self.ca.read_text())
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()

    def az_environment(self) -> dict[str, str]:
        return {
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "AZURE_CONFIG_DIR": str(self.directory),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "AZURE_CORE_SURVEY_MESSAGE": "false",
            "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        }

    def sdk_environment(self) -> dict[str, str]:
        """What azure-identity and Terraform read. ``ARM_``: the azurerm provider's names."""
        return {
            "TRUNKLINE_ENDPOINT": self.url,
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_TENANT_ID": self.account.tenant,
            "AZURE_CLIENT_ID": self.account.client_id,
            "AZURE_CLIENT_SECRET": self.account.secret,
            "AZURE_SUBSCRIPTION_ID": self.account.subscription,
            "ARM_METADATA_HOSTNAME": self.url.removeprefix("https://"),
            "ARM_TENANT_ID": self.account.tenant,
            "ARM_CLIENT_ID": self.account.client_id,
            "ARM_CLIENT_SECRET": self.account.secret,
            "ARM_SUBSCRIPTION_ID": self.account.subscription,
        }

    def prepare(self) -> None:
        """The CA bundle that these clients trust: the system's certificates and ours."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        system = Path(ssl.get_default_verify_paths().cafile or _SYSTEM_CAS)
        known = system.read_text(encoding="utf-8", errors="replace") if system.exists() else ""
        fresh = self.bundle.with_suffix(f".{os.getpid()}")
        fresh.write_text(f"{known}\n{self.ca.read_text()}", encoding="utf-8")
        fresh.replace(self.bundle)

    def log_in(self, az: str) -> None:
        """Register the cloud and log in, unless that was done for the same endpoint, account and secret."""
        with _alone(self.directory.with_suffix(".lock")):
            if self.mark.exists() and self.mark.read_text() == self.fingerprint():
                return
            shutil.rmtree(self.directory, ignore_errors=True)
            self.prepare()
            self._run(az, "cloud", "register", "-n", CLOUD, "--endpoint-resource-manager", self.url)
            self._run(az, "cloud", "set", "-n", CLOUD)
            # The secret goes through standard input ("@-"), never through process arguments.
            self._run(az, "login", "--service-principal", "--username", self.account.client_id, "--password", "@-",
                      "--tenant", self.account.tenant, secret=self.account.secret)
            self._choose_subscription(az)
            descriptor = os.open(self.mark, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(self.fingerprint())

    def _choose_subscription(self, az: str) -> None:
        """An account whose roles are elsewhere does not see it: ``az`` keeps the first one that it sees."""
        try:
            self._run(az, "account", "set", "--subscription", self.account.subscription)
        except Failed as refusal:
            if "doesn't exist" not in str(refusal):
                raise

    def _run(self, az: str, *arguments: str, secret: str = "") -> None:
        try:
            ran = subprocess.run([az, *arguments, "--only-show-errors", "--output", "none"], input=secret.encode(),
                                 env={**os.environ, **self.az_environment()}, capture_output=True, check=False)
        except OSError as problem:
            raise cannot_run(az, problem) from None
        if ran.returncode:
            said = ran.stderr.decode(errors="replace").strip()
            raise Failed(f"az {' '.join(arguments[:2])}: {said.replace(secret, '***') if secret else said}")


def azure_client(instance: Instance, account: str) -> AzureClient:
    url, places = instance.url(), instance.settings.places
    accounts = read_accounts(places)
    return AzureClient(url, places.ca, places.home / "az" / account, accounts, accounts.able(account))


def find_az() -> str:
    """The az of ``TRUNKLINE_AZ``, of the search path, or of the project's own environment; empty if there is none."""
    project = Path(__file__).resolve().parents[3]
    own = (base / ".venvs" / "az" / "bin" / "az" for base in (project, Path(sys.prefix).parent))
    named = os.environ.get("TRUNKLINE_AZ") or shutil.which("az")
    return named or next((str(path) for path in own if path.exists()), "")


def require_az() -> str:
    found = find_az()
    if not found:
        raise Failed("the Azure CLI is not installed; 'make az' in the project installs it beside the project,"
                     " or name one in TRUNKLINE_AZ.")
    return found


def cannot_run(az: str, problem: OSError) -> Failed:
    """A program that is there cannot be found when what runs it is not: the interpreter of its first line."""
    missing = isinstance(problem, FileNotFoundError) and Path(az).exists()
    why = "the interpreter that its first line names is not there" if missing else problem.strerror
    return Failed(f"the Azure CLI {az} cannot be run: {why}. Install it again ('make az' in the project), or name "
                  "another one in TRUNKLINE_AZ.")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
