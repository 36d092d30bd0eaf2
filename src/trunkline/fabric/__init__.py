"""LinuxPlane: what ``intent.network`` describes, made of namespaces, veth, VXLAN, bridges, routes and eBPF.

From the bottom upwards:

- ``system``     the system calls that Python 3.11 lacks
- ``namespace``  network namespaces: make, delete, list, enter
- ``ground``     what is changed on the machine itself (mounts, neighbour thresholds), and undone by the last to leave
- ``ownership``  the alias by which an interface is known as ours
- ``netlink``    rtnetlink sockets, and reading answers · ``rtnl`` the messages that we write
- ``visit``      one call's open sockets and descriptors in the namespaces that it needs
- ``sysctl`` ``interface``  what nodes and links are made of
- ``node`` ``link`` ``port`` ``tunnel`` ``route`` ``xconnect`` ``impair``
  one module per piece, each with is_settled, ensure and remove
- ``relays``     starting and ending the processes that delay frames · ``relay`` such a process
- ``neighbor``   the neighbour tables
- ``plane``      LinuxPlane itself · ``sweep`` its broom
- ``machine``    what this machine can do, for ``trunkline doctor``; ``probe`` tries it
- ``bpf``        the program that connects hand-offs, in C, and libbpf

Foreign words of the kernel stay in this room.
"""
