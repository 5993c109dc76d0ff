"""The service: everything that is true about the subject. Plain values in, rows or dataclasses out; actor first."""
