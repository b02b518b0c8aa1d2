"""The whole demo in one process: the platform, a database, the catalogue and a server, all gone
when it ends."""
import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile

from flagship import Flagship
from flagship.emulator import Emulator

CAMPAIGNS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                         "campaigns.json")
MODES = {"api": "API", "bucketing": "Bucketing"}


def main(arguments):
    """Run the demo until Ctrl-C.

    :return: the exit code: 0, 1 where the port cannot be used, or 2 where half of the credentials
        are missing.
    """
    parser = argparse.ArgumentParser(prog="manage.py demo",
                                     description="The demo shop, until Ctrl-C.")
    parser.add_argument("--mode", choices=sorted(MODES), default="api",
                        help="who decides: the platform, or this process; default: %(default)s")
    parser.add_argument("--port", type=port, default=0, help="default: a free one")
    options = parser.parse_args(arguments)
    given = [bool(os.environ.get(name)) for name in ("FLAGSHIP_ENV_ID", "FLAGSHIP_API_KEY")]
    if any(given) and not all(given):
        print("Set both FLAGSHIP_ENV_ID and FLAGSHIP_API_KEY, or neither.", file=sys.stderr)
        return 2
    # SIGTERM, with which service managers end a process, shall leave as little as Ctrl-C. A shell's
    # background jobs begin with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with surroundings(options.mode, on_emulator=not any(given)) as platform:
            prepare()
            serve(options.port, "%s mode, on %s" % (MODES[options.mode], platform))
    except KeyboardInterrupt:
        pass
    except PortRefused as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


class PortRefused(Exception):
    """The port cannot be listened on; the text says which and why."""


def port(text):
    """A port of the command line."""
    number = int(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError("must be from 0 to 65535, not %s" % text)
    return number


@contextlib.contextmanager
def surroundings(mode, on_emulator):
    """A folder, and an emulator unless the shop runs against the platform; told to settings.py
    through the environment. Gives the platform's name for people."""
    folder = tempfile.mkdtemp(prefix="flagship-marl-shop-")
    os.environ.update(SHOP_DEMO="1", SHOP_MODE=mode.upper(), SHOP_FOLDER=folder)
    emulator = None
    try:
        if on_emulator:
            emulator = Emulator(CAMPAIGNS).start()
            # requests would send loopback addresses through a proxy too, where the environment
            # names one.
            without = [os.environ.get("no_proxy") or os.environ.get("NO_PROXY"), emulator.host]
            os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(
                name for name in without if name)
            os.environ.update(FLAGSHIP_ENV_ID=emulator.env_id, FLAGSHIP_API_KEY=emulator.api_key,
                              SHOP_EMULATOR_URL=emulator.url)
        yield "the emulator at %s" % emulator.url if emulator else "the platform"
    finally:
        Flagship.instance().close()  # delivers what is queued, so before the emulator goes
        if emulator:
            emulator.stop()
        shutil.rmtree(folder, ignore_errors=True)


def prepare():
    """The database with the catalogue and the demo's customers; starts the SDK with Django."""
    import django
    from django.core.management import call_command
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("loaddata", "catalogue", verbosity=0)
    from shop.customers import make_demo_customers
    make_demo_customers()


def serve(port, description):
    """Serve the shop in this thread, each request in one of its own."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from results.shoppers import simulation
    from store.wsgi import application

    class Handler(WSGIRequestHandler):
        def log_message(self, *arguments):
            """Nothing: the QA panel shows what matters."""

    try:
        server = ThreadedWSGIServer(("127.0.0.1", port), Handler)
    except OSError as problem:
        raise PortRefused("Port %d cannot be used: %s." % (port, problem.strerror))
    server.daemon_threads = True  # a browser's idle connection must not keep the process
    server.set_app(StaticFilesHandler(application))
    address = "http://127.0.0.1:%d/" % server.server_port
    print("Shop      %s\nQA panel  %sqa/\nResults   %sqa/results/\n"
          "%s. Ctrl-C ends it and leaves nothing." % (address, address, address, description))
    sys.stdout.flush()
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        simulation.cancel(wait=True)
