"""A headless Chromium, driven by the WebDriver protocol that Debian's chromedriver speaks."""
from __future__ import annotations

import json
import subprocess
import tempfile
import urllib.request

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars']


class Browser:
    """One window."""

    def __init__(self, size=(1460, 780)):
        self._profile = tempfile.TemporaryDirectory(prefix='report-browser-')
        self._driver = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, text=True)
        for line in self._driver.stdout:
            if 'started successfully on port' in line:
                self._root = f'http://127.0.0.1:{line.rstrip().rstrip(".").rpartition(" ")[2]}/session'
                break
        flags = [*FLAGS, f'--user-data-dir={self._profile.name}', f'--window-size={size[0]},{size[1]}']
        options = {'goog:chromeOptions': {'args': flags}, 'goog:loggingPrefs': {'browser': 'ALL'}}
        self._root += f"/{self._ask('', {'capabilities': {'alwaysMatch': options}})['sessionId']}"

    def _ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data, {'Content-Type': 'application/json'}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.loads(answer.read())['value']

    def open(self, path):
        """Open a file."""
        self._ask('/url', {'url': f'file://{path}'})

    def run(self, script, *arguments):
        """Return what a function's body returns in the page."""
        return self._ask('/execute/sync', {'script': script, 'args': list(arguments)})

    def element(self, selector):
        return self._ask('/element', {'using': 'css selector', 'value': selector})[ELEMENT]

    def click(self, selector):
        self._ask(f'/element/{self.element(selector)}/click', {})

    def type(self, selector, text):
        self._ask(f'/element/{self.element(selector)}/value', {'text': text})

    def visible(self, selector):
        """Return the texts of the elements that are to be seen."""
        return self.run('return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).map(e => e.innerText)', selector)

    def command(self, name, **parameters):
        """Give a command of the DevTools."""
        return self._ask('/goog/cdp/execute', {'cmd': name, 'params': parameters})

    def complaints(self):
        return [entry['message'] for entry in self._ask('/se/log', {'type': 'browser'})]

    def close(self):
        try:
            self._ask('', method='DELETE')
        finally:
            self._driver.terminate()
            self._driver.wait(20)
            self._driver.stdout.close()
            self._profile.cleanup()
