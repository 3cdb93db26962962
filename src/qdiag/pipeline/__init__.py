"""The staircase: from a script to a report, one stage a file. It carries values between rooms."""
