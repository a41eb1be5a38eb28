"""An import-linter contract: a layer uses the libraries that are listed for it and no others. Run by `lint-imports`."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowedLibraries(Contract):
    """`libraries`: third-party packages; `standard_library`, where given: the only modules of it that may be used."""

    type_name = "allowed_libraries"

    # import-linter puts values of other types in the places of these fields.
    source_modules: Any = fields.SetField(subfield=fields.ModuleField())
    libraries: Any = fields.SetField(subfield=fields.StringField(), required=False)
    standard_library: Any = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - import-linter's signature
        """Kept when every import that leaves our packages is listed."""
        strangers = [
            f"{importer} imports {imported}"
            for source in self.source_modules
            for importer in sorted({source.name, *graph.find_descendants(source.name)})
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if graph.is_module_squashed(imported) and not self._allowed(imported.split(".")[0])
        ]
        return ContractCheck(kept=not strangers, metadata={"strangers": strangers})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that is not listed."""
        for stranger in check.metadata["strangers"]:
            output.print_error(f"{stranger}; list it in pyproject.toml with its reason, or do without", bold=False)

    def _allowed(self, library: str) -> bool:
        if library in sys.stdlib_module_names:
            return self.standard_library is None or library in self.standard_library
        return library in (self.libraries or ())
