import numpy
import torch
from _q import circuit

numpy.set_printoptions(precision=3)
torch.set_num_threads(1)
print(float(circuit(0.1)), torch.get_num_threads(), numpy.array(1 / 3), numpy.geterr())
