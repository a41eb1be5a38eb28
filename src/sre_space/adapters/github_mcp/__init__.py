"""Adapters of GitHub's MCP server, embedded or official: `ports.forge.Forge` and `ports.gitops.GitOps`."""

from sre_space.adapters.github_mcp.gitops import GithubGitOps
from sre_space.adapters.github_mcp.issues import GithubMcpForge

__all__ = ["GithubGitOps", "GithubMcpForge"]
