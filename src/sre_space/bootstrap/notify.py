"""The notifier that pages a person: always to the log, and to what SRE_NOTIFY_URLS names. Used by every agent."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from sre_space.adapters.log_notifier import LogNotifier
from sre_space.domain.errors import Malformed
from sre_space.ports.notifier import Note, Notifier

OPTIONAL = "apprise"
GITHUB, GITHUB_APIS = "https://github.com", ("api.github.com", "api.githubcopilot.com")
ENTERPRISE_API = "/api/v3"


@dataclass(frozen=True)
class CompositeNotifier(Notifier):
    """Several notifiers behind one interface."""

    notifiers: tuple[Notifier, ...]

    def notify(self, note: Note) -> None:
        """Send the note through each notifier."""
        for target in self.notifiers:
            target.notify(note)


def notifier(urls: str) -> Notifier:
    """Return the notifier for comma-separated Apprise URLs; "" is the log alone.

    Raise `Malformed`, which never shows a URL, when Apprise is not installed or refuses a URL.
    """
    if not urls.strip():
        return LogNotifier()
    try:
        # The only late import: the library is optional, and takes a tenth of an agent's start-up time.
        from sre_space.adapters.apprise_notifier import AppriseNotifier  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name != OPTIONAL:
            raise
        raise Malformed("SRE_NOTIFY_URLS needs Apprise: pip install sre-space[notify]") from error
    return CompositeNotifier((LogNotifier(), AppriseNotifier.to(urls)))


def web_page_of(repository: str, forge_url: str, api_url: str) -> str:
    """Return the web page of the repository `owner/name` on GitHub, or "": the embedded forge has no pages.

    >>> web_page_of("o/r", "http://127.0.0.1:8082/mcp", "https://ghe.example/api/v3")
    'https://ghe.example/o/r'
    """
    api = urlsplit(api_url or forge_url)
    if api.hostname in GITHUB_APIS:
        return f"{GITHUB}/{repository}"
    return f"{api.scheme}://{api.netloc}/{repository}" if api.path.rstrip("/") == ENTERPRISE_API else ""
