"""Threats in memory, as columns in Morton order, for the views and selections of the desk. Pure: numbers in, numbers out."""
