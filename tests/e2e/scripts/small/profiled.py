import cProfile

from _q import circuit

profile = cProfile.Profile()
profile.enable()
value = float(circuit(0.1))
profile.disable()
print(value, len(profile.getstats()) > 0)
