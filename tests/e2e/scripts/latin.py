# -*- coding: latin-1 -*-
print("été")
raise ValueError("é")
