"""What BIRD has written about its peers: ``bird.log``, from a position on. It turns the file over when it is full; then
what is new begins at its start, and what was written last into the old one is lost.
"""

from __future__ import annotations

import re

from trunkline.intent.bgp import Remark, Router
from trunkline.routing.bird.render import protocol_of
from trunkline.routing.files import NodeFiles

LOG = "bird.log"
_MOST_BYTES = 65_536
#: Causes that lie with a peer (remote, auth), and warnings: who connects without being one.
_LINE = re.compile(r"<(?:RMT|AUTH|WARN)> (?:'?(?P<name>[A-Za-z0-9_.:-]{1,48})'?: )?(?P<text>.+)")


def read(files: NodeFiles, router: Router, since: int) -> tuple[int, tuple[Remark, ...]]:
    try:
        with open(files.path(LOG), "rb") as file:
            size = file.seek(0, 2)
            if since in (-1, size):
                return size, ()
            file.seek(since if since < size else 0)
            written = file.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return 0, ()
    whole, _, _ = written.rpartition(b"\n")
    start = since if since < size else 0
    return start + len(whole) + bool(whole), _parse(whole.decode(errors="replace"), router)


def _parse(text: str, router: Router) -> tuple[Remark, ...]:
    names = {protocol_of(session): session.name for session in router.sessions}
    found = (_LINE.search(line) for line in text.splitlines())
    return tuple(_remark(names, one["name"] or "", one["text"]) for one in found if one)


def _remark(names: dict[str, str], name: str, text: str) -> Remark:
    return Remark(names[name], text) if name in names else Remark("", f"{name}: {text}" if name else text)
