"""Other people's files: one module per source or format, each a pure `parse` from bytes to records and problems."""
