"""The keys of the house: the one place that picks drivers and starts processes.

    python -m trunkline.assembly up         supervise the two processes below, in the foreground
    python -m trunkline.assembly api        the front door: HTTPS
    python -m trunkline.assembly reconcile  making it so: the only process that touches the network
    python -m trunkline.assembly sweep      remove everything of this instance from the machine
    python -m trunkline.assembly doctor     what this machine has and lacks
    python -m trunkline.assembly rekey      encrypt the stored secrets with a new key
    python -m trunkline.assembly node NAME  the network namespace of a node

Settings come from the environment (``trunkline.settings``). Each word is a module of that name, and imports only the
rooms that it needs: that is most of the time of a start. ``drivers`` picks them.
"""
