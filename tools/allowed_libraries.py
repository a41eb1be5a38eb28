"""An import-linter contract: a layer imports only the libraries listed for it. Run by `lint-imports`."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowedLibraries(Contract):
    """The contract; `libraries`: allowed third-party packages, `standard_library`: its allowed modules (unset: all)."""

    type_name = "allowed_libraries"

    # import-linter replaces these fields by values of other types.
    source_modules: Any = fields.SetField(subfield=fields.ModuleField())
    libraries: Any = fields.SetField(subfield=fields.StringField(), required=False)
    standard_library: Any = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Return the result of the check: kept when every import of a library is allowed."""
        unlisted = [
            f"{importer} imports {imported}"
            for source in self.source_modules
            for importer in sorted({source.name, *graph.find_descendants(source.name)})
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if graph.is_module_squashed(imported) and not self._allowed(imported.split(".")[0])
        ]
        return ContractCheck(kept=not unlisted, metadata={"unlisted": unlisted})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that is not allowed."""
        for imported in check.metadata["unlisted"]:
            output.print_error(
                f"{imported}; list it in pyproject.toml with its reason, or remove the import", bold=False
            )

    def _allowed(self, library: str) -> bool:
        if library in sys.stdlib_module_names:
            return self.standard_library is None or library in self.standard_library
        return library in (self.libraries or ())
