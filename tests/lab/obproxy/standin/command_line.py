"""The command line of bin/obproxy."""
import getopt


class BadOption(Exception):
    pass


class Options(object):
    def __init__(self):
        self.foreground = False
        self.show_version = False
        self.settings = []


def split_settings(text):
    """k=v,k=v: every comma separates, so a value cannot hold one."""
    found = []
    for part in text.split(','):
        if not part.strip():
            continue
        name, equals, value = part.partition('=')
        if not equals:
            raise BadOption(part)
        found.append((name.strip(), value.strip()))
    return found


def parse(arguments, release):
    names = {'-p': 'listen_port', '-l': 'prometheus_listen_port', '-n': 'app_name',
             '-c': 'rootservice_cluster_name', '-r': 'rootservice_list'}
    if release.at_least(4, 3, 0):
        names['-s'] = 'rpc_listen_port'
    letters = ''.join(flag[1] + ':' for flag in sorted(names)) + 'o:NV'
    options = Options()
    flags = []
    try:
        found, rest = getopt.getopt(arguments, letters)
    except getopt.GetoptError as error:
        raise BadOption(str(error))
    if rest:
        raise BadOption(rest[0])
    for flag, value in found:
        if flag == '-N':
            options.foreground = True
        elif flag == '-V':
            options.show_version = True
        elif flag == '-o':
            options.settings.extend(split_settings(value))
        else:
            flags.append((names[flag], value))
    options.settings.extend(flags)
    return options
