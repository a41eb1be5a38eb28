"""The tools on label definitions."""

from dataclasses import dataclass

from sre_embedded.servers.forge.answers import Arguments, ToolError
from sre_embedded.servers.forge.store import Store
from sre_space.identities import Identity


@dataclass(frozen=True)
class LabelTools:
    """The tools on labels of one repository."""

    store: Store

    def get_label(self, arguments: Arguments, _: Identity) -> object:
        """Return one label; `ToolError` 404 when it does not exist."""
        return self.as_json(self._named(arguments["name"]))

    def list_label(self, _arguments: Arguments, _: Identity) -> object:
        """Return the first 100 labels and the number of all."""
        labels = [self.as_json(name) for name, *_ in self.store.labels()]
        return {"labels": labels[:100], "totalCount": len(labels)}

    def label_write(self, arguments: Arguments, caller: Identity) -> object:
        """Create, update or delete a label."""
        method, name = arguments["method"], arguments["name"]
        if not caller.may("write"):
            raise ToolError(f"failed to {method} label: 403 Must have write access to the repository. []")
        if method == "create":
            if "color" not in arguments:
                raise ToolError("missing required parameter: color")
            if not self.store.create_label(name, arguments["color"], arguments.get("description", "")):
                raise ToolError(f"failed to create label: Label with the name {name} already exists")
        elif method == "update":
            label = self._named(name)
            new = (arguments.get("new_name"), arguments.get("color"), arguments.get("description"))
            self.store.update_label(label, *new)
        else:
            self.store.delete_label(self._named(name))
        return f"label '{name}' {method}d successfully"

    def as_json(self, name: str) -> dict[str, object]:
        """Return a label as GitHub shows it; a label without a definition is grey."""
        row = next((row for row in self.store.labels() if row[0] == name), (name, "ededed", ""))
        return {"id": f"LA_{name}", "name": row[0], "color": row[1], "description": row[2]}

    def _named(self, name: str) -> str:
        stored = next((label for label, *_ in self.store.labels() if label.lower() == name.lower()), None)
        if stored is None:
            raise ToolError(f"label '{name}' not found: 404 Not Found []")
        return stored
