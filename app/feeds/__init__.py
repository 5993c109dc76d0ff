"""Files of other people's records: one module per source or format, each a pure `parse` of bytes to records and problems."""
