import warnings

from _q import circuit

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    circuit(0.1)
    warnings.warn("mine", stacklevel=1)
print([str(one.message) for one in caught])
