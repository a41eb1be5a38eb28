"""The input schemas of the tools that this forge offers, spelt as GitHub's MCP server spells them.

Own declarations; `tests/contract/test_forge_contract.py` compares them with the official ones.
Unlike the official server, this one refuses an argument that is not declared.
"""

from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
STRINGS: Schema = {"type": "array", "items": STRING}
PAGE: Schema = {"type": "number", "minimum": 1}
PER_PAGE: Schema = {"type": "number", "minimum": 1, "maximum": 100}
REPOSITORY = {"owner": STRING, "repo": STRING}


def one_of(*values: str) -> Schema:
    """A string of a closed set."""
    return {"type": "string", "enum": list(values)}


def many_of(*values: str) -> Schema:
    """A list of such strings."""
    return {"type": "array", "items": one_of(*values)}


def tool(required: str, **properties: Schema) -> Schema:
    """A tool's arguments; `required` names some of them."""
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


_FIELD_VALUE: Schema = {
    "type": "object",
    "properties": {
        "field_name": STRING,
        "value": {"type": ["string", "number", "boolean"]},
        "field_option_name": STRING,
        "delete": {"type": "boolean"},
    },
    "required": ["field_name"],
    "additionalProperties": False,
}
_FIELD_FILTER: Schema = {
    "type": "object",
    "properties": {"field_name": STRING, "value": STRING},
    "required": ["field_name", "value"],
}

SCHEMAS: dict[str, Schema] = {
    "issue_write": tool(
        "method owner repo",
        **REPOSITORY,
        method=one_of("create", "update"),
        issue_number=NUMBER,
        title=STRING,
        body=STRING,
        labels=STRINGS,
        assignees=STRINGS,
        milestone=NUMBER,
        state=one_of("open", "closed"),
        state_reason=one_of("completed", "not_planned", "duplicate"),
        duplicate_of=NUMBER,
        type={"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]},
        issue_fields={"type": "array", "items": _FIELD_VALUE},
    ),
    "issue_read": tool(
        "method owner repo issue_number",
        **REPOSITORY,
        method=one_of("get", "get_comments", "get_sub_issues", "get_parent", "get_labels"),
        issue_number=NUMBER,
        page=PAGE,
        perPage=PER_PAGE,
    ),
    "add_issue_comment": tool(
        "owner repo issue_number",
        **REPOSITORY,
        issue_number=NUMBER,
        body={"type": "string", "minLength": 1},
        comment_id={"type": "integer", "minimum": 1},
        reaction=one_of("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"),
    ),
    "list_issues": tool(
        "owner repo",
        **REPOSITORY,
        state=one_of("OPEN", "CLOSED"),
        labels=STRINGS,
        since=STRING,
        orderBy=one_of("CREATED_AT", "UPDATED_AT", "COMMENTS"),
        direction=one_of("ASC", "DESC"),
        perPage=PER_PAGE,
        after=STRING,
        fields=many_of(
            "number", "title", "body", "state", "user", "labels", "assignees", "comments", "created_at",
            "updated_at", "field_values",
        ),
        field_filters={"type": "array", "items": _FIELD_FILTER},
    ),
    "search_issues": tool(
        "query",
        **REPOSITORY,
        query=STRING,
        sort=one_of(
            "comments", "reactions", "reactions-+1", "reactions--1", "reactions-smile", "reactions-thinking_face",
            "reactions-heart", "reactions-tada", "interactions", "created", "updated",
        ),
        order=one_of("asc", "desc"),
        page=PAGE,
        perPage=PER_PAGE,
        fields=many_of(
            "number", "title", "body", "state", "state_reason", "draft", "locked", "html_url", "user",
            "author_association", "labels", "assignee", "assignees", "milestone", "comments", "reactions",
            "created_at", "updated_at", "closed_at", "closed_by", "type", "repository_url", "pull_request",
            "field_values",
        ),
    ),
    "get_label": tool("owner repo name", **REPOSITORY, name=STRING),
    "list_label": tool("owner repo", **REPOSITORY),
    "label_write": tool(
        "method owner repo name",
        **REPOSITORY,
        method=one_of("create", "update", "delete"),
        name=STRING,
        new_name=STRING,
        color=STRING,
        description=STRING,
    ),
    "get_file_contents": tool(
        "owner repo",
        **REPOSITORY,
        path={"type": "string", "default": "/"},
        ref=STRING,
        sha=STRING,
        fields=many_of(
            "type", "name", "path", "size", "sha", "url", "git_url", "html_url", "download_url"
        ),
    ),
    "get_me": {"type": "object", "properties": {}, "additionalProperties": False},
}  # fmt: skip
