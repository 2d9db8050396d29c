"""Pages of a gateway or a web server that stands before Intercom."""

from __future__ import annotations

from .router import Reply

HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
REASONS = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 500: "Internal Server Error",
           502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}  # fmt: skip


def title(status: int) -> str:
    return f"{status} {REASONS.get(status, 'Error')}"


def page(status: int) -> Reply:
    return Reply(HTML.format(title(status)).encode(), status, "text/html")
