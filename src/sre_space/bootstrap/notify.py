"""Who is called when a person is needed: the log always, and what SRE_NOTIFY_URLS names. Used by every agent."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sre_space.adapters.log_notifier import LogNotifier
from sre_space.domain.errors import Malformed
from sre_space.ports.notifier import Note, Notifier

OPTIONAL = "apprise"
GITHUB, GITHUB_APIS = "https://github.com", ("api.github.com", "api.githubcopilot.com")
ENTERPRISE_API = "/api/v3"


@dataclass(frozen=True)
class All(Notifier):
    """Several as one."""

    notifiers: tuple[Notifier, ...]

    def notify(self, note: Note) -> None:
        """Each of them."""
        for one in self.notifiers:
            one.notify(note)


def notifier(urls: str) -> Notifier:
    """For Apprise's URLs by commas ("": the log alone); `Malformed` says what is missing or wrong, never a URL."""
    if not urls.strip():
        return LogNotifier()
    try:
        # The only late import: the library is optional, and would be a tenth of every agent's start.
        from sre_space.adapters.apprise_notifier import AppriseNotifier  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != OPTIONAL:
            raise
        raise Malformed("SRE_NOTIFY_URLS needs Apprise: pip install sre-space[notify]") from error
    return All((LogNotifier(), AppriseNotifier.to(urls)))


def page_of(repository: str, forge_url: str, api_url: str) -> str:
    """The web page of an `owner/name` on GitHub, or "": the embedded forge has no pages.

    >>> page_of("o/r", "http://127.0.0.1:8082/mcp", "https://ghe.example/api/v3")
    'https://ghe.example/o/r'
    """
    api = urlsplit(api_url or forge_url)
    if api.hostname in GITHUB_APIS:
        return f"{GITHUB}/{repository}"
    return f"{api.scheme}://{api.netloc}/{repository}" if api.path.rstrip("/") == ENTERPRISE_API else ""
