# What the launcher starts. Nothing here may leave a name behind: this module's dictionary becomes the script's own, and its
# names are gone once `become` runs, so that the handler can only use what it reaches through builtins.
# The file's name makes Python's warnings pass over its frame, as over those of the import machinery (see `frames`).
# ruff: noqa: D100
__import__("sys").path.append(__import__("os").path.dirname(__import__("os").path.dirname(__import__("os").path.dirname(__file__))))
__import__("qdiag.recording.child")
__import__("sys").path.pop()
try:
    __import__("sys").modules["qdiag.recording.child"].become()
except:
    __import__("sys").modules["qdiag.recording.frames"].drop_frame()
    raise
