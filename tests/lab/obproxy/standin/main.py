"""Start: from the command line to a proxy that serves, or to one that is gone."""
import os
import sys


def daemonise():
    """The caller gets exit code 0, whatever becomes of the child."""
    if os.fork():
        os._exit(0)
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    if null > 2:
        os.close(null)


def main(argv):
    from . import command_line, listeners, release
    this = release.read()
    try:
        options = command_line.parse(argv[1:], this)
    except command_line.BadOption as error:
        sys.stderr.write('obproxy: bad option: %s\n' % error)
        os._exit(0)
    if options.show_version:
        sys.stderr.write('obproxy (%s)\nREVISION: stand-in\nBUILD_TIME: stand-in\n' % this.text())
        os._exit(0)
    # a child of a hot restart stays its parent's child
    if not options.foreground and listeners.INHERITED % 'SQL' not in os.environ:
        daemonise()
    from .start import start
    start(argv[0], options, this)
