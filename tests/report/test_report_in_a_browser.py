"""The report of a run as a user sees it, in a real browser."""
from __future__ import annotations

import pytest
from browser import Browser
from sample import SECRET, report

# Each visible text's contrast with what is behind it, as the WCAG compute it; the least of them with its text.
LEAST_CONTRAST = '''
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = color => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data]; };
const light = color => { const [r, g, b] = rgba(color).map(part => part / 255).map(
  part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const behind = element => {
  const node = element.closest('g.node');
  if (node) return getComputedStyle(node.querySelector('rect')).fill;
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if (rgba(color)[3]) return color;
  }
  return 'white';
};
let least = [99, ''];
for (const element of document.querySelectorAll('body *')) {
  const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data).join('').trim();
  if (!text || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'title'].includes(element.tagName) || !element.checkVisibility()) continue;
  const front = element.namespaceURI.endsWith('svg') ? getComputedStyle(element).fill : getComputedStyle(element).color;
  const [a, b] = [light(front), light(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < least[0]) least = [ratio, text, front, behind(element)];
}
return least;
'''
NODES = 'return [...document.querySelectorAll("details.host")].map(h => h.querySelectorAll("svg .node rect").length)'


@pytest.fixture(scope='module')
def browser():
    opened = Browser()
    yield opened
    opened.close()


@pytest.fixture(scope='module')
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp('reports')
    report(3, folder / 'few.html', shared=True)
    report(300, folder / 'many.html', unreached=12)
    return folder


def test_the_picture_shows_every_subtask_of_every_host(browser, reports):
    browser.open(reports / 'few.html')
    assert browser.visible('h1') == ['OBProxy create failed']
    assert browser.run(NODES) == [12, 12, 12]
    texts = browser.run('return [...document.querySelectorAll("#host-1 svg text")].map(text => text.textContent.trim())')
    assert texts[5].startswith('\u2717 ') and texts[5].endswith(' s') and texts[6:] == ['\u00b7'] * 6
    assert browser.run('return document.querySelectorAll("#host-0 .way.shared").length') == 2
    assert 'port 2883 is taken' in browser.visible('.failures')[0]
    assert '-e @batch_add.json' in browser.visible('.advice')[0]
    assert browser.complaints() == []


@pytest.mark.parametrize('name', ['few', 'many'])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
def test_all_texts_can_be_read(browser, reports, name, scheme):
    browser.command('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
    browser.open(reports / f'{name}.html')
    browser.run('document.getElementById("host-1").open = true')
    ground = browser.run('return getComputedStyle(document.body).backgroundColor')
    assert (ground == 'rgb(255, 255, 255)') is (scheme == 'light')
    ratio, *where = browser.run(LEAST_CONTRAST)
    assert ratio >= 4.5, where


def test_hosts_are_found_by_state_and_by_words(browser, reports):
    browser.open(reports / 'many.html')
    assert len(browser.visible('details.host')) == 300
    browser.click('label[for=show-failed]')
    assert [text.split()[1] for text in browser.visible('details.host summary')] == ['proxy002', 'proxy017', 'proxy044']
    browser.type('#search', 'no ROUTE')
    assert [text.split()[1] for text in browser.visible('details.host summary')] == ['proxy044']
    assert browser.visible('output') == ['1 of 300 hosts']
    browser.click('label[for=show-all]')
    browser.run('const e = document.getElementById("search"); e.value = ""; e.dispatchEvent(new Event("input"))')
    assert len(browser.visible('details.host')) == 300
    browser.click('label[for=show-pending]')
    assert len(browser.visible('details.host')) == 12


def test_the_keyboard_suffices(browser, reports):
    browser.open(reports / 'few.html')
    browser.run('document.querySelector("#host-1 summary").focus()')
    assert not any('port 2883' in text for text in browser.visible('#host-1 pre'))
    browser.type('#host-1 summary', '\ue007')
    assert any('port 2883 is taken' in text for text in browser.visible('#host-1 pre'))
    assert any('installed with ********' in text for text in browser.visible('#host-1 pre.log'))
    browser.type('#show-all', '\ue015')
    assert len(browser.visible('details.host')) == 1


def test_a_link_to_a_host_opens_it(browser, reports):
    browser.open(reports / 'many.html')
    browser.click('.failures article:nth-of-type(2) a')
    assert browser.run('return document.querySelector("details.host[open]").id') == 'host-16'


def test_it_works_without_javascript(browser, reports):
    browser.command('Emulation.setScriptExecutionDisabled', value=True)
    try:
        browser.open(reports / 'few.html')
        assert browser.visible('#search') == []
        browser.click('label[for=show-failed]')
        assert len(browser.visible('details.host')) == 1
        browser.click('#host-1 summary')
        assert any('port 2883 is taken' in text for text in browser.visible('#host-1 pre'))
    finally:
        browser.command('Emulation.setScriptExecutionDisabled', value=False)


def test_what_hosts_say_is_text_and_nothing_is_loaded(browser, reports):
    browser.open(reports / 'many.html')
    assert browser.run('return document.title') == 'OBProxy batch add, run 12: failed'
    assert 'taken over' in browser.visible('.failures article:nth-of-type(2)')[0]
    assert SECRET not in (reports / 'many.html').read_text() and '********' in browser.visible('.failures')[0]
    assert browser.run('return performance.getEntriesByType("resource").length') == 0
    assert browser.run('const image = new Image(); image.src = "http://192.0.2.1/x.png"; document.body.append(image); '
                       'return new Promise(done => document.addEventListener("securitypolicyviolation", () => done(true)))') is True


@pytest.mark.parametrize('width', [1460, 700])
def test_the_page_itself_never_scrolls_sideways(browser, reports, width):
    browser.command('Emulation.setDeviceMetricsOverride', width=width, height=780, deviceScaleFactor=1, mobile=False)
    try:
        for name in ('few', 'many'):
            browser.open(reports / f'{name}.html')
            browser.run('document.getElementById("host-1").open = true')
            assert browser.run('return document.documentElement.scrollWidth') <= width
    finally:
        browser.command('Emulation.clearDeviceMetricsOverride')
