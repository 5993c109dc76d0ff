"""The threats of each tenant in memory, in step with the database: map, list and selections of the desk are answered from it."""

from app.service.live_index.asking import SHARED_ONLY
from app.service.live_index.live import ask

__all__ = ["SHARED_ONLY", "ask"]
