"""Before the port: which model to take (guide.md G2) and what to know about it (G1, G3, G4, G13). Parses, never imports."""
