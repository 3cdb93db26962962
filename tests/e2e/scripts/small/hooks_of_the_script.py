from _q import circuit, weight

w = weight()
out = circuit(w)
out.register_hook(lambda gradient: print("at the output", gradient) or gradient * 2)
w.register_hook(lambda gradient: print("at the weight", gradient))
out.backward()
print(w.grad)
