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


def say(text):
    """To stderr and out: the exit code is 0, whatever there is to say."""
    sys.stderr.write(text + '\n')
    sys.stderr.flush()
    os._exit(0)


def main(argv):
    from . import command_line, listeners, release
    this = release.read()
    try:
        options = command_line.parse(argv[1:], this)
    except command_line.BadOption as error:
        say('obproxy: bad option: %s' % error)
    if options.show_version:
        say('obproxy (%s)\nREVISION: stand-in\nBUILD_TIME: stand-in' % this.text())
    # a child of a hot restart stays its parent's child
    if not options.foreground and listeners.INHERITED % 'SQL' not in os.environ:
        daemonise()
    from .start import start
    start(argv[0], options, this)
