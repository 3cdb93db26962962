from _q import circuit

open("data", "w").write("0123456789\n" * 3)
with open("data") as file:
    print(file.readline(), float(circuit(0.3)), file.readline(), file.tell())
