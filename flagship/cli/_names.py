"""The constants of ``flagship types`` for flag keys: the same for the same keys, on every Python.
Pure."""
import re
import unicodedata
import zlib

#: The first words of a module of constants.
MARK = u'Made by "flagship types"'

_WORDS = re.compile(u"[A-Z0-9]+(?![a-z0-9])|[A-Z]?[a-z0-9]+")


def constants(keys):
    """Return a dict, key to the name of its constant: ``ctaColor`` and ``cta-color`` would be
    CTA_COLOR. If keys of the file share a name, each of them has a number that depends on itself
    alone behind it, so that no name ever goes over to another key."""
    names = {key: _name(key) for key in keys}
    shared, seen = set(), set()
    for name in names.values():
        (shared if name in seen else seen).add(name)
    return {key: u"%s__%08X" % (name, _checksum(key)) if name in shared else name
            for key, name in names.items()}


def _name(key):
    """Return the words of a key that ASCII has, in upper case; never an empty name or a keyword."""
    plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode("ascii")
    name = u"_".join(_WORDS.findall(plain)).upper()
    return name if name[:1].isalpha() else u"FLAG_" + (name or u"%08X" % _checksum(key))


def _checksum(key):
    return zlib.crc32(key.encode("unicode_escape")) & 0xFFFFFFFF  # UTF-8 lacks lone surrogates
