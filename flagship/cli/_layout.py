"""Text for people: columns that fit the terminal, bars and colors. Pure."""
import copy
import json
import re
import unicodedata

from flagship._compat import text_type

_BLOCKS = u"\u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"
# Names come out of files: none of them may steer the terminal or turn the line around.
_UNSAFE = re.compile(u"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# What Layout.painted writes; shown() leaves no other.
_PAINT = re.compile(u"\x1b\\[[0-9]*m")
_COLORS = {"red": u"31", "green": u"32", "yellow": u"33", "bold": u"1"}
_GAP = 2
_NARROWEST = 8  # of a column that is cut
_LEAST, _NARROW = 40, 60  # columns of a terminal
_NO_TERMINAL = 80  # columns of bars in a pipe or a file


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
    return sum(_width_of(each) for each in _PAINT.sub(u"", text))


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
    """The space that there is, and what it can show.

    :param columns: of the terminal, an int; None: it is none, so that nothing is cut or broken.
    :param str encoding: of the terminal; decides whether there are block characters.
    :param bool is_colored: whether it shows colors.
    :ivar bool is_narrow: a terminal without room for columns; what stands side by side elsewhere
        stands in a block of lines.
    """

    def __init__(self, columns, encoding, is_colored=False):
        self._columns = None if columns is None else max(columns, _LEAST)
        self.is_narrow = columns is not None and columns < _NARROW
        self._is_colored = is_colored
        try:
            (_BLOCKS + u"\u2713\u2717\u25b8\u2026\u2502").encode(encoding)
            self.blocks = True
        except (UnicodeError, LookupError):
            self.blocks = False
        marks = (u"\u2713", u"\u2717", u"\u25b8") if self.blocks else (u"+", u"-", u">")
        self.yes, self.no, self.here = map(self.painted, marks, ("green", "red", "green"))
        self._cut, self._mark = (u"\u2026", u"\u2502") if self.blocks else (u"~", u"|")

    @property
    def is_cutting(self):
        """Whether what does not fit is cut."""
        return self._columns is not None

    @property
    def columns(self):
        """The columns that bars may take, with what stands beside them."""
        return self._columns or _NO_TERMINAL

    def indented(self, columns):
        """The space to the right of so many columns."""
        inner = copy.copy(self)
        if self._columns is not None:
            inner._columns = self._columns - columns
        return inner

    def painted(self, text, color):
        """Text in a color, or bold, where there are colors."""
        if not self._is_colored or not text:
            return text
        return u"\x1b[%sm%s\x1b[0m" % (_COLORS[color], text)

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
        """Lines of columns; on a terminal the widest ones are cut until they fit.

        :param rows: lists of text of equal length.
        """
        widths = [max(width_of(row[place]) for row in rows) for place in range(len(rows[0]))]
        while self.is_cutting and max(widths) > _NARROWEST and (
                sum(widths) + _GAP * (len(widths) - 1) > self._columns):
            widths[widths.index(max(widths))] -= 1
        gap, lines = u" " * _GAP, []
        for row in rows:
            lines.append(gap.join(self.padded(cell, width) for cell, width in zip(row, widths)))
        return lines

    def block(self, title, facts):
        """Lines of a title and below it what is known, name by name, nothing of it cut.

        :param facts: ``(name, text)`` pairs.
        """
        width = max(width_of(name) for name, _ in facts) + _GAP
        lines = [self.painted(title, "bold")]
        for name, text in facts:
            first = self.wrapped(text, _GAP + width)
            first[0] = u" " * _GAP + self.padded(name, width) + first[0].lstrip()
            lines += first
        return lines

    def bar(self, share, mark, columns):
        """A bar of ``columns`` columns: ``share`` of it filled, both from 0 to 1, and a line at
        ``mark``."""
        filled = min(max(share, 0), 1) * columns
        if self.blocks:
            part = int((filled - int(filled)) * 8)
            drawn = _BLOCKS[-1] * int(filled) + (_BLOCKS[part - 1] if part else u"")
        else:
            drawn = u"#" * int(filled + 0.5)
        cells = list(drawn.ljust(columns))
        if 0 < mark < 1:
            cells[min(int(mark * columns), columns - 1)] = self._mark
        return u"".join(cells)

    def wrapped(self, text, indent):
        """Lines of text, on a terminal broken between words, each after ``indent`` spaces."""
        lines, line = [], u""
        for word in text.split(u" "):
            longer = line + u" " + word if line else word
            if line and self.is_cutting and width_of(longer) + indent > self._columns:
                lines.append(line)
                longer = word
            line = longer
        return [u" " * indent + each for each in lines + [line]]
