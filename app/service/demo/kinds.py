"""What the generator knows of each kind of threat: how often, how bad, how far from a city's middle, in what words.

The words may name `{city}`, `{place}`, `{magnitude}`, and where the threat lies from the city: `{km}`, `{direction}`.
"""

from __future__ import annotations

from dataclasses import dataclass

RATIONALE = "Made up for demonstration."
SOURCES = ("Demonstration",)
SEISMIC = frozenset(
    ["JP", "ID", "CL", "TR", "PE", "MX", "NZ", "PH", "IR", "IT", "GR", "US", "TW", "CN", "NP", "EC", "PG", "AF", "PK", "GT", "CO"]
)
FIRE_PRONE = frozenset(
    ["US", "AU", "CA", "PT", "ES", "GR", "TR", "CL", "BR", "ZA", "IT", "FR", "DZ", "AR", "MX", "ID", "IN", "AO", "CD", "MZ"]
)
PLACES = (
    "the central station",
    "the main square",
    "the university",
    "the port",
    "the ring road",
    "the city hall",
    "the industrial estate",
    "the airport road",
    "the market district",
    "the hospital quarter",
    "the old town",
    "the bus terminal",
    "the court house",
    "the river front",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of threat.

    `share` is how often it occurs; `severities` weighs negligible to critical and `precisions` exact, near, district
    and region; `spread_km` is the typical distance from the city's middle, `hours` the typical time until it is over.
    `countries` are those it occurs in; none means all.
    """

    name: str
    source: str
    share: int
    severities: tuple[int, int, int, int, int]
    precisions: tuple[int, int, int, int]
    spread_km: float
    hours: float
    titles: tuple[str, ...]
    details: tuple[str, ...]
    countries: frozenset[str] = frozenset()


KINDS = (
    Kind(
        "protest", "demo-news", 20, (8, 34, 38, 17, 3), (40, 35, 20, 5), 3, 8,
        (
            "Protest at {place} in {city}",
            "March through {city} over the cost of living",
            "Students gather near {place}, {city}",
            "Sit-in blocks the way to {place} in {city}",
            "Rally announced at {place} in {city}",
        ),
        (
            "Some hundreds of people have gathered; the police keep their distance and traffic is slow.",
            "The organisers expect several thousand people. Shops along the way close early.",
            "Tyres were burned at two junctions. Riot police are in place; no injuries are known.",
            "The crowd is peaceful and is expected to leave in the evening.",
        ),
    ),
    Kind(
        "road closure", "demo-traffic", 17, (22, 48, 24, 6, 0), (60, 30, 10, 0), 6, 14,
        (
            "Road closed near {place}, {city}",
            "Bridge near {place} in {city} closed to lorries",
            "Accident closes the road to {place} in {city}",
            "Burst water main closes lanes at {place}, {city}",
        ),
        (
            "All lanes are closed in both directions. A diversion is signposted; expect 40 minutes more.",
            "One lane is open. Heavy vehicles are turned back.",
            "The closure is expected to last until the repair is finished, at least overnight.",
        ),
    ),
    Kind(
        "flood", "demo-hazards", 9, (3, 20, 37, 29, 11), (5, 25, 50, 20), 9, 72,
        (
            "Flooding around {place} in {city}",
            "River above the warning level at {city}",
            "Flash flood in {city} after heavy rain",
            "Streets under water near {place}, {city}",
        ),
        (
            "Ground floors are under water in the lower districts; several hundred people have left their homes.",
            "The gauge rose 1.4 m in six hours and is still rising. Underpasses are closed.",
            "The drains can't take the rain. Bus lines are diverted and some schools are closed.",
        ),
    ),
    Kind(
        "shooting", "demo-news", 6, (0, 8, 34, 40, 18), (35, 45, 20, 0), 5, 10,
        ("Shots fired near {place} in {city}", "Shooting at {place}, {city}", "Armed robbery near {place} in {city}"),
        (
            "The police have closed off the surrounding streets and ask people to stay away.",
            "Two people are said to be injured. One suspect is still sought.",
            "Several witnesses heard shots; the police have not confirmed anyone hurt.",
        ),
    ),
    Kind(
        "earthquake", "demo-seismic", 7, (38, 32, 19, 8, 3), (20, 70, 10, 0), 60, 24,
        ("M {magnitude} earthquake, {km} km {direction} of {city}",),
        (
            "Felt by many people indoors. No damage is known so far.",
            "Light shaking was felt; no warning is in force.",
            "Aftershocks are possible in the coming days. Inspection of bridges has begun.",
        ),
        SEISMIC,
    ),
    Kind(
        "power outage", "demo-network", 9, (12, 38, 36, 12, 2), (5, 25, 60, 10), 6, 9,
        ("Power outage around {place} in {city}", "Substation fault leaves parts of {city} dark", "Power cut in {city}"),
        (
            "About 18,000 customers are without power. The supplier expects it back within four hours.",
            "Traffic lights have failed on several main roads; hospitals run on their own supply.",
            "The supply returns district by district; further interruptions are likely.",
        ),
    ),
    Kind(
        "wildfire", "demo-hazards", 6, (4, 22, 36, 27, 11), (10, 50, 30, 10), 30, 96,
        ("Wildfire {km} km {direction} of {city}", "Bush fire near {city}", "Forest fire smoke reaches {city}"),
        (
            "About 350 hectares have burned. Wind is forecast to turn towards the suburbs.",
            "Two villages were told to be ready to leave.",
            "The fire is contained on its northern side. Air quality is poor.",
        ),
        FIRE_PRONE,
    ),
    Kind(
        "cyber outage", "demo-network", 4, (6, 26, 40, 22, 6), (2, 8, 40, 50), 2, 20,
        (
            "Card payments fail across {city}",
            "Ransomware stops the services of a hospital in {city}",
            "Mobile network down in parts of {city}",
            "City services of {city} offline",
        ),
        (
            "The operator confirms the outage and has switched to paper. No time for a return is given.",
            "The cause is being looked into; an attack is not ruled out.",
            "Emergency calls are routed over another operator.",
        ),
    ),
    Kind(
        "strike", "demo-news", 7, (12, 45, 34, 9, 0), (10, 30, 40, 20), 3, 40,
        ("Transport workers strike in {city}", "Dockers stop work in {city}", "Airport staff walk out in {city}"),
        (
            "Half of the services run. The strike is announced for two days and may be extended.",
            "Cargo is not handled until further notice. Talks go on this evening.",
            "Expect long queues; a minimum service is kept up.",
        ),
    ),
    Kind(
        "storm", "demo-hazards", 8, (5, 28, 38, 23, 6), (0, 10, 45, 45), 15, 30,
        ("Storm warning for {city}", "Strong winds bring down trees in {city}", "Thunderstorm with hail near {city}"),
        (
            "Gusts of up to 110 km/h are forecast. Ferries stay in port.",
            "Roofs are damaged and some roads are blocked by trees. The fire service is on its way to 60 calls.",
            "The warning holds until tomorrow morning. Outdoor events are cancelled.",
        ),
    ),
    Kind(
        "crime", "demo-news", 7, (14, 42, 33, 10, 1), (40, 40, 20, 0), 4, 48,
        ("Cargo theft near {place} in {city}", "Break-ins around {place}, {city}", "Carjacking near {place} in {city}"),
        (
            "The third such case this week. The police ask for witnesses.",
            "The driver was not hurt. The goods are missing.",
            "Premises in the area are advised to check their alarm systems.",
        ),
    ),
)  # fmt: skip
