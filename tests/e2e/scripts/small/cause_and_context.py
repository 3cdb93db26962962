from _q import circuit

try:
    circuit("a word")
except Exception as error:
    print(type(error).__name__)
    raise LookupError("about a circuit") from None
