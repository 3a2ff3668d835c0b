"""`rebalance web`."""

from functools import partial
from pathlib import Path
from typing import Annotated

from typer import Option

from rebalancer.cli.config_file import load_config
from rebalancer.cli.options import Answer, ConfigOption, JsonOption, person
from rebalancer.cli.screen import say
from rebalancer.cli.signals import shutdown_signal
from rebalancer.errors import BadInputError, visible

PORT = 8321


def web(
    port: Annotated[
        int, Option("--port", min=0, max=65535, help="The port on this machine; 0 takes a free one.")
    ] = PORT,
    socket: Annotated[Path | None, Option("--socket", help="A Unix socket instead, that only you can open.")] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> Answer | None:
    """Serve a web page and an API on this machine alone, until Ctrl-C. Needs the token that it names."""
    try:
        from rebalancer.web import server
    except ModuleNotFoundError as error:
        raise BadInputError.of("web", "needs its libraries: pip install 'rebalancer[web]'") from error
    from rebalancer.market.clock import SystemClock
    from rebalancer.web.door import token_file, token_of
    from rebalancer.web.site import site_of

    settings = load_config(config)
    token = token_of(settings.state_dir)
    listening = server.unix_socket(socket) if socket else server.loopback(port)
    at = str(socket) if socket else f"http://{server.LOOPBACK}:{listening.getsockname()[1]}/"
    site = site_of(partial(load_config, config, quietly=True), SystemClock(), f"{person()}, web", token)
    if json:
        from rebalancer.cli.options import show_json

        show_json({"address": at, "token_file": str(token_file(settings.state_dir))})
    else:
        say(f"Serving {visible(at)}")
        say(f"Log in there with the token in {visible(token_file(settings.state_dir))}. Ctrl-C ends it.")
    with shutdown_signal(), listening:
        server.serve(site, listening)
    return None
