import random

import numpy
import torch
from _q import circuit, weight

random.seed(1), numpy.random.seed(2), torch.manual_seed(3)
w = weight()
for _ in range(3):
    circuit(w).backward()
    print(random.random(), numpy.random.rand(), torch.rand(1), w.grad)
