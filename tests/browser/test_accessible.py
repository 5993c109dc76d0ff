"""axe finds nothing on any page, in light and dark, wide and narrow; and no page scrolls sideways at 320 pixels."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from passlib.totp import TOTP
from playwright.sync_api import Page

from app.db import now, transaction
from app.errors import Faults
from app.models import Job
from app.service import imports as service_imports
from app.service import incidents as service_incidents
from app.service import keys, people, roster, saved_views, second_factor, threats
from app.service.incidents import NewIncident
from app.service.selection import read_steps
from tests import make
from tests.browser.conftest import IMPORTER, Site, watched

AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def incident(site: Site) -> str:
    return str(make.incident(site.app, site.ada(), site.ids[:5]))


def sign_in(page: Page, site: Site) -> None:
    page.goto(site.sign_in_link())


def login(page: Page, site: Site, _incident: str) -> None:
    page.goto("/login")
    page.get_by_label("E-mail address").fill("nobody@example.org")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("There is a problem").wait_for()


def desk(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.locator('input[name="threat_ids"]').first.check()
    page.get_by_text("More filters").click()


def desk_in_select_mode(page: Page, site: Site, _incident: str) -> None:
    """A corner of an area is set, threats are to be taken away, the tray lists steps, and a city is being looked for."""
    sign_in(page, site)
    page.get_by_role("button", name="Select everything in view").click()
    page.locator('input[name="threat_ids"]').first.click()
    page.locator("#steps li").nth(1).wait_for()
    page.get_by_role("button", name="Select near a place").click()
    page.get_by_role("button", name="Select an area by its corners").click()
    page.get_by_role("button", name="Take away", exact=True).first.click()
    page.locator("#map").focus()
    for key in ("ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Close area").wait_for()
    page.get_by_role("combobox", name="City").fill("la")
    page.locator(".options li").first.wait_for()


def desk_with_news(page: Page, site: Site, _incident: str) -> None:
    """Threats have come in, some inside an incident's area; a saved view is being changed, another has a filter of before."""
    name = uuid4().hex[-8:]
    who = make.person(site.app, f"{name}@example.org", tenant=name)
    make.put_threats(site.app, who, 60)
    with site.app.app_context():
        everywhere = read_steps('[{"op": "add", "area": {"bbox": [3, 6, 5, 7]}, "filters": {}}]', Faults())
        service_incidents.create(who, NewIncident(title="Apapa port", selection=everywhere))
        for title, query in (("Night shift", "severity=critical&sort=title"), ("Of before", "colour=red")):
            saved_views.save(who, title, query, "", shared=False, faults=Faults())
        threats.upsert(who, [make.record(number) for number in (600, 601)], faults=Faults())
    page.goto(site.sign_in_link(f"{name}@example.org"))
    page.locator("#saved-views > summary").click()
    page.get_by_text("Change Night shift").click()
    with page.expect_response(lambda answer: "/threats/list" in answer.url):
        page.get_by_role("slider", name="Observed from").press("ArrowRight")
    page.locator("#list:not(.is-stale)").wait_for()
    page.locator("#news").evaluate("button => { button.textContent = '12 new'; button.hidden = false; }")
    page.get_by_role("button", name="2 new threats inside Apapa port").click()


