"""What a client may be allowed to do. No scope ever opens a child."""

SCOPES = (
    "records.write",
    "records.read",
    "changes.read",
    "quality.read",
    "quality.write",
    "identity.review",
    "extracts.build",
    "audit.read",
    "admin",
)
DEFAULT_SCOPES = ("records.write", "records.read", "changes.read", "quality.read")
"""What a posting system needs, and nothing more."""
