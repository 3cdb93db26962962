"""What a call, a circuit, a method, an evaluation, a finding is: values alone. No framework, no files, nobody who judges."""
