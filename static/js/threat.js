/** The page of one threat: its map, and choosing between two people's words. */
import "./page-map.js";
import "./page/clash.js";
