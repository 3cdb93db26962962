"""What Python loads first where a recorded process has started it (see `children`): it leaves no trace, and loads the user's own.

Where there is none, the import below fails as it would have failed without this file; ``site`` passes over that.
"""

import os
import sys

_HERE = os.path.dirname(__file__)
sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(_HERE))))
try:
    from qdiag.recording import children
finally:
    sys.path.pop()
children.take_over(_HERE)
del sys.modules[__name__]
import sitecustomize  # type: ignore[import-not-found]  # noqa: E402, F401
