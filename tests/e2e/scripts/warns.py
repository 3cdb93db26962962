import sys
import warnings


def deprecated(level):
    warnings.warn(f"level {level}", UserWarning, stacklevel=level)


for level in range(1, 6):
    deprecated(level)
for _ in range(3):
    warnings.warn("shown once")
warnings.warn("beyond the top", stacklevel=2)
warnings.warn("far beyond the top", stacklevel=9)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    deprecated(2)
    print([(str(w.message), w.lineno, w.filename) for w in caught])
print(sys._getframe(0).f_code.co_name, warnings.filters)
