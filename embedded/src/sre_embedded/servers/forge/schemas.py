"""The input schemas of this forge's tools, with the names of GitHub's MCP server.

They are written independently; `tests/contract/test_forge_contract.py` compares them with the official ones.
Unlike the official server, this forge refuses undeclared arguments.
`delete_branch` is not official yet: it follows github-mcp-server's pull request 2790.
"""

from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
STRINGS: Schema = {"type": "array", "items": STRING}
PAGE: Schema = {"type": "number", "minimum": 1}
PER_PAGE: Schema = {"type": "number", "minimum": 1, "maximum": 100}
REPOSITORY = {"owner": STRING, "repo": STRING}


def one_of(*values: str) -> Schema:
    """Return the schema of a string from a closed set."""
    return {"type": "string", "enum": list(values)}


def many_of(*values: str) -> Schema:
    """Return the schema of a list of strings from a closed set."""
    return {"type": "array", "items": one_of(*values)}


def tool(required: str, **properties: Schema) -> Schema:
    """Return the schema of a tool's arguments; `required` lists the names of the required ones."""
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
    "create_branch": tool("owner repo branch", **REPOSITORY, branch=STRING, from_branch=STRING),
    "list_branches": tool("owner repo", **REPOSITORY, page=PAGE, perPage=PER_PAGE),
    "delete_branch": tool("owner repo branch", **REPOSITORY, branch=STRING),
    "get_commit": tool(
        "owner repo sha",
        **REPOSITORY,
        sha=STRING,
        detail=one_of("none", "stats", "full_patch") | {"default": "stats"},
        page=PAGE,
        perPage=PER_PAGE,
    ),
    "list_commits": tool(
        "owner repo",
        **REPOSITORY,
        sha=STRING,
        path=STRING,
        author=STRING,
        since=STRING,
        until=STRING,
        page=PAGE,
        perPage=PER_PAGE,
        fields=many_of("sha", "html_url", "commit", "author", "committer"),
    ),
    "create_or_update_file": tool(
        "owner repo path content message branch",
        **REPOSITORY,
        path=STRING,
        content=STRING,
        message=STRING,
        branch=STRING,
        sha=STRING,
        allow_symlink_write={"type": "boolean", "default": False},
    ),
    "push_files": tool(
        "owner repo branch files message",
        **REPOSITORY,
        branch=STRING,
        message=STRING,
        files={"type": "array", "items": tool("path content", path=STRING, content=STRING)},
    ),
    "delete_file": tool(
        "owner repo path message branch", **REPOSITORY, path=STRING, message=STRING, branch=STRING
    ),
    "create_pull_request": tool(
        "owner repo title head base",
        **REPOSITORY,
        title=STRING,
        body=STRING,
        head=STRING,
        base=STRING,
        draft=BOOLEAN,
        maintainer_can_modify=BOOLEAN,
        reviewers=STRINGS,
    ),
    "list_pull_requests": tool(
        "owner repo",
        **REPOSITORY,
        state=one_of("open", "closed", "all"),
        head=STRING,
        base=STRING,
        sort=one_of("created", "updated", "popularity", "long-running"),
        direction=one_of("asc", "desc"),
        page=PAGE,
        perPage=PER_PAGE,
        fields=many_of(
            "number", "title", "body", "state", "draft", "merged", "mergeable_state", "html_url", "user", "labels",
            "assignees", "requested_reviewers", "merged_by", "head", "base", "additions", "deletions",
            "changed_files", "commits", "comments", "created_at", "updated_at", "closed_at", "merged_at", "milestone",
        ),
    ),
    "pull_request_read": tool(
        "method owner repo pullNumber",
        **REPOSITORY,
        method=one_of(
            "get", "get_diff", "get_status", "get_files", "get_commits", "get_review_comments", "get_reviews",
            "get_comments", "get_check_runs",
        ),
        pullNumber=NUMBER,
        page=PAGE,
        perPage=PER_PAGE,
        after=STRING,
    ),
    "update_pull_request": tool(
        "owner repo pullNumber",
        **REPOSITORY,
        pullNumber=NUMBER,
        title=STRING,
        body=STRING,
        state=one_of("open", "closed"),
        base=STRING,
        draft=BOOLEAN,
        maintainer_can_modify=BOOLEAN,
        reviewers=STRINGS,
    ),
    "merge_pull_request": tool(
        "owner repo pullNumber",
        **REPOSITORY,
        pullNumber=NUMBER,
        merge_method=one_of("merge", "squash", "rebase"),
        commit_title=STRING,
        commit_message=STRING,
    ),
    "get_me": {"type": "object", "properties": {}, "additionalProperties": False},
}  # fmt: skip
