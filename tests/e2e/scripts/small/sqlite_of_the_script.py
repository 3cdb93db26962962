import sqlite3
import time

import pennylane as qml

database = sqlite3.connect("runs.db", isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("CREATE TABLE calls (x)")


@qml.qnode(qml.device("default.qubit", wires=1))
def circuit(x):
    database.execute("INSERT INTO calls VALUES (?)", (x,))
    qml.RX(x, 0)
    return qml.expval(qml.Z(0))


print(circuit(0.1), circuit(0.2))
time.sleep(0.5)
print(database.execute("SELECT * FROM calls").fetchall())
database.close()
