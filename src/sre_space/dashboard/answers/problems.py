"""The body of every answer that is not a success: `application/problem+json`, RFC 9457."""

from pydantic import Field

from sre_space.dashboard.answers.base import Model


class Problem(Model):
    """One problem. `type` is `about:blank` or names the kind below `/problems/`; `detail` is a sentence for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="one sentence that names the thing and the remedy; may be shown as it is")
    instance: str = ""
