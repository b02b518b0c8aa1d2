"""Text for people: columns that fit the terminal, and bars. Pure."""
import json
import re
import unicodedata

from flagship._compat import text_type

_BLOCKS = u"\u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"
# Names come out of files: none of them may steer the terminal or turn the line around.
_UNSAFE = re.compile(u"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_GAP = 2
_NARROWEST = 8  # of a column that is cut


def shown(text):
    """Text with its control characters written as escapes."""
    return _UNSAFE.sub(lambda found: u"\\u%04x" % ord(found.group()), text)


def named(name, id_):
    """What to call a part of a file: its name, where it has one, or its id."""
    return shown(name if name and isinstance(name, text_type) else id_)


def json_shown(value):
    """A decoded JSON value in one line, its text readable."""
    return shown(text_type(json.dumps(value, ensure_ascii=False, sort_keys=True)))


def width_of(text):
    """The columns that text takes on a terminal."""
    return sum(_width_of(each) for each in text)


def _width_of(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def number(value):
    """A number of the file, or a count: ``33.4``, ``50``, ``1,000,000``."""
    if isinstance(value, float) and (value - value != 0 or value != int(value)):
        return u"%.4g" % value
    return u"{:,}".format(int(value))


class Layout(object):
    """The space that there is.

    :param int columns: of the terminal.
    :param str encoding: of the terminal; decides whether there are block characters.
    """

    def __init__(self, columns, encoding):
        self.columns, self._encoding = max(columns, 40), encoding
        try:
            (_BLOCKS + u"\u2713\u2717\u25b8\u2026\u2502").encode(encoding)
            self.blocks = True
        except (UnicodeError, LookupError):
            self.blocks = False
        marks = (u"\u2713", u"\u2717", u"\u25b8") if self.blocks else (u"+", u"-", u">")
        self.yes, self.no, self.here = marks
        self._cut, self._mark = (u"\u2026", u"\u2502") if self.blocks else (u"~", u"|")

    def indented(self, columns):
        """The space to the right of so many columns."""
        return Layout(self.columns - columns, self._encoding)

    def cut(self, text, columns):
        """Text in at most ``columns`` columns, with a sign where some is missing."""
        if width_of(text) <= columns:
            return text
        kept, taken = [], 1
        for each in text:
            taken += width_of(each)
            if taken > columns:
                break
            kept.append(each)
        return u"".join(kept) + self._cut

    def padded(self, text, columns):
        text = self.cut(text, columns)
        return text + u" " * (columns - width_of(text))

    def table(self, rows):
        """Lines of columns, the widest ones cut until they fit.

        :param rows: lists of text of equal length; the first is the heads.
        """
        widths = [max(width_of(row[place]) for row in rows) for place in range(len(rows[0]))]
        while sum(widths) + _GAP * (len(widths) - 1) > self.columns and max(widths) > _NARROWEST:
            widths[widths.index(max(widths))] -= 1
        gap, lines = u" " * _GAP, []
        for row in rows:
            lines.append(gap.join(self.padded(cell, width) for cell, width in zip(row, widths)))
        return lines

    def bar(self, share, mark, columns):
        """A bar of ``columns`` columns: ``share`` of it filled, both from 0 to 1, and a line at
        ``mark``."""
        filled = min(max(share, 0), 1) * columns
        if self.blocks:
            part = int((filled - int(filled)) * 8)
            cells = _BLOCKS[-1] * int(filled) + (_BLOCKS[part - 1] if part else u"")
        else:
            cells = u"#" * int(filled + 0.5)
        cells = list(cells.ljust(columns))
        if 0 < mark < 1:
            cells[min(int(mark * columns), columns - 1)] = self._mark
        return u"".join(cells)

    def wrapped(self, text, indent):
        """Lines of text, broken between words, each after ``indent`` spaces."""
        lines, line = [], u""
        for word in text.split(u" "):
            longer = line + u" " + word if line else word
            if line and width_of(longer) + indent > self.columns:
                lines.append(line)
                longer = word
            line = longer
        return [u" " * indent + each for each in lines + [line]]
