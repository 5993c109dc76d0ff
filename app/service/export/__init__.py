"""Files of threats and incidents to take away, streamed: as many as there are, in flat memory."""

from app.service.export.files import Export, Format, of_incident, of_incidents, of_threats

__all__ = ["Export", "Format", "of_incident", "of_incidents", "of_threats"]
