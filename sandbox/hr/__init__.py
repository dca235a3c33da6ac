"""The parts of the sandbox's HR system: names, rows and faults."""
