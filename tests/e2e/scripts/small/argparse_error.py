import argparse

from _q import circuit

circuit(0.1)
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
parser.parse_args(["--epochs", "many"])
