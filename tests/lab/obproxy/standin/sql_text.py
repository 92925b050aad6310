"""Reading the few statements that the admin SQL knows."""
import re

# in the form that never backtracks, whatever the length
QUOTED = (r"'[^'\\]*(?:(?:'\s*'|\\.)[^'\\]*)*'" + r'|"[^"\\]*(?:(?:"\s*"|\\.)[^"\\]*)*"')
# what stands in a literal of the admin SQL without counting for its length
UNCOUNTED = {"'": re.compile(r"\\.|'\s*'", re.S), '"': re.compile(r'\\.|"\s*"', re.S)}
# one word, one number or one literal: 1.5 and a:b need quotes
ASSIGNMENT = re.compile(
    r'(?:`([^`]+)`|([A-Za-z0-9_]+))\s*=\s*(?:(%s)|([-+]?[0-9]{1,17})|([A-Za-z0-9$_#]*))$' % QUOTED, re.S)
REPLACE = re.compile(r'^replace\s+into\s+proxy_config\s*\(([^)]*)\)\s*values\s*\((.*)\)$', re.I | re.S)
# SQLite itself reads what is said to proxy_config: a doubled quote is a quote, a backslash is itself
SQLITE_QUOTED = r"'[^']*(?:''[^']*)*'" + r'|"[^"]*(?:""[^"]*)*"'
VALUE = re.compile(r'\s*(%s|[^\s,\'"]+)\s*(,|$)' % SQLITE_QUOTED, re.S)


class SyntaxFault(Exception):
    pass


def unquote(literal):
    """What the admin SQL makes of a literal: an escape or a doubled quote does not end it, but is
    neither resolved nor counted, so that the text lacks as many bytes at its end: 'it''s' is it'.
    """
    body = literal[1:-1]
    lost = sum(len(one.encode('utf-8')) for one in UNCOUNTED[literal[0]].findall(body))
    if not lost:
        return body
    return body.encode('utf-8')[:-lost].decode('utf-8', 'replace')


def sqlite_unquote(literal):
    quote = literal[0]
    return literal[1:-1].replace(quote * 2, quote) if quote in '\'"' else literal


def bare(statement):
    """Without a leading comment and the closing semicolon."""
    return re.sub(r'^\s*/\*.*?\*/', '', statement, flags=re.S).strip().rstrip(';').strip()


def assignment(body):
    """name = value, and no second one. Nothing after the = is the empty text."""
    match = ASSIGNMENT.match(body)
    if match is None:
        raise SyntaxFault(body[:40])
    quoted_name, name, literal, number, word = match.groups()
    if literal is not None:
        value = unquote(literal)
    else:
        # a number without quotes is decimal, whatever zeros it begins with
        value = str(int(number)) if number is not None else word
    return (quoted_name or name).lower(), value


def scan(body):
    found = []
    position = 0
    while True:
        match = VALUE.match(body, position)
        if match is None:
            raise SyntaxFault(body[position:position + 40])
        found.append(sqlite_unquote(match.group(1)))
        position = match.end()
        if not match.group(2):
            return found


def replace_row(statement):
    match = REPLACE.match(statement)
    if match is None:
        raise SyntaxFault(statement[:40])
    names = [name.strip(' `\t\r\n').lower() for name in match.group(1).split(',')]
    values = scan(match.group(2))
    if len(names) != len(values):
        raise SyntaxFault('as many values as columns')
    return dict(zip(names, values))


def like(pattern):
    """A LIKE pattern as a compiled expression."""
    out = []
    for token in re.findall(r'\\.|.', pattern, re.S):
        out.append({'%': '.*', '_': '.'}.get(token) or re.escape(token[-1]))
    return re.compile('^' + ''.join(out) + '$', re.I | re.S)
