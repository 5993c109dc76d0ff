"""An incident's life in a real browser: notices that undo, choosing as one types, two people at one form, keys."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from playwright.sync_api import expect

from app.service import incidents
from tests import make
from tests.browser.conftest import tick, watched


def test_the_notice_undoes_and_goes_away_unless_pointed_at(incident):
    page = incident
    page.clock.install()
    tick(page, 100)
    page.get_by_role("button", name="Take out").click()
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text("1 threat taken out.")
    notice.hover()
    page.clock.run_for(11_000)
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Undo").focus()
    page.mouse.move(5, 5)
    page.clock.run_for(11_000)
    expect(notice).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="5 threats")).to_be_visible()
    expect(notice).to_contain_text("Undone.")
    page.locator("[data-notice].is-passing").wait_for()
    page.mouse.move(5, 5)
    page.clock.run_for(11_000)
    expect(notice).to_be_hidden()


def test_threats_are_moved_to_an_incident_found_by_typing(incident, made):
    page = incident
    tick(page, 101)
    field = page.get_by_role("combobox", name="Move to")
    field.press_sequentially("flooded road")
    expect(page.locator(".options [role=option]").first).to_contain_text("Flooded road")
    wanted = page.get_by_role("heading", level=1).inner_text().replace("Queue", "Flooded road")
    field.fill(wanted)
    expect(page.locator(".options [role=option]")).to_have_count(1)
    field.press("ArrowDown")
    expect(page.locator(".options [role=option]")).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value(wanted)
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("[data-notice]")).to_contain_text(f"1 threat moved to “{wanted}”.")
    page.goto(f"/incidents/{made[1]}")
    expect(page.get_by_role("heading", name="3 threats")).to_be_visible()


def test_the_map_ticks_the_rows_and_enter_in_the_title_splits(incident):
    page = incident
    page.get_by_role("button", name="Select everything in view").click()
    expect(page.locator("[data-count]")).to_have_text(": 5")
    page.get_by_label("Select all listed here").uncheck()
    expect(page.locator("[data-count]")).to_have_text(": 0")
    tick(page, 102)
    page.get_by_label("Title of the new incident").fill("Split by Enter")
    page.keyboard.press("Enter")
    expect(page.locator("[data-notice]")).to_contain_text("1 threat split into “Split by Enter”.")


def test_a_double_click_acts_once(incident):
    page = incident
    page.get_by_role("textbox", name="Comment").fill("Said once.")
    page.get_by_role("button", name="Add comment").dblclick()
    expect(page.locator("[data-notice]")).to_contain_text("Comment added.")
    expect(page.get_by_text("Said once.")).to_have_count(1)


def test_a_form_whose_sending_was_cancelled_can_be_sent_again(incident):
    page = incident
    page.clock.install()
    page.route("**/comment", lambda route: route.abort("aborted"))
    page.get_by_role("textbox", name="Comment").fill("Said at last.")
    send = page.get_by_role("button", name="Add comment")
    with page.expect_event("requestfailed"):
        send.click(no_wait_after=True)
    expect(send).to_be_disabled()
    page.unroute("**/comment")
    page.clock.run_for(11_000)
    expect(send).to_be_enabled()
    send.click()
    expect(page.locator("[data-notice]")).to_contain_text("Comment added.")


def test_what_was_chosen_to_merge_is_kept_when_the_page_refuses_it(site, incident, made):
    page = incident
    title = page.get_by_role("heading", level=1).inner_text().replace("Queue", "Flooded road")
    page.get_by_text("Merge other incidents").click()
    field = page.get_by_role("combobox", name="Find another open incident")
    field.fill(title)
    expect(page.locator("#merge .options [role=option]")).to_have_count(1)
    field.press("ArrowDown")
    field.press("Enter")
    page.get_by_label("Reason").fill("One queue")
    ada = site.ada()
    with site.app.app_context():
        for one in made:
            incidents.change(ada, UUID(one), incidents.Changes(status="closed"))
    page.get_by_role("button", name="Merge", exact=True).last.click()
    for words in ("Someone else changed this incident", "is closed"):
        expect(page.locator("#trouble")).to_contain_text(words)
        expect(page.locator(f'#merge input[type="checkbox"][value="{made[1]}"]')).to_be_checked()
        button = page.get_by_role("button", name="Reopen it and go on")
        (button if words == "is closed" else page.get_by_role("button", name="Merge", exact=True).last).click()
    expect(page.locator("[data-notice]")).to_contain_text("1 incident merged into this one.")


def test_two_people_edit_and_the_second_loses_nothing(browser, site, incident, made):
    page = incident
    page.get_by_text("Edit title, description").click()
    page.get_by_label("Title", exact=True).fill("Mine")
    page.get_by_label("Description").fill("My words")
    with watched(browser, site) as other:
        second = other.new_page()
        second.goto(site.sign_in_link())
        second.goto(f"/incidents/{made[0]}")
        second.get_by_text("Edit title, description").click()
        second.get_by_label("Title", exact=True).fill("Theirs")
        second.get_by_role("button", name="Save").click()
        expect(second.get_by_role("heading", name="Theirs")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Changed while you were editing")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Mine")
    page.get_by_role("button", name="Keep theirs for Title").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Theirs")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Theirs")).to_be_visible()
    expect(page.locator(".prose", has_text="My words").first).to_be_visible()


def test_an_undo_that_is_blocked_says_why_beside_the_act(incident):
    page = incident
    for number in (103, 104):
        tick(page, number)
    page.get_by_role("button", name="Take out").click()
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Reopen").click()
    page.locator(".entry", has_text="closed the incident").get_by_role("button", name="Undo").click()
    blocked = page.locator(".entry", has_text="closed the incident")
    expect(blocked.get_by_role("alert")).to_contain_text("Undo that first.")
    expect(page.locator("#trouble")).to_be_focused()


def test_shortcuts_are_told_used_and_switched_off(incident):
    page = incident
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-count]")).to_have_text(": 1")
    page.keyboard.press("c")
    page.keyboard.type("g i ? are letters here")
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("g i ? are letters here")
    page.locator("h1").click()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use single-letter shortcuts").uncheck()
    page.get_by_role("button", name="Close", exact=True).last.click()
    page.keyboard.press("?")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Use single-letter shortcuts").check()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile("/incidents$"))


def test_the_desk_warns_of_a_likely_duplicate_and_adds_to_it(context, site):
    ada = site.ada()
    title = f"Fuel queue {uuid4().hex[-6:]}"
    make.incident(site.app, ada, site.ids[116:118], title)
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.get_by_role("searchbox").fill("closure 116")
    tick(page, 116)
    warning = page.locator("#similar")
    expect(warning).to_contain_text("There may be one already")
    expect(warning.get_by_role("listitem").filter(has_text=title)).to_contain_text("1 shared threat")
    page.get_by_role("searchbox").fill("closure 108")
    tick(page, 108)
    warning.get_by_role("button", name=title).click()
    page.keyboard.press("Enter")
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text(f"1 threat added to “{title}”.")
    page.get_by_role("button", name="Keys").wait_for()  # the script of the page is there
    expect(page.locator("#tray-title")).to_have_text("0 selected")
    page.keyboard.press("u")
    expect(notice).to_contain_text("Undone.")
    expect(page).to_have_url(re.compile(r"/\?q=closure\+108$"))


def test_what_is_nearest_to_the_middle_of_the_selection_is_offered_first(context, site):
    ada = site.ada()
    number = uuid4().hex[-6:]
    for threat in (50, 54, 59):
        make.incident(site.app, ada, [site.ids[threat]], f"Place {threat} {number}")
    page = context.new_page()
    page.goto(site.sign_in_link())
    for threat in (52, 56):
        page.get_by_role("searchbox").fill(f"closure {threat}")
        tick(page, threat)
    page.get_by_text("Add to an open incident").click()
    page.get_by_role("combobox", name="Incident", exact=True).fill(number)
    expect(page.locator(".options [role=option]")).to_have_text([re.compile(f"Place {near} ") for near in (54, 50, 59)])


def test_the_filtered_lists_are_taken_away(incident, made):
    page = incident
    page.goto("/?severity=critical")
    expect(page.get_by_role("heading", name="24 threats")).to_be_visible()
    page.get_by_role("searchbox").fill("closure 10")
    expect(page.get_by_role("heading", name="3 threats")).to_be_visible()  # 10, 100, 105
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(download.value.path().read_text().splitlines()) == 4
    page.goto("/incidents")
    page.get_by_role("searchbox").fill("no incident is called so")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No incident matches.")).to_be_visible()
    expect(page.get_by_role("link", name="GeoJSON")).to_have_count(0)
    page.goto("/incidents?status=open")
    with page.expect_download() as download:
        page.get_by_role("link", name="GeoJSON").click()
    assert made[0] in download.value.path().read_text()


def test_a_deleted_incident_shows_its_threats_on_the_map(incident):
    page = incident
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("This incident is deleted.")).to_be_visible()
    expect(page.get_by_text("5 of 5 on the map")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("[data-notice]")).to_contain_text("Restored.")


def test_the_timeline_is_filtered_and_each_entry_has_an_address(incident):
    page = incident
    page.get_by_role("textbox", name="Comment").fill("Found by its address.")
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("[data-notice]")).to_contain_text("Comment added.")
    page.get_by_role("checkbox", name="Comments").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".entry")).to_have_count(1)
    page.locator(".entry .meta a").click()
    expect(page.locator(".entry:target")).to_contain_text("Found by its address.")
    expect(page.locator(".entry")).to_have_count(2)
    page.get_by_role("checkbox", name="With updates from before").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".entry", has_text="brought in Road closure")).to_have_count(5)


def test_a_page_that_only_shows_has_no_box_tool(context, site):
    page = context.new_page()
    page.goto(site.sign_in_link())
    page.goto(f"/threats/{site.ids[0]}")
    page.get_by_text("1 of 1 on the map").wait_for()
    expect(page.get_by_role("button", name="Select a box")).to_have_count(0)


def test_on_a_narrow_screen_the_map_comes_before_the_list(browser, site):
    with watched(browser, site, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.goto(site.sign_in_link())
        page.get_by_text("120 in view of 120 that match").wait_for()
        map_box, list_box = page.locator("#map").bounding_box(), page.locator("#list").bounding_box()
        assert map_box["y"] < list_box["y"]
        assert map_box["height"] == 400
