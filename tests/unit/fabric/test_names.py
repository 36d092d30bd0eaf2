"""Small names: settings, arguments, directories of pins, order of settings."""

from __future__ import annotations

from trunkline import settings
from trunkline.fabric import namespace, node, switchboard, sysctl
from trunkline.intent.network import Node, Role

PLACES = settings.load({}, home="/nowhere").places


def test_a_command_in_a_namespace_is_an_argument_list() -> None:
    assert namespace.argv("tl-abcd-one", ["ip", "addr"]) == [
        "nsenter",
        "--net=/run/netns/tl-abcd-one",
        "--",
        "ip",
        "addr",
    ]


def test_pins_have_no_dots() -> None:
    assert switchboard.directory(PLACES, "edge.paris").parent.name == "edge~paris"


def test_forwarding_is_written_before_the_settings_that_it_resets() -> None:
    names = [name for name, _ in node.settings(Node("one", Role.VRF, forwarding=True))]
    assert names.index("ipv4.ip_forward") < names.index("ipv4.conf.all.accept_redirects")


def test_a_nodes_own_settings_win_and_each_is_written_once() -> None:
    wish = Node("one", Role.VRF, sysctls=(("ipv4.conf.all.rp_filter", "2"),))
    found = node.settings(wish)
    assert ("ipv4.conf.all.rp_filter", "2") in found
    assert len(found) == len(dict(found))


def test_ipv6_is_on_only_for_nodes_that_have_it() -> None:
    assert dict(node.settings(Node("one", Role.VRF)))["ipv6.conf.all.disable_ipv6"] == "1"
    assert dict(node.settings(Node("one", Role.VRF, loopback=("fd00::1/128",))))["ipv6.conf.all.disable_ipv6"] == "0"


def test_a_setting_that_the_kernel_lacks_reads_as_empty() -> None:
    assert sysctl.read("ipv4.no_such_setting") == ""
    assert not sysctl.is_set([("ipv4.no_such_setting", "1")])
