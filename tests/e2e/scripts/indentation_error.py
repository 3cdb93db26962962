if True:
print("bad indentation")
