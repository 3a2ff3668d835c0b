"""Who is at the keyboard."""

import getpass
import os
import socket


def person() -> str:
    """The user and the machine, such as ann@desk: who a halt, an arming and the like are by."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a number without an entry among the users, as in a container
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"
