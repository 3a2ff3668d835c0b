"""The web page of one person on this machine: the same use cases as the command line, on loopback or a Unix socket."""
