import copy
import pickle

import torch
from _q import circuit, weight

w = weight()
value = circuit(w)
print(pickle.loads(pickle.dumps(value.detach())), copy.deepcopy(w), len(pickle.dumps(torch.tensor(1.0))) > 9)
print(copy.copy(circuit)(w))
