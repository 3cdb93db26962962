from _q import circuit

wert_für_θ = float(circuit(0.1))
print("θ =", wert_für_θ)
open("Größe-θ.txt", "w", encoding="utf-8").write("ψ")
