"""Everything the document allows and much that it does not, sent to a running gunicorn by schemathesis, all checks on.

FUZZ_EXAMPLES says how many examples per operation, and how many sequences of operations in the stateful phase.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from app.errors import Faults
from app.service import keys, threats
from app.terms import Permission
from tests import make
from tests.serving import ROOT, served

PHASES = os.environ.get("FUZZ_PHASES", "examples,coverage,fuzzing,stateful")
PUBLISHED = ("4f5d1cc9-d4cc-49a1-a3fc-5ec93d674bc8", "4e91fe4c-0f95-43a2-8a1c-b62cc12df5db")


def test_nothing_that_a_fuzzer_sends_breaks_the_contract(app, tmp_path):
    who = make.actor(app)
    with app.app_context():
        chosen = {("test", f"t-{i}"): UUID(text) for i, text in enumerate(PUBLISHED)}
        threats.upsert(who, [make.record(0), make.record(1)], faults=Faults(), ids=chosen)
    ids = make.put_threats(app, who, 20)
    make.incident(app, who, ids[:5])
    key = make.key(app, who, *Permission)["X-API-Key"]
    with app.app_context():
        key_id = keys.find(who, key.removeprefix(keys.START)[: keys.LOOKUP_LENGTH]).id
    settings = {
        "CORDON_DATA_DIR": str(app.config["DATA_DIR"]),
        "CORDON_DATABASE_URL": app.config["DATABASE_URL"],
        "CORDON_SECRET_KEY": app.config["SECRET_KEY"],
    }
    with served(settings) as address:
        command = [str(Path(sys.executable).with_name("st")), "run", f"{address}/v1/openapi.json", "--checks", "all"]
        command += ["--header", f"X-API-Key:{key}", "--phases", PHASES, "--continue-on-failure"]
        command += ["--max-examples", os.environ.get("FUZZ_EXAMPLES", "10"), "--workers", "1", "--no-color"]
        command += ["--seed", os.environ.get("FUZZ_SEED", "7")]
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.fuzz_hooks",
            "FUZZ_ADDRESS": address,
            "FUZZ_KEY": key,
            "FUZZ_KEY_ID": str(key_id),
            "FUZZ_THREAT_IDS": " ".join(map(str, ids)),
        }
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    # The requests that reproduce a failure can be of megabytes; what is wrong with them is said beside.
    report = "\n".join(line[:1000] for line in (run.stdout + run.stderr[-2000:]).splitlines())
    assert run.returncode == 0, report
    generated = re.search(r"(\d+) generated", run.stdout)
    assert generated, report
    assert int(generated[1]) > 100, report
    print(generated[0])
