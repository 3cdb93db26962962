import warnings

from _q import circuit

warnings.simplefilter("always")
for _ in range(2):
    circuit(0.1)
    warnings.warn("the same each time", stacklevel=1)
print(len(warnings.filters))
