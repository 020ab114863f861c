"""Accounts and tokens by hand: an administrator's page, and everybody's own."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from . import looks
from .conftest import Open, Watched, sign_in
from .pair import Pair

EVERYTHING_KEPT = """async () => {
  const done = (asked) => new Promise((yes) => { asked.onsuccess = () => yes(asked.result); });
  const text = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  for (const { name } of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    for (const store of db.objectStoreNames)
      text.push(JSON.stringify(await done(db.transaction(store).objectStore(store).getAll())));
    db.close();
  }
  return text.join();
}"""
"""What the browser keeps, as text."""
FIRST, SECOND = "typhoon number eleven", "typhoon number twelve"


def make(page: Page, account: str) -> None:
    """A viewer of the lowest level, by the form."""
    page.locator("[data-act=new-account]").click()
    form = page.locator("dialog form")
    form.locator("input[name=account]").fill(account)
    form.locator("input[name=post]").fill("Relief watch officer, JJOC")
    form.locator("input[name=post-ja]").fill("統合作戦司令部 交代当直幹部")
    form.locator("input[name=password]").fill(FIRST)
    form.locator("input[name=role][value=viewer]").check()
    form.locator("input[name=level]").first.check()
    form.locator("button[type=submit]").click()
    expect(page.locator(f"[data-account={account}]")).to_be_visible()


def test_an_account_is_made_works_changes_and_is_barred(pair: Pair, watched: Watched) -> None:
    admin = watched.open(pair.jjoc, "admin", at="#/accounts")
    make(admin, "relief")
    relief = watched.page(pair.jjoc)
    sign_in(relief, "relief", FIRST)
    relief.goto(f"{pair.jjoc.url}/#/me")
    expect(relief.locator("[data-part=me]")).to_contain_text("Relief watch officer, JJOC")
    expect(relief.locator(".rail a[href='#/accounts']")).to_have_count(0)

    card = admin.locator("[data-account=relief]")
    card.locator("[data-act=change]").click()
    admin.locator("dialog input[name=role][value=liaison]").check()
    admin.locator("dialog button[type=submit]").click()
    expect(card).to_contain_text("Liaison officer")
    relief.reload()
    expect(relief.locator("[data-part=me]")).to_contain_text("send requests")

    card.locator("[data-act=bar]").click()
    expect(card).to_have_attribute("data-disabled", "true")
    relief.goto(f"{pair.jjoc.url}/#/log")
    expect(relief.locator("input[name=password]")).to_be_visible()


def test_the_last_administrator_cannot_be_barred(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "admin", "ja", at="#/accounts")
    card = page.locator("[data-account=admin]")
    card.locator("[data-act=bar]").click()
    expect(card.locator("[role=alert]")).to_contain_text("account.last")


def test_ones_own_password_is_changed_by_who_knows_it(pair: Pair, watched: Watched) -> None:
    admin = watched.open(pair.jjoc, "admin", at="#/accounts")
    make(admin, "second")
    page = watched.page(pair.jjoc)
    sign_in(page, "second", FIRST)
    page.goto(f"{pair.jjoc.url}/#/me")
    page.locator("[data-act=password]").click()
    form = page.locator("dialog form")
    form.locator("input[name=current]").fill("not this one")
    form.locator("input[name=password]").fill(SECOND)
    form.locator("input[name=again]").fill(SECOND + "!")
    form.locator("button[type=submit]").click()
    expect(form.locator("[role=alert]")).to_contain_text("not the same")
    form.locator("input[name=again]").fill(SECOND)
    form.locator("button[type=submit]").click()
    expect(form.locator("[role=alert]")).to_contain_text("session.denied")
    form.locator("input[name=current]").fill(FIRST)
    form.locator("button[type=submit]").click()
    expect(page.locator("[role=status]", has_text="changed")).to_be_visible()
    page.reload()
    expect(page.locator("[data-part=me]")).to_be_visible()
    again = {"account": "second", "password": SECOND}
    assert httpx.post(f"{pair.jjoc.url}/api/v1/session", json=again).status_code == 201
    kept = page.evaluate(EVERYTHING_KEPT)
    assert "second" in kept and FIRST not in kept and SECOND not in kept


def test_a_token_is_shown_once_works_and_is_revoked(pair: Pair, open_page: Open) -> None:
    page = open_page(pair.jjoc, "watch", at="#/me")
    page.locator("[data-act=new-token]").click()
    form = page.locator("dialog form")
    form.locator("input[name=token-name]").fill("Tide gauge feed")
    form.locator("input[name=scope][value='log.write']").check()
    form.locator("button[type=submit]").click()
    secret = page.locator("[data-part=secret]").input_value()
    page.locator("dialog [data-act=done]").click()
    bearer = {"Authorization": f"Bearer {secret}"}
    asked = httpx.get(f"{pair.jjoc.url}/api/v1/session", headers=bearer).json()
    assert set(asked["permissions"]) == {"read", "log.write"}
    row = page.locator("[data-token]", has_text="Tide gauge feed")
    assert secret not in page.content()
    row.locator("[data-act=revoke]").click()
    row.locator("[data-act=revoke]").click()
    expect(row).to_have_attribute("data-state", "revoked")
    assert httpx.get(f"{pair.jjoc.url}/api/v1/session", headers=bearer).status_code == 401


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_pages_fit_their_width_and_pass_axe(pair: Pair, open_page: Open, lang: str) -> None:
    page = open_page(pair.usfj, "admin", lang, at="#/me")
    for where, there, act in (
        ("me", "[data-part=me]", "new-token"),
        ("accounts", "[data-account]", "new-account"),
    ):
        page.goto(f"{pair.usfj.url}/#/{where}")
        page.locator(there).first.wait_for()
        looks.check(page, lang, where)
        page.locator(f"[data-act={act}]").click()
        page.locator("dialog form").wait_for()
        looks.check(page, lang, act)
        page.keyboard.press("Escape")
