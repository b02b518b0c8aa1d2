"""Text for people: columns that fit the terminal, bars and colors. Pure."""
import copy
import json
import re
import unicodedata

from flagship._compat import text_type

_BLOCKS = u"\u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"
# Names come from files: they must not control the terminal or change the text direction.
_UNSAFE = re.compile(u"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# The escape sequences of Layout.paint; escape() escapes any others.
_PAINT = re.compile(u"\x1b\\[[0-9]*m")
_COLORS = {"red": u"31", "green": u"32", "yellow": u"33", "bold": u"1"}
_GAP = 2
_NARROWEST = 8  # minimum width of a column that is cut
_LEAST, _NARROW = 40, 60  # terminal widths, in columns
_NO_TERMINAL = 80  # width for bars if the output is a pipe or a file


def escape(text):
    """Return text with its control characters escaped."""
    return _UNSAFE.sub(lambda found: u"\\u%04x" % ord(found.group()), text)


def name_or_id(name, id_):
    """Return what to call a part of a file: its name if it has one, else its id."""
    return escape(name if name and isinstance(name, text_type) else id_)


def json_shown(value):
    """Return a decoded JSON value as one line of JSON; non-ASCII text stays readable."""
    return escape(text_type(json.dumps(value, ensure_ascii=False, sort_keys=True)))


def width_of(text):
    """Return the number of columns that text takes on a terminal."""
    return sum(_width_of(each) for each in _PAINT.sub(u"", text))


def _width_of(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def number(value):
    """Format a number from the file, or a count: ``33.4``, ``50``, ``1,000,000``."""
    if isinstance(value, float) and (value - value != 0 or value != int(value)):
        return u"%.4g" % value
    return u"{:,}".format(int(value))


class Layout(object):
    """Formats text for the available width, encoding and colors.

    :param columns: the terminal's width, an int; None: not a terminal, so nothing is cut or
        wrapped.
    :param str encoding: the terminal's encoding; decides whether block characters are used.
    :param bool is_colored: whether it shows colors.
    :ivar bool is_narrow: whether the terminal has no room for columns, so that table rows are
        shown as blocks of lines instead.
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
        self.yes, self.no, self.here = map(self.paint, marks, ("green", "red", "green"))
        self._cut, self._mark = (u"\u2026", u"\u2502") if self.blocks else (u"~", u"|")

    @property
    def is_cutting(self):
        """Whether text that does not fit is cut."""
        return self._columns is not None

    @property
    def columns(self):
        """The width available for a line with a bar, in columns."""
        return self._columns or _NO_TERMINAL

    def indent(self, columns):
        """Return a Layout for the space to the right of ``columns`` columns."""
        inner = copy.copy(self)
        if self._columns is not None:
            inner._columns = self._columns - columns
        return inner

    def paint(self, text, color):
        """Return text in a color, or bold; unchanged if there are no colors."""
        if not self._is_colored or not text:
            return text
        return u"\x1b[%sm%s\x1b[0m" % (_COLORS[color], text)

    def cut_text(self, text, columns):
        """Return text cut to at most ``columns`` columns, with a sign at the end if it was cut."""
        if width_of(text) <= columns:
            return text
        kept, taken = [], 1
        for each in text:
            taken += width_of(each)
            if taken > columns:
                break
            kept.append(each)
        return u"".join(kept) + self._cut

    def pad(self, text, columns):
        text = self.cut_text(text, columns)
        return text + u" " * (columns - width_of(text))

    def table(self, rows):
        """Return the lines of a table; on a terminal the widest columns are cut until it fits.

        :param rows: lists of text of equal length.
        """
        widths = [max(width_of(row[place]) for row in rows) for place in range(len(rows[0]))]
        while self.is_cutting and max(widths) > _NARROWEST and (
                sum(widths) + _GAP * (len(widths) - 1) > self._columns):
            widths[widths.index(max(widths))] -= 1
        gap, lines = u" " * _GAP, []
        for row in rows:
            lines.append(gap.join(self.pad(cell, width) for cell, width in zip(row, widths)))
        return lines

    def block(self, title, facts):
        """Return the lines of a title and, below it, one fact per line; nothing is cut.

        :param facts: ``(name, text)`` pairs.
        """
        width = max(width_of(name) for name, _ in facts) + _GAP
        lines = [self.paint(title, "bold")]
        for name, text in facts:
            first = self.wrap(text, _GAP + width)
            first[0] = u" " * _GAP + self.pad(name, width) + first[0].lstrip()
            lines += first
        return lines

    def bar(self, share, mark, columns):
        """Return a bar of ``columns`` columns, filled up to ``share``, with a line at ``mark``;
        both are from 0 to 1."""
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

    def wrap(self, text, indent):
        """Return lines of text, indented by ``indent`` spaces; on a terminal they are wrapped
        between words."""
        lines, line = [], u""
        for word in text.split(u" "):
            longer = line + u" " + word if line else word
            if line and self.is_cutting and width_of(longer) + indent > self._columns:
                lines.append(line)
                longer = word
            line = longer
        return [u" " * indent + each for each in lines + [line]]
