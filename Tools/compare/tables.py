"""Sections of docs/correctness.md that tools write: between `<!-- NAME -->` and `<!-- /NAME -->`."""


def write(path, name, lines):
    text = path.read_text()
    start, end = f'<!-- {name} -->', f'<!-- /{name} -->'
    before, rest = text.split(start)
    _, after = rest.split(end)
    path.write_text(before + start + '\n' + '\n'.join(lines) + '\n' + end + after)
