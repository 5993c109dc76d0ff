"""The application for a WSGI server: `gunicorn wsgi:app`."""

import gc

from app import create_app

app = create_app()
# What is loaded by now stays for good. Going through it again and again was a third of the time of an act on 10,000 threats.
gc.collect()
gc.freeze()