def desk_with_errors(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto("/?bbox=here")
    page.goto("/")
    page.locator('input[name="threat_ids"]').first.check()
    page.get_by_role("button", name="Create incident").click()
    page.get_by_text("There is a problem").wait_for()


def desk_with_a_bad_filter(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto("/?bbox=here&severity=high")


def incidents(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto("/incidents")


def one_incident(page: Page, site: Site, incident: str) -> None:
    sign_in(page, site)
    page.goto(f"/incidents/{incident}")
    page.get_by_text("5 of 5 on the map").wait_for()


def incident_at_work(page: Page, site: Site, incident: str) -> None:
    """Everything open: the edit form, the merge form, the list of open incidents, and the notice."""
    one_incident(page, site, incident)
    page.get_by_role("textbox", name="Comment").fill("Said.")
    page.get_by_role("button", name="Add comment").click()
    page.locator("[data-notice]").wait_for()
    page.get_by_text("Edit title, description").click()
    page.get_by_text("Merge other incidents").click()
    page.locator('input[name="threat_ids"]').first.check()
    page.get_by_role("combobox", name="Move to").click()
    page.wait_for_timeout(400)


def incident_edited_by_two(page: Page, site: Site, incident: str) -> None:
    one_incident(page, site, incident)
    page.get_by_text("Edit title, description").click()
    page.get_by_label("Title", exact=True).fill("Mine")
    page.locator('#edit [name="version"]').evaluate("field => field.value = 0")
    page.locator('#edit [name="was_title"]').evaluate("field => field.value = 'Before'")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Changed while you were editing").wait_for()


def sheet_of_keys(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto("/incidents")
    page.get_by_role("button", name="Keys").click()


def desk_with_a_warning(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto("/?q=closure+1&sort=observed_at")
    page.locator('input[name="threat_ids"]').first.check()
    page.get_by_text("There may be one already").wait_for()
    page.get_by_text("Add to an open incident").click()
    page.get_by_role("combobox", name="Incident", exact=True).click()
    page.locator(".options [role=option]").first.wait_for()


def one_threat(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto(f"/threats/{site.ids[0]}")


def threat_edited_by_two(page: Page, site: Site, incident: str) -> None:
    one_threat(page, site, incident)
    page.locator("summary", has_text="Dismiss").click()
    page.get_by_label("Reason for dismissal").fill("Mine")
    page.locator('details [name="version"]').evaluate("field => field.value = '2020-01-01T00:00:00Z'")
    page.locator('details [name="was_status"]').evaluate("field => field.value = 'contained'")
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_text("Changed while you were editing").wait_for()


def imports(page: Page, site: Site, _incident: str) -> None:
    page.goto(site.sign_in_link(IMPORTER))
    page.goto("/imports")


def draft(page: Page, site: Site, _incident: str) -> None:
    imports(page, site, _incident)
    table = b"id,title,lat,lng,severity\n1,Gate,-33.9,18.4,low\n2,Wall,95,185,low\n"
    page.get_by_label("File of threats").set_input_files({"name": "roads.csv", "mimeType": "text/csv", "buffer": table})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("textbox", name="Source").fill(f"axe {uuid4().hex[-6:]}")


def finished_import(page: Page, site: Site, _incident: str) -> None:
    draft(page, site, _incident)
    page.get_by_role("button", name="Start the import").click()
    page.get_by_text("that could not be used").wait_for()
    page.get_by_text("Undo this import").click()


def import_under_way(page: Page, site: Site, _incident: str) -> None:
    """It rests after a failure."""
    show_import(page, site, state="waiting", due_at=now() + timedelta(hours=1), message="The database is busy.")
    page.get_by_role("progressbar").wait_for()


def import_given_up(page: Page, site: Site, _incident: str) -> None:
    show_import(page, site, state="dead", message="The database's disk is full.", finished_at=now())
    page.get_by_role("button", name="Try again").wait_for()


def show_import(page: Page, site: Site, **job: object) -> None:
    """Show an import that was started, with its job so that no worker takes it."""
    with site.app.app_context():
        who = people.actor_for(people.find(IMPORTER).id)
        run = service_imports.draft(who, "roads.csv", b"id,title,lat,lng\n1,Gate,-33.9,18.4\n2,Wall,-33.8,18.4\n")
        with transaction() as session:
            service_imports.start(who, run.id)
            session.execute(sa.update(Job).where(Job.subject == run.id).values(job))
    page.goto(site.sign_in_link(IMPORTER))
    page.goto(f"/imports/{run.id}")


def admin(page: Page, site: Site) -> str:
    """Sign in an admin of a tenant of their own, and return their address."""
    name = uuid4().hex[-8:]
    make.person(site.app, f"{name}@example.org", "admin", tenant=name)
    page.goto(site.sign_in_link(f"{name}@example.org"))
    return f"{name}@example.org"


def people_page(page: Page, site: Site, _incident: str) -> None:
    """One is invited, one disabled, and the form has mistakes."""
    with site.app.app_context():
        who = people.actor_for(people.find(admin(page, site)).id)
        name = uuid4().hex[-8:]
        roster.invite(who, f"invited-{name}@example.org", "viewer")
        other, _ = roster.invite(who, f"a-rather-long-address-{name}@subdomain.example.org", "analyst")
        roster.switch(who, other.id, on=False)
    page.goto("/people")
    page.get_by_label("E-mail address").fill("nobody")
    page.get_by_role("button", name="Invite").click()
    page.get_by_text("There is a problem").wait_for()


def one_person(page: Page, site: Site, _incident: str) -> None:
    admin(page, site)
    page.goto("/people")
    page.locator(".rows a").first.click()
    page.get_by_role("button", name="Disable").click()
    page.get_by_text("There is a problem").wait_for()


def invitation(page: Page, site: Site, _incident: str) -> None:
    admin(page, site)
    page.goto("/people")
    page.get_by_label("E-mail address").fill(f"bob-{uuid4().hex[-8:]}@example.org")
    page.get_by_role("button", name="Invite").click()
    page.get_by_text("It is not shown again").wait_for()


def joining(page: Page, site: Site, _incident: str) -> None:
    invitation(page, site, _incident)
    page.goto(page.locator(".once-shown").inner_text())
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Set password").click()
    page.get_by_text("There is a problem").wait_for()


def account_page(page: Page, site: Site, _incident: str) -> None:
    admin(page, site)
    page.goto("/account")
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Change password").click()
    page.get_by_text("There is a problem").wait_for()


def second_factor_set_up(page: Page, site: Site, _incident: str) -> None:
    admin(page, site)
    page.goto("/account/second-factor")
    page.get_by_label("Your password").fill(make.PASSWORD)
    page.get_by_role("button", name="Set up").click()
    page.get_by_label("Code", exact=True).fill("nothing")
    page.get_by_role("button", name="Switch it on").click()
    page.get_by_text("There is a problem").wait_for()


def recovery_codes(page: Page, site: Site, _incident: str) -> None:
    second_factor_set_up(page, site, _incident)
    key = page.locator(".once-shown").inner_text().replace(" ", "")
    page.get_by_label("Code", exact=True).fill(TOTP(key=key).generate().token)
    page.get_by_role("button", name="Switch it on").click()
    page.locator(".codes li").nth(9).wait_for()


def second_factor_on(page: Page, site: Site, _incident: str) -> None:
    recovery_codes(page, site, _incident)
    page.goto("/account/second-factor")
    page.get_by_role("button", name="Switch the second factor off").click()
    page.get_by_text("There is a problem").wait_for()


def code_asked_for(page: Page, site: Site, _incident: str) -> None:
    email = admin(page, site)
    with site.app.app_context():
        who, key = people.actor_for(people.find(email).id), site.app.config["SECRET_KEY"]
        second_factor.begin(who, make.PASSWORD, key)
        totp = TOTP(key=second_factor.pending(who, key).typed_key.replace(" ", ""))
        second_factor.confirm(who, totp.generate().token, key)
    page.goto(site.sign_in_link(email))
    page.get_by_label("Code").fill("nothing")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("There is a problem").wait_for()


def dark_by_choice(page: Page, site: Site, _incident: str) -> None:
    """The account says dark, whatever the system says."""
    admin(page, site)
    page.goto("/account")
    page.get_by_label("Dark", exact=True).check()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Your account is changed.").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 20, 25)"


def api_keys(page: Page, site: Site, _incident: str) -> None:
    """Keys in every state, and a form that was refused."""
    email = admin(page, site)
    with site.app.app_context():
        who = people.actor_for(people.find(email).id)
        made = [keys.create(who, name, ["threats:read"], networks=["192.0.2.0/24"]) for name in ("Used", "Rotated", "Revoked")]
        keys.authenticate(made[0][1], "192.0.2.1")
        keys.rotate(who, made[1][0].id, 24)
        keys.rotate(who, keys.create(who, "Expired", ["admin"])[0].id, 0)
        keys.revoke(who, made[2][0].id)
        with suppress(keys.KeyRefused):
            keys.authenticate(made[0][1], "198.51.100.1")
    page.goto("/keys")
    page.get_by_label("Networks").fill("here")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_text("There is a problem").wait_for()


def new_api_key(page: Page, site: Site, incident: str) -> None:
    api_keys(page, site, incident)
    page.get_by_role("textbox", name="Name", exact=True).fill("Playbook")
    page.get_by_role("checkbox", name="threats:read").check()
    page.get_by_label("Networks").fill("")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="Copy the key").click()
    page.get_by_text("The key is copied.").wait_for()


def api_key_to_be_revoked(page: Page, site: Site, incident: str) -> None:
    api_keys(page, site, incident)
    page.get_by_role("link", name="Revoke “Used”").click()
    page.get_by_role("button", name="Revoke the key").wait_for()


def missing(page: Page, site: Site, _incident: str) -> None:
    sign_in(page, site)
    page.goto("/nothing")


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "visit",
    [
        login,
        desk,
        desk_in_select_mode,
        desk_with_news,
        desk_with_errors,
        desk_with_a_bad_filter,
        incidents,
        one_incident,
        incident_at_work,
        incident_edited_by_two,
        sheet_of_keys,
        desk_with_a_warning,
        one_threat,
        threat_edited_by_two,
        imports,
        draft,
        finished_import,
        import_under_way,
        import_given_up,
        people_page,
        one_person,
        invitation,
        joining,
        account_page,
        second_factor_set_up,
        recovery_codes,
        second_factor_on,
        code_asked_for,
        dark_by_choice,
        api_keys,
        new_api_key,
        api_key_to_be_revoked,
        missing,
    ],
)
def test_axe_finds_nothing(browser, site, incident, visit, scheme, width):
    faults = []
    with watched(browser, site, faults, color_scheme=scheme, viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        visit(page, site, incident)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults == []
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run({ runOnly: tags })", TAGS)["violations"]
        faults.clear()  # axe itself tries inline styles, which the policy refuses
        assert [f"{item['id']}: {node['html']} {node['failureSummary']}" for item in found for node in item["nodes"]] == []
