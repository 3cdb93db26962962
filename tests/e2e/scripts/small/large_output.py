from _q import circuit

value = float(circuit(0.1))
for i in range(20000):
    print(i, value)
