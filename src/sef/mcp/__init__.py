"""sef as a server of the Model Context Protocol: tools for coding agents.

Needs the extra `mcp`.
"""

from sef.mcp.server import serve

__all__ = ["serve"]
