"""The configuration in force, and the one that waits for a restart."""
import hashlib

from . import catalog, values


class ConfigError(Exception):
    """errno is what the admin SQL answers with."""

    def __init__(self, errno, message):
        super(ConfigError, self).__init__(message)
        self.errno = errno


def unknown(name):
    return ConfigError(5099, "System config unknown: '%s'" % name)


def bad_value(name):
    return ConfigError(4147, "Invalid config: value of '%s'" % name)


def sha1(text):
    """'' stays '': no password."""
    return hashlib.sha1(text.encode('utf-8')).hexdigest() if text else ''


class Config(object):
    def __init__(self, release, persistence):
        self.release = release
        self.persistence = persistence
        self.items = catalog.load(release)
        self.running = dict((name, item.default) for name, item in self.items.items())
        self.shown = dict(self.running)

    def load(self, environment, options):
        """Defaults, then what is persisted, then the environment, then the command line.

        Returns the names of options that nobody knows; raises ConfigError for a bad value.
        """
        ignored = []
        persisted = self.persistence.load()
        for name, value in persisted.items():
            if name in self.items:
                self.shown[name] = value
        for name in ('observer_sys_password', 'observer_sys_password1'):
            if self.release.at_least(4, 3, 1) and name in environment:
                self.shown[name] = environment[name]
        for name, value in options:
            if name not in self.items:
                ignored.append(name)
            elif not self.items[name].one_shot:
                self.check(name, value)
                self.shown[name] = value
        self.running = dict(self.shown)
        return ignored

    def check(self, name, value):
        if name not in self.items:
            raise unknown(name)
        try:
            values.check(self.items[name], value)
        except values.BadValue:
            raise bad_value(name)

    def save(self):
        self.persistence.save(dict(
            (name, value) for name, value in self.shown.items() if not self.items[name].one_shot))

    def differing(self):
        return sorted(name for name, item in self.items.items() if self.shown[name] != item.default)

    def alter(self, name, value):
        if name == 'app_name':
            raise ConfigError(1235, 'Not supported feature or function: alter app_name')
        self.check(name, value)
        self.check_proxy_id(name, value)
        item = self.items[name]
        if item.one_shot:
            return
        self.shown[name] = sha1(value) if name in catalog.PASSWORDS else value
        if not item.need_reboot:
            self.running[name] = self.shown[name]
        self.save()

    def check_proxy_id(self, name, value):
        """Session ids of version 1, the only one before 4.2.3, have 8 bits for the proxy_id."""
        both = {'proxy_id': self.shown['proxy_id'],
                'client_session_id_version': self.shown.get('client_session_id_version', '1')}
        if name in both:
            both[name] = value
            if values.whole(both['client_session_id_version']) == 1 and values.whole(both['proxy_id']) > 255:
                raise bad_value(name)

    def whole(self, name):
        return values.whole(self.running[name])

    def boolean(self, name):
        return name in self.items and values.boolean(self.running[name])

    def seconds(self, name):
        return values.microseconds(self.running[name]) / 1000000.0
