"""The command line. It speaks to the public HTTPS API like any other client; what needs drivers it starts as
``python -m trunkline.assembly``. Modules of commands are imported when their command runs, so that help is quick.

    root      the command itself: global options, which command is in which module
    commands  one module per command or family of commands
    instance  one running Trunkline: its lock, its supervisor, its assembly words
    client    the HTTPS API as an account sees it; accounts, az: who we are towards it
    nodes     names of nodes and the way into them
    estate    estate files: YAML to wishes, and wishes to requests
    demo      the main job, shown from end to end
    output, progress, failure   what the user sees, and the exit codes
"""
