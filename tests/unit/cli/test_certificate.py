"""Certificates: signed once, verified by anybody, refused when touched, readable on a page and on paper."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates import certificate, measure, unprotected
from trunkline.cli.certificate import keys, shelf
from trunkline.cli.certificate.page import page
from trunkline.cli.certificate.paper import paper
from trunkline.cli.failure import Failed
from trunkline.cli.instance import Instance, locate
from trunkline.cli.rehearsal import preflight
from trunkline.cli.rehearsal.remains import remains
from trunkline.cli.rehearsal.targets import complete as complete_target
from trunkline.cli.root import trunkline
from trunkline.diagnosis.drill.certificate import Certificate, rendered
from trunkline.settings import Places, load


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return load({}, home=str(tmp_path / "home")).places


def kept(places: Places, made: Certificate | None = None) -> Path:
    return shelf.keep(places, keys.signed(rendered(made or certificate()), keys.signing_key(places)))


def ask(places: Places, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(trunkline, ["--home", str(places.home), *words])
    return found.exit_code, found.output


def test_the_key_is_made_once_and_for_its_owner_alone(places: Places) -> None:
    first = keys.signing_key(places).private_bytes_raw()
    assert keys.signing_key(places).private_bytes_raw() == first
    assert stat.S_IMODE(os.stat(places.signing_key).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(places.certificates).st_mode) == 0o700
    assert sorted(path.name for path in places.certificates.iterdir()) == ["signing.key"]


def test_looking_at_a_drill_beforehand_makes_no_key(places: Places) -> None:
    assert tuple(preflight._unusable(places)) == ()
    assert not places.signing_key.exists()


def test_a_file_that_is_no_key_is_said_to_be_none(places: Places) -> None:
    places.certificates.mkdir(parents=True)
    places.signing_key.write_text("nonsense")
    with pytest.raises(Failed, match="holds no Ed25519 key"):
        keys.signing_key(places)


def test_what_was_signed_verifies_by_this_instances_key(places: Places) -> None:
    code, said = ask(places, "certificate", "verify", str(kept(places)))
    assert code == 0
    assert "this installation's key" in said


def test_anyone_with_the_public_key_verifies_and_without_it_learns_that_nobody_vouches(
        places: Places, tmp_path: Path) -> None:
    path, pem = kept(places), tmp_path / "public.pem"
    pem.write_text(ask(places, "certificate", "key")[1])
    elsewhere = load({}, home=str(tmp_path / "elsewhere")).places
    assert ask(elsewhere, "certificate", "verify", str(path), "--key", str(pem))[0] == 0
    code, said = ask(elsewhere, "certificate", "verify", str(path))
    assert code == 0
    assert "a key that is unknown here" in said
    assert not elsewhere.signing_key.exists()


@pytest.mark.parametrize("touch", [
    lambda found: found["verdict"].update(result="failed"),
    lambda found: found["measures"][0].update(outageMs=1.0),
    lambda found: found.update(unheardOf=True),
    lambda found: found["signature"].update(value=b64encode(bytes(64)).decode()),
    lambda found: found["signature"].update(value="no base64"),
    lambda found: found.pop("signature"),
    lambda found: found["signature"].update(algorithm="none"),
    lambda found: found.update(kind="letter"),
], ids=["verdict", "outage", "member", "zeros", "no base64", "unsigned", "algorithm", "kind"])
@pytest.mark.parametrize("at_home", [True, False])
def test_a_touched_certificate_is_refused(places: Places, tmp_path: Path, touch: object, at_home: bool) -> None:
    found = json.loads(kept(places).read_text())
    touch(found)  # type: ignore[operator]
    path = tmp_path / "touched.json"
    path.write_text(json.dumps(found))
    asked = places if at_home else load({}, home=str(tmp_path / "elsewhere")).places
    code, said = ask(asked, "certificate", "verify", str(path))
    assert code == 1, said


def test_the_trusted_key_counts_and_not_the_one_that_a_certificate_carries(places: Places, tmp_path: Path) -> None:
    found = json.loads(kept(places).read_text())
    found["signature"]["publicKey"] = b64encode(bytes(31)).decode()
    path = tmp_path / "touched.json"
    path.write_text(json.dumps(found))
    assert ask(places, "certificate", "verify", str(path))[0] == 0
    elsewhere = load({}, home=str(tmp_path / "elsewhere")).places
    assert ask(elsewhere, "certificate", "verify", str(path))[0] == 1


def test_a_certificate_signed_by_somebody_else_is_refused_where_a_key_is_trusted(places: Places) -> None:
    keys.signing_key(places)
    forged = keys.signed(rendered(certificate()), Ed25519PrivateKey.generate())
    code, said = ask(places, "certificate", "verify", str(shelf.keep(places, forged)))
    assert code == 1
    assert "and not by this installation's key" in said
    shown = CliRunner().invoke(trunkline, ["--home", str(places.home), "drill", "show", "-o", "json"])
    assert "a key that is unknown here" in shown.stderr
    assert json.loads(shown.stdout)["id"] == certificate().id


def test_what_is_no_public_key_is_told_without_the_librarys_words(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    with pytest.raises(Failed, match=r"key.pem cannot be read: No such file or directory\."):
        keys.read_public(path)
    path.write_text("ssh-ed25519 AAAA")
    with pytest.raises(Failed, match="begins with '-----BEGIN PUBLIC KEY-----'") as refused:
        keys.read_public(path)
    assert "cryptography" not in refused.value.message


@pytest.mark.parametrize("text", ["", "[]", "{}", "\x00", '{"kind": "trunkline failover certificate", "version": 1}'])
def test_what_is_no_certificate_is_refused_in_words(places: Places, tmp_path: Path, text: str) -> None:
    path = tmp_path / "no.json"
    path.write_text(text)
    for words in (("certificate", "verify"), ("drill", "show")):
        code, said = ask(places, *words, str(path))
        assert (code, "Traceback" in said) == (1, False)


@pytest.mark.parametrize("words", [("certificate", "show", "latest"), ("drill", "list")])
def test_what_was_drilled_fits_a_terminal(places: Places, monkeypatch: pytest.MonkeyPatch,
                                          words: tuple[str, ...]) -> None:
    kept(places)
    monkeypatch.setattr("trunkline.cli.tables._WIDTH", 80)
    said = ask(places, *words)[1]
    assert "…" not in said
    assert ("10.10.0.0/16   er1 secondary" if words[0] == "certificate" else "6f1c2a9e") in said


def test_the_history_is_listed_newest_first_and_found_by_the_beginning_of_an_id(places: Places) -> None:
    kept(places)
    later = certificate(id="0a1b2c3d-0000-4000-8000-000000000000", began_at="2026-11-28T04:00:00+00:00")
    kept(places, later)
    code, said = ask(places, "drill", "list", "-o", "json")
    assert (code, [one["id"][:8] for one in json.loads(said)]) == (0, ["0a1b2c3d", "6f1c2a9e"])
    assert json.loads(ask(places, "drill", "show", "6f1c2a9e", "-o", "json")[1])["signature"]
    assert json.loads(ask(places, "drill", "show", "-o", "json")[1])["id"] == later.id
    assert ask(places, "drill", "show", "ffff")[0] == 1
    assert ask(places, "certificate", "show", "6f1c") == ask(places, "drill", "show", "6f1c")


def test_a_drill_that_was_killed_leaves_a_trace_and_one_that_runs_is_told(places: Places) -> None:
    drill = trace(datetime.now(UTC))

    def listed() -> list[str]:
        return [one["result"] for one in json.loads(ask(places, "drill", "list", "-o", "json")[1])]

    kept(places)
    with shelf.begun(places, drill):
        assert listed() == ["running", "passed"]
    assert listed() == ["passed"]
    child = subprocess.Popen([sys.executable, "-c", (
        "import json, sys; from trunkline.cli.certificate import shelf; from trunkline.settings import load\n"
        "with shelf.begun(load({}, home=sys.argv[1]).places, json.loads(sys.argv[2])): print(flush=True); input()"),
        str(places.home), json.dumps(drill)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with child:
        assert child.stdout
        child.stdout.readline()
        assert listed() == ["running", "passed"]
        child.kill()
    assert listed() == ["killed", "passed"]
    said = ask(places, "drill", "list")[1]
    assert "What 0a1b2c3d (er1 primary) had failed may still stand, and the service does not tell" in said
    assert list(shelf.all_of(places)), "a trace is no certificate"


def trace(began: datetime, **changed: Any) -> dict[str, Any]:
    return {"id": "0a1b2c3d-0000", "beganAt": began.isoformat(), "target": "er1 primary", "mode": "silent",
            "fault": {"kind": "leg"}, "faultId": "/faults/drill-1", "drained": [], **changed}


def killed(places: Places, **changed: Any) -> shelf.Begun:
    shelf.write(places.certificates / "20261128T050000-0a1b2c3d.begun", json.dumps(trace(BEGAN, **changed)))
    drill, = shelf.without_certificate(places)
    return drill


BEGAN = datetime(2026, 11, 28, 5, tzinfo=UTC)
OURS = {"id": "/Faults/drill-1", "expiresAt": (BEGAN + timedelta(seconds=40)).isoformat()}


@pytest.mark.parametrize(("faults", "after_s", "stands", "said"), [
    ([OURS], 30, True, "the failure stands for another 10.0 s at most; 'trunkline heal er1 primary' ends it now"),
    ([OURS], 41, False, "Nothing that 0a1b2c3d"),
    ([{**OURS, "id": "/faults/another"}], 30, False, "Nothing that 0a1b2c3d"),
    ([], 30, False, "Nothing that 0a1b2c3d"),
    (None, 30, None, "may still stand, and the service does not tell"),
    (None, 4_000, False, "Nothing that 0a1b2c3d")])
def test_whether_what_a_killed_drill_failed_still_stands_is_said_by_who_knows(
        places: Places, faults: list[Any] | None, after_s: float, stands: bool | None, said: str) -> None:
    drill = killed(places)
    found = None if faults is None else {"faults": faults, "circuits": []}
    left = remains(drill, found, BEGAN + timedelta(seconds=after_s))
    assert left.stands is stands
    assert said in left.said(drill)


@pytest.mark.parametrize(("tested", "stands"), [(True, True), (False, False)])
def test_longer_paths_that_a_killed_drill_left_are_told_too(places: Places, tested: bool, stands: bool) -> None:
    drill = killed(places, drained=[["/circuits/er1", "primary"]])
    circuit = {"id": "/circuits/ER1", "name": "er1", "legs": {"primary": {"failoverTest": tested},
                                                             "secondary": {"failoverTest": True}}}
    left = remains(drill, {"faults": [], "circuits": [circuit]}, BEGAN + timedelta(seconds=60))
    assert (left.stands, left.as_json()["longerPaths"]) == (stands, ["er1 primary"] if tested else [])
    assert ("paths over er1 primary are still longer" in left.said(drill)) is tested


def test_a_killed_drill_is_shown_and_said_to_have_no_certificate(places: Places) -> None:
    kept(places)
    killed(places, beganAt=(datetime.now(UTC) - timedelta(hours=2)).isoformat())
    code, said = ask(places, "drill", "show", "0a1b")
    assert code == 0
    assert "It made no certificate. Nothing that 0a1b2c3d (er1 primary) had failed still stands." in said
    found = json.loads(ask(places, "drill", "show", "0a1b2c3d", "-o", "json")[1])
    assert (found["result"], found["stands"]) == ("killed", False)
    code, said = ask(places, "certificate", "verify", "0a1b2c3d")
    assert (code, "was killed and made no certificate; 'trunkline drill show 0a1b2c3d' says" in said) == (1, True)
    assert ask(places, "drill", "show", "0a1b", "--html", str(places.home / "page.html"))[0] == 1
    assert json.loads(ask(places, "drill", "show", "latest", "-o", "json")[1])["id"] == certificate().id


def test_where_no_trace_can_be_left_the_drill_goes_on(places: Places) -> None:
    places.home.mkdir(parents=True)
    places.certificates.write_text("in the way")
    with shelf.begun(places, {"id": "0a1b2c3d", "beganAt": "2026-11-28T05:00:00+00:00"}):
        pass


def test_kept_certificates_are_offered_to_whoever_types(places: Places) -> None:
    kept(places)
    context = click.Context(trunkline, obj=load_instance(places))
    offered = [one.value for one in shelf.complete(context, click.Argument(["file"]), "6f")]
    assert offered == ["6f1c2a9e", "6f"]


def test_targets_are_offered_to_whoever_types(places: Places) -> None:
    context = click.Context(trunkline, obj=load_instance(places))
    argument = click.Argument(["target"])
    assert [one.value for one in complete_target(context, argument, "loc")] == ["location"]


def load_instance(places: Places) -> Instance:
    return locate(str(places.home), {})


def test_a_difference_for_the_worse_fails(places: Places) -> None:
    before = kept(places)
    worse = kept(places, certificate(id="0a1b2c3d-0000-4000-8000-000000000000", unprotected=(unprotected(),)))
    code, said = ask(places, "certificate", "diff", str(before), str(worse))
    assert code == 1
    assert "worse than before: second way of" in said
    assert ask(places, "certificate", "diff", str(worse), str(before))[0] == 0
    assert ask(places, "certificate", "diff", str(before), str(before)) == (0, "Nothing differs.\n")


@pytest.mark.parametrize("changed", [
    {"target": "er1 secondary", "fault": {"kind": "leg", "leg": "secondary"}}, {"mode": "drain"}])
def test_what_failed_otherwise_is_compared_only_on_demand(places: Places, changed: dict[str, Any]) -> None:
    made = certificate()
    before, after = kept(places), kept(places, made.model_copy(update={
        "id": "0a1b2c3d-0000-4000-8000-000000000000", "failed": made.failed.model_copy(update=changed)}))
    code, said = ask(places, "certificate", "diff", str(before), str(after))
    assert (code, said.count("\n")) == (1, 1)
    assert "certificates of different failures (" in said
    code, said = ask(places, "certificate", "diff", str(before), str(after), "--anyway")
    assert code == 0
    assert said.startswith("trunkline: these are certificates of different failures (")


def test_the_same_thing_by_another_name_is_compared(places: Places) -> None:
    made = certificate()
    after = kept(places, made.model_copy(update={
        "id": "0a1b2c3d-0000-4000-8000-000000000000",
        "failed": made.failed.model_copy(update={"target": "rg1/er1 primary"})}))
    assert ask(places, "certificate", "diff", str(kept(places)), str(after))[0] == 0


def test_where_nothing_can_be_written_it_is_said_before_and_after(places: Places) -> None:
    places.home.mkdir(parents=True)
    places.certificates.write_text("in the way")
    with pytest.raises(OSError, match="exists"):
        shelf.writable(places)
    with pytest.raises(OSError, match="exists"):
        shelf.keep(places, rendered(certificate()))


def test_the_page_fetches_nothing_runs_nothing_and_escapes_what_others_have_named() -> None:
    found = page(certificate(host="<script>alert(1)</script>", unprotected=(unprotected("no <b>way</b>"),)))
    assert "<script" not in found
    assert "no &lt;b&gt;way&lt;/b&gt;" in found
    assert "http://" not in found
    assert "https://" not in found
    assert "default-src 'none'" in found


def test_the_page_tells_verdict_measures_and_routes() -> None:
    found = page(certificate(measures=(measure(outage_ms=2_400.0),)))
    for word in ("What happens when er1 primary fails", "2,400 ms", "300 ms × 3", "65010 via 172.16.0.1", "late"):
        assert word in found


def test_paper_is_a_pdf_and_the_same_each_time(tmp_path: Path, places: Places) -> None:
    made = certificate(unprotected=(unprotected(),))
    assert paper(made).startswith(b"%PDF")
    assert paper(made) == paper(made)
    kept(places, made)
    files = [tmp_path / name for name in ("page.html", "page.pdf")]
    assert ask(places, "drill", "show", "--html", str(files[0]), "--pdf", str(files[1]))[0] == 0
    assert [path.stat().st_size > 1_000 for path in files] == [True, True]
