import fcntl

from _q import circuit

first, second = open("lock", "w"), open("lock", "w")
fcntl.flock(first, fcntl.LOCK_EX)
print(float(circuit(0.3)))
first.close()
fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
print("locked")
