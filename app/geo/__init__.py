"""Pure geometry on longitude and latitude in WGS84 degrees: distance, box, circle, polygon and the map projection."""
