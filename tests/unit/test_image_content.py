"""What is copied into the images of the Compose stack, decided without building them."""

import tomllib
from pathlib import Path

import image_content
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
TABLES = tomllib.loads((ROOT / "deploy/compose/images.toml").read_text())
IMAGES = {image: roots for content in TABLES.values() for image, roots in content.items() if image != "also"}
AGENTS = ("scout", "brain", "fixer", "memory", "deployer", "operator", "docker-proxy")
SERVICES = ("quote-service", "policy-service", "user-service", "traffic")
OTHERS = {"scout": ("brain", "fixer", "memory"), "brain": ("scout", "fixer"), "fixer": ("scout", "brain", "memory")}


@pytest.mark.parametrize("image", AGENTS)
def test_an_agents_image_has_no_embedded_server_and_nothing_of_the_application(image: str) -> None:
    modules, libraries = image_content.reached(IMAGES[image])

    assert {module.partition(".")[0] for module in modules} == {"sre_space"}
    assert not libraries & {"pygit2", "fastapi", "sqlalchemy", "cramjam", "pytest", "mypy"}


@pytest.mark.parametrize("image", SERVICES)
def test_a_services_image_has_the_launcher_of_the_agents_code_and_no_more(image: str) -> None:
    modules, libraries = image_content.reached(IMAGES[image])
    ours = {module for module in modules if module.startswith("sre_space.")}

    assert ours == {
        "sre_space.launcher", "sre_space.codec", "sre_space.codec.variables", "sre_space.paths", "sre_space.domain",
        "sre_space.domain.configuration", "sre_space.domain.errors",
    }  # fmt: skip
    assert not libraries & {"chromadb", "mcp", "numpy", "cryptography"}


@pytest.mark.parametrize("image", OTHERS)
def test_an_agents_image_has_no_other_agents_duty(image: str) -> None:
    modules, _ = image_content.reached(IMAGES[image])

    assert not [one for other in OTHERS[image] for one in modules if one.startswith(f"sre_space.agents.{other}.")]


def test_the_dashboards_image_has_its_page_and_no_agent(tmp_path: Path) -> None:
    package = ROOT / "src/sre_space/dashboard"
    page = tmp_path / "static" / "index.html"
    for path in (tmp_path / "__init__.py", page, tmp_path / "inner" / "__init__.py", tmp_path / "inner" / "other.txt"):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    modules, libraries = image_content.reached(IMAGES["dashboard"])

    assert package / "examples" / "now.json" in list(image_content.data_of(modules["sre_space.dashboard"]))
    assert list(image_content.data_of(tmp_path / "__init__.py")) == [page]
    assert not [one for one in modules if one.startswith("sre_space.agents")]
    assert "fastapi" in libraries


def test_a_package_with_a_star_stands_for_all_of_its_modules() -> None:
    modules, _ = image_content.reached(["sre_space.cli.*"])

    assert {
        f"sre_space.cli.{path.stem}" for path in (ROOT / "src/sre_space/cli").glob("*.py") if path.stem[0] != "_"
    } <= set(modules)


def test_what_a_distribution_requires_comes_with_it_and_what_an_extra_adds_only_when_asked() -> None:
    plain, more = (image_content.closure([Requirement(one)]) for one in ("uvicorn", "uvicorn[standard]"))

    assert {"uvicorn", "click", "h11"} <= set(plain)
    assert "uvloop" in more
    assert "uvloop" not in plain


def test_a_module_of_a_shared_namespace_belongs_to_the_distribution_that_has_it() -> None:
    assert image_content.distribution_of("opentelemetry.sdk.trace") == {"opentelemetry-sdk"}
    assert image_content.distribution_of("google.protobuf.message") == {"protobuf"}
    assert image_content.distribution_of("json") == frozenset()
