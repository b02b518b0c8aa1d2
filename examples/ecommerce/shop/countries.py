"""Where the shop delivers, and which country a request comes from."""

COUNTRIES = [("BE", "Belgium"), ("FR", "France"), ("DE", "Germany"), ("JP", "Japan"),
             ("ES", "Spain"),
             ("GB", "United Kingdom"), ("US", "United States")]
CODES = [code for code, _ in COUNTRIES]
DEFAULT = "FR"

# What a content delivery network says about the client's address, and a test or curl may say too.
HEADERS = ("HTTP_CF_IPCOUNTRY", "HTTP_X_COUNTRY")
_CHOSEN = "country"


def country_of(request):
    """The visitor's country, a code of COUNTRIES: chosen in the footer, else told by a header, else
    by the browser's language, else the shop's own."""
    tag = locale_of(request)
    told = [request.session.get(_CHOSEN)] + [request.META.get(name) for name in HEADERS] + [
        tag.partition("-")[2]]
    for code in told:
        if code and code.upper() in CODES:
            return code.upper()
    return DEFAULT


def choose(request, code):
    """Remember the country that the visitor chose; another code than those of COUNTRIES changes
    nothing."""
    if code in CODES:
        request.session[_CHOSEN] = code


def locale_of(request):
    """The browser's first language, such as ``fr-BE``; ``en`` where it tells none."""
    first = request.META.get("HTTP_ACCEPT_LANGUAGE", "").split(",")[0].split(";")[0].strip()
    return first if first and first != "*" else "en"
