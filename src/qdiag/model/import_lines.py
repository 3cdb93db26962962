"""The import lines of scripts, under the names that every line of them uses: what writes numbers and what writes scripts agree."""

from __future__ import annotations

PENNYLANE = "import pennylane as qml"
TORCH = "import torch"
NUMPY = "import numpy as np"
AUTOGRAD = "from pennylane import numpy as pnp"
JAX = "import jax"
JNP = "import jax.numpy as jnp"
JACOBIAN = "from torch.autograd.functional import jacobian"
HESSIAN = "from torch.autograd.functional import hessian"
