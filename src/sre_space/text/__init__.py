"""Values to the words that people read: facts, proposals, diagnoses, audits, calls, post-mortems. No I/O."""
