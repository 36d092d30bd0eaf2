"""The red team: attacks on a running estate, each with a verdict on the control that must stop it.

    scratch     the estate that the drill builds for itself, attacker and victim, and takes away again
    agent       the attacker's process inside its own namespace
    attack      what an attack is, and what became of it: values
    ground      what attacks stand on: the attacker's session, what the cloud made of it, what it counted and noticed
    routes      attacks by routes     sessions  by sessions and their bytes     wire  by frames
    origins     by wrong origins, and against validation itself
    checklist   all of them
    alarms      what the monitor noticed, and how soon
    collateral  whether anybody else felt it
    play        one after the other, and the verdicts
"""
