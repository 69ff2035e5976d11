"""The command line: thin commands over the pipeline; console.py is the only module that prints."""
