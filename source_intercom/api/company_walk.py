"""One walk over all companies, shared by every stream that needs them."""

import threading
from collections.abc import Iterator
from logging import Logger

from source_intercom.api.client import Client
from source_intercom.api.errors import Unavailable
from source_intercom.api.pages import CompanyScroll, Page


class CompanyWalk:
    """Walks the scroll once. Who walks it gets the companies; who comes after gets their ids.

    The ids are handed out only when the walk is over: calls between two pages would let the scroll expire
    (peers #37). ``client`` makes the walk's calls and counts them.
    """

    def __init__(self, client: Client, logger: Logger) -> None:
        self.client = client
        self._scroll = CompanyScroll(client, logger)
        self._ids: list[str] = []
        self._failure: Exception | None = None
        self._over = threading.Event()
        self._alone = threading.Lock()

    def pages(self) -> Iterator[Page]:
        """Walk. To be called once, and to be read to its end."""
        try:
            for page in self._scroll.pages():
                self._ids += [str(company["id"]) for company in page]
                yield page
            self._over.set()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self.give_up()

    def give_up(self) -> None:
        """The walk has ended, whole or not; nobody needs to wait for it any more."""
        if not self._over.is_set():
            self._failure = self._failure or Unavailable("The walk over companies was given up before its end.")
            self._over.set()

    def ids(self, *, walked_by_another: bool) -> list[str]:
        """Ids of all companies, after the walk; the first to ask walks, unless a stream of this read does.

        Raises the error with which the walk ended: a part of the companies is not all of them.
        """
        if walked_by_another:
            self._over.wait()
        else:
            with self._alone:
                if not self._over.is_set():
                    for _ in self.pages():
                        pass
        if self._failure is not None:
            raise self._failure
        return self._ids
