"""Reading the few statements that the admin SQL knows."""
import re

# in the form that never backtracks, whatever the length
QUOTED = (r"'[^'\\]*(?:(?:''|\\.)[^'\\]*)*'" + r'|"[^"\\]*(?:(?:""|\\.)[^"\\]*)*"')
ASSIGNMENT = re.compile(r'\s*`?(\w+)`?\s*=\s*(%s|[^\s,;\'"]+)\s*(,|$)' % QUOTED, re.S)
REPLACE = re.compile(r'^replace\s+into\s+proxy_config\s*\(([^)]*)\)\s*values\s*\((.*)\)$', re.I | re.S)
VALUE = re.compile(r'\s*(%s|[^\s,\'"]+)\s*(,|$)' % QUOTED, re.S)
# \% and \_ keep their backslash: they matter to LIKE
ESCAPES = {'n': '\n', 't': '\t', 'r': '\r', '0': '\0', '%': '\\%', '_': '\\_'}


class SyntaxFault(Exception):
    pass


def unquote(literal):
    quote = literal[0]
    if quote not in '\'"':
        return literal
    body = literal[1:-1].replace(quote * 2, '\\' + quote)
    return re.sub(r'\\(.)', lambda match: ESCAPES.get(match.group(1), match.group(1)), body,
                  flags=re.S)


def bare(statement):
    """Without a leading comment and the closing semicolon."""
    return re.sub(r'^\s*/\*.*?\*/', '', statement, flags=re.S).strip().rstrip(';').strip()


def scan(pattern, body):
    found = []
    position = 0
    while True:
        match = pattern.match(body, position)
        if match is None:
            raise SyntaxFault(body[position:position + 40])
        found.append(match.groups()[:-1])
        position = match.end()
        if not match.groups()[-1]:
            return found


def assignments(body):
    """name = value, name = value"""
    return [(name.lower(), unquote(value)) for name, value in scan(ASSIGNMENT, body)]


def replace_row(statement):
    match = REPLACE.match(statement)
    if match is None:
        raise SyntaxFault(statement[:40])
    names = [name.strip(' `\t\r\n').lower() for name in match.group(1).split(',')]
    values = [unquote(value) for value, in scan(VALUE, match.group(2))]
    if len(names) != len(values):
        raise SyntaxFault('as many values as columns')
    return dict(zip(names, values))


def like(pattern):
    """A LIKE pattern as a compiled expression."""
    out = []
    for token in re.findall(r'\\.|.', pattern, re.S):
        out.append({'%': '.*', '_': '.'}.get(token) or re.escape(token[-1]))
    return re.compile('^' + ''.join(out) + '$', re.I | re.S)
