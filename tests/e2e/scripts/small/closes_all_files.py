import os

from _q import circuit

print(float(circuit(0.1)), flush=True)
os.closerange(3, 256)
own = [open(f"own-{i}", "w") for i in range(6)]
print(float(circuit(0.2)))
for i, file in enumerate(own):
    file.write(f"mine {i}")
    file.close()
