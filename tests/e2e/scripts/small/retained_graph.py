from _q import circuit, weight

w = weight()
loss = circuit(w)
loss.backward(retain_graph=True)
loss.backward()
print(w.grad)
try:
    loss.backward()
except RuntimeError as error:
    print(str(error)[:40])
