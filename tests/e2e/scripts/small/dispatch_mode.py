import torch
from _q import circuit, weight
from torch.utils._python_dispatch import TorchDispatchMode

seen = []


class Count(TorchDispatchMode):
    def __torch_dispatch__(self, function, kinds, args=(), kwargs=None):
        seen.append(str(function))
        return function(*args, **(kwargs or {}))


w = weight()
with Count():
    (circuit(w) * 2).backward()
print(len(seen), sorted(set(seen)))
