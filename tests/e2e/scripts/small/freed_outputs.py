import gc
import weakref

from _q import circuit, weight

w = weight()
out = circuit(w)
out.backward()
seen = weakref.ref(out)
del out
gc.collect()
print(seen() is None)
