"""BGP daemons on this machine: the room where BIRD's and FRR's syntax, sockets and processes are known.

A ``Router`` (``intent.bgp``) travels: ``policy`` and ``naming`` flatten it for one daemon → ``bird.render`` or
``frr.render`` make a view and a template prints it → the daemon's own parser checks it → ``bird.speaker`` or
``frr.speaker`` start the daemon or reload it. Back come answers of the daemon's control socket through ``bird.parse``
and ``frr.parse``. Shared by both: ``files`` (a node's directory), ``life`` (a running daemon that is certainly ours),
``deaths`` (who is told when one ends),
``keys`` and ``rekey`` (another TCP-MD5 key without a reset). ``daemons`` picks the speaker that a router names.

Daemons outlive this process: each has its own session, and what runs is found again by pid file and /proc.
"""

from trunkline.routing.bird.speaker import BirdSpeaker
from trunkline.routing.daemons import Daemons
from trunkline.routing.frr.speaker import FrrSpeaker

__all__ = ["BirdSpeaker", "Daemons", "FrrSpeaker"]
