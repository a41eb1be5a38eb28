"""The program `python -m sre_embedded`, which `sre-space up`, `down` and `demo` become."""

from sre_embedded.cli.main import app
from sre_space.cli import edge
from sre_space.cli.main import NAME

if __name__ == "__main__":
    edge.main(app, NAME)
