'use strict';
const search = document.getElementById('search');
if (search) {
  const hosts = [...document.querySelectorAll('details.host')].map(
    host => [host, host.textContent.toLowerCase()]);
  const found = document.querySelector('output');
  search.closest('.search').hidden = false;
  search.addEventListener('input', () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const [host, text] of hosts) {
      host.hidden = !words.every(word => text.includes(word));
      count += !host.hidden;
    }
    found.textContent = words.length ? `${count} of ${hosts.length} hosts` : '';
  });
  const open = () => {
    const host = document.getElementById(location.hash.slice(1));
    if (host && host.matches('details')) {
      host.open = true;
    }
  };
  addEventListener('hashchange', open);
  open();
}
