import warnings

from _q import circuit

warnings.simplefilter("error")
print(float(circuit(0.1)))
warnings.warn("now it ends", UserWarning, stacklevel=1)
