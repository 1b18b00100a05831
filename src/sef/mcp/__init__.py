"""sef as a server of the Model Context Protocol: tools for coding agents.

Needs the extra `mcp`. Clients wait for the server's first answer, some at each of their starts, so
that what a tool needs of `sef.build` is imported when the tool is called.
"""

from sef.mcp.server import serve

__all__ = ["serve"]
