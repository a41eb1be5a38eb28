"""The four agents: Scout, Brain, Fixer and Memory, a package each; they never import each other."""
