"""What Claude Code wrote down about its sessions, read leniently and in bounded memory."""
