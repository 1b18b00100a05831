"""Ways around the rules: guards, links, encodings, names bound anew, code that edits code."""

from __future__ import annotations

import pytest
from integrity_project import OPS, decisive, judge

LOOKS = '    QUICK = "PYTEST_VERSION" in os.environ\n'


@pytest.mark.parametrize(
    "guard",
    [
        'if "__main__":\n',
        'if __name__ != "__main__":\n',
        'if "__main__" in sys.modules:\n',
        'if __name__ == "__main__" or os:\n',
        'if __name__ == "__main__":\n    pass\nelse:\n',
        'if __name__ == "__main__":\n    pass\nelif os:\n',
    ],
)
def test_only_the_body_of_a_programs_guard_is_skipped(guard: str) -> None:
    """What a module does when it is imported is judged, whatever word its condition has."""
    code = f"import os, sys\n{OPS}\n\n{guard}{LOOKS}"
    assert "detects-test" in decisive(judge({"calc/ops.py": code}))


@pytest.mark.parametrize("guard", ['__name__ == "__main__"', '"__main__" == __name__'])
def test_a_program_may_do_what_a_module_may_not(guard: str) -> None:
    """Its guard's body never runs in a test; inside a function it is no guard."""
    code = f"import os, sys\n{OPS}\n\nif {guard}:\n    sys.exit(0)\n"
    assert not decisive(judge({"calc/ops.py": code}))
    inner = f"import os, sys\n{OPS}\n\ndef f():\n    if {guard}:\n        os._exit(0)\n"
    assert decisive(judge({"calc/ops.py": inner})) == {"exit-trick"}
