"""Programs for nodes that ask services, and one that answers: DNS, and marks as they arrive. Each reads arguments."""

from __future__ import annotations

#: Address, kind of socket.
DNS = """
import socket, struct, sys
address, kind = sys.argv[1], int(sys.argv[2])
query = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + b"\\x04blob\\x05azure\\x00" + struct.pack("!2H", 16, 1)
with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as asker:
    asker.settimeout(3)
    asker.connect((address, 53))
    asker.send(query if kind == socket.SOCK_DGRAM else len(query).to_bytes(2) + query)
    print(asker.recv(4096).decode(errors="replace"))
"""

#: Address: says with which DSCP value it was reached, and answers with the one that it is told.
MIRROR = """
import socket, struct, sys
family, port = (socket.AF_INET6, 7001) if ":" in sys.argv[1] else (socket.AF_INET, 7000)
level, receive, mark = ((socket.IPPROTO_IPV6, 66, 67) if family == socket.AF_INET6 else (socket.IPPROTO_IP, 13, 1))
with socket.socket(family, socket.SOCK_DGRAM) as bound:
    bound.setsockopt(level, receive, 1)
    bound.bind((sys.argv[1], port))
    print("ready", flush=True)
    while True:
        data, beside, _, peer = bound.recvmsg(64, 256)
        seen = next(int.from_bytes(value[:4], sys.byteorder) if len(value) >= 4 else value[0]
                    for _, kind, value in beside if kind == mark) >> 2
        bound.setsockopt(level, mark, int(data) << 2)
        bound.sendto(str(seen).encode(), peer)
"""

#: Address, DSCP values: prints what was sent, what arrived, what came back.
MARKED = """
import socket, sys
family, port = (socket.AF_INET6, 7001) if ":" in sys.argv[1] else (socket.AF_INET, 7000)
level, receive, mark = ((socket.IPPROTO_IPV6, 66, 67) if family == socket.AF_INET6 else (socket.IPPROTO_IP, 13, 1))
with socket.socket(family, socket.SOCK_DGRAM) as asker:
    asker.settimeout(3)
    asker.setsockopt(level, receive, 1)
    for dscp in map(int, sys.argv[2:]):
        asker.setsockopt(level, mark, dscp << 2)
        asker.sendto(str(dscp).encode(), (sys.argv[1], port))
        data, beside, *_ = asker.recvmsg(64, 256)
        back = next(int.from_bytes(value[:4], sys.byteorder) if len(value) >= 4 else value[0]
                    for _, kind, value in beside if kind == mark) >> 2
        print(dscp, data.decode(), back)
"""
