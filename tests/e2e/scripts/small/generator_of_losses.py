from _q import circuit, weight


def losses(w):
    while True:
        loss = circuit(w)
        loss.backward()
        yield loss.item()


w = weight()
steps = losses(w)
print(next(steps), next(steps), w.grad)
