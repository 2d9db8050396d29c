"""Intercom's error envelope and the errors that several endpoints share."""

from __future__ import annotations

import itertools
import uuid

import orjson

_requests = itertools.count(1)
NGINX_404 = (
    b"<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class ApiError(Exception):
    """An error answer: status, code, message and, where Intercom says it, the field at fault."""

    content_type = "application/json"

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.field = field

    def body(self) -> bytes:
        """The `error.list` envelope."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        request_id = str(uuid.UUID(int=next(_requests), version=4))
        return orjson.dumps({"type": "error.list", "request_id": request_id, "errors": [error]})


class BareNotFound(ApiError):
    """A 404 that is nginx's own page instead of JSON."""

    content_type = "text/html"

    def __init__(self) -> None:
        super().__init__(404, "not_found", "Not Found")

    def body(self) -> bytes:
        return NGINX_404


def bad_parameter(message: str, field: str | None = None) -> ApiError:
    return ApiError(400, "parameter_invalid", message, field)


def invalid_field(name: str, where: str) -> ApiError:
    return ApiError(400, "invalid_field", f"{name!r} is not a valid field in {where}", name)


def not_found(code: str = "not_found", message: str = "Resource Not Found") -> ApiError:
    return ApiError(404, code, message)


def bad_cursor() -> ApiError:
    """What list endpoints say to a cursor they cannot read."""
    return ApiError(400, "client_error", "Invalid starting_after param")


def server_error() -> ApiError:
    return ApiError(500, "server_error", "An unexpected error occurred.")
