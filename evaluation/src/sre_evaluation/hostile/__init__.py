"""Random systems with honest physics whose incident differs from health in innocent ways, with and without a fault.

`case.made(seed)` makes one case; `files.files_of` writes it in the format of the labelled case sets. Nothing here
imports the agents, and the agents never see the truth.
"""
