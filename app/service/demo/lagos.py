"""The port of Lagos: protests and road closures that belong together, and the published example request on them."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from app.feeds.record import Record
from app.service.demo.kinds import RATIONALE, SOURCES
from app.terms import Precision, Severity

# The two threats that the published example groups, by external id.
CHOSEN_IDS = {
    ("demo-news", "lagos-1"): UUID("4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8"),
    ("demo-traffic", "lagos-2"): UUID("4e91fe4c-0f95-43a2-8a1c-b62cc12df5db"),
}

EXAMPLE = {
    "title": "Port access disruption in Lagos",
    "description": "Multiple protest and road-closure threats affecting site access.",
    "scope": "aggregate",
    "threat_ids": [str(threat_id) for threat_id in CHOSEN_IDS.values()],
}

# Title, description, kind, severity, place, latitude, longitude, hours ago.
_EVENTS = (
    (
        "Dock workers protest at the gate of Apapa port",
        "About 400 dock workers block the main gate over unpaid allowances. Lorries are queuing back to Wharf Road.",
        "protest", Severity.HIGH, "Apapa port, main gate", 6.4436, 3.3672, 5.0,
    ),
    (
        "Wharf Road closed between Apapa port and Ijora",
        "The police have closed both carriageways because of the protest at the port gate. Diversion over Creek Road.",
        "road closure", Severity.HIGH, "Wharf Road, Apapa", 6.4489, 3.3651, 4.2,
    ),
    (
        "Lorry drivers block the access to Tin Can Island port",
        "Drivers have parked across the road at the second gate and demand a say in the call-up system.",
        "protest", Severity.HIGH, "Tin Can Island port, second gate", 6.4352, 3.3466, 6.5,
    ),
    (
        "Oshodi-Apapa Expressway closed at Mile 2",
        "Inbound lanes are closed after a tanker overturned. Recovery is expected to take until the evening.",
        "road closure", Severity.MEDIUM, "Oshodi-Apapa Expressway, Mile 2", 6.4633, 3.3142, 9.0,
    ),
    (
        "Residents protest against lorry parking on Creek Road",
        "Some 150 residents stand on the road near Liverpool bridge. So far peaceful.",
        "protest", Severity.MEDIUM, "Creek Road, Apapa", 6.4402, 3.3590, 2.5,
    ),
    (
        "Liverpool bridge closed to heavy vehicles",
        "Only cars may pass. Containers for Tin Can Island are held back at Orile.",
        "road closure", Severity.MEDIUM, "Liverpool bridge, Apapa", 6.4418, 3.3544, 3.1,
    ),
    (
        "Call for a sit-in at the customs office in Apapa tomorrow",
        "Clearing agents call their members to the Area 1 command at eight in the morning.",
        "protest", Severity.LOW, "Customs Area 1 command, Apapa", 6.4465, 3.3628, 1.4,
    ),
    (
        "Queue of containers reaches Ijora causeway",
        "Waiting time for the port is above 14 hours according to hauliers.",
        "road closure", Severity.LOW, "Ijora causeway", 6.4629, 3.3725, 0.8,
    ),
)  # fmt: skip


def records(now: datetime) -> list[Record]:
    """Return the threats around the two ports, seen within the hours before `now`."""
    return [
        Record(
            row=row,
            source="demo-news" if kind == "protest" else "demo-traffic",
            external_id=f"lagos-{row}",
            title=title,
            severity=severity,
            description=description,
            threat_type=kind,
            threat_rationale=RATIONALE,
            location=f"{place}, Lagos",
            location_country="NG",
            lat=lat,
            lng=lng,
            location_precision_level=Precision.NEAR,
            location_uncertainty_km=0.5,
            observed_at=now - timedelta(hours=hours),
            source_updated_at=now - timedelta(hours=hours / 2),
            sources=SOURCES,
        )
        for row, (title, description, kind, severity, place, lat, lng, hours) in enumerate(_EVENTS, 1)
    ]
