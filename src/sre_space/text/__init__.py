"""The text that people read: of facts, proposals, diagnoses, audits, notifications and post-mortems. No I/O."""
