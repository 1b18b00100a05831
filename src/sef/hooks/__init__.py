"""What Claude Code asks sef at its events: the policy before a delegation, the verdict after it."""
