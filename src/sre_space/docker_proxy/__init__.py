"""A proxy in front of Docker's socket that lets a few requests through, for the containers of one Compose project.

Whoever can speak to the socket owns the machine. So nobody but this process does, and it forwards nothing: it
understands a request (`rules.py`), finds the container among those of the project (`proxy.py`), and writes a request of
its own. Of what the engine answers about a container, only chosen fields are passed on (`answers.py`): its environment
holds tokens.
"""
