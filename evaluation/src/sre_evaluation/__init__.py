"""The judge: runs chaos against the doctor, and counts."""
