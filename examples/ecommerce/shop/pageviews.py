"""A Page hit for each page of the shop that somebody looked at."""
from shop.hits import page_view


class PageViewMiddleware(object):
    """Reports pages, not redirects, errors, form posts or what belongs to the QA panel."""

    def __init__(self, get_response):
        self._get_response = get_response

    def __call__(self, request):
        response = self._get_response(request)
        page = request.resolver_match
        if (request.method == "GET" and response.status_code == 200
                and page and page.app_name == "shop"):
            request.flagship.send_hit(page_view(request))
        return response
