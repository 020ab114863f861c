"""What its owner takes back leaves the partner's screens and what the browser kept, too."""

from playwright.sync_api import Page, expect

from .conftest import Open
from .pair import Pair

TEXT = "後で回収される行 4711"
KEPT = """async () => {
  const found = [];
  for (const { name } of await indexedDB.databases()) {
    const db = await new Promise((done) => {
      const r = indexedDB.open(name);
      r.onsuccess = () => done(r.result);
    });
    for (const store of db.objectStoreNames) {
      found.push(await new Promise((done) => {
        const r = db.transaction(store).objectStore(store).getAll();
        r.onsuccess = () => done(r.result);
      }));
    }
    db.close();
  }
  return JSON.stringify(found);
}"""


def kept(page: Page) -> str:
    """Everything the page has in its own database."""
    return str(page.evaluate(KEPT))


def test_a_recalled_record_leaves_open_screens_and_kept_answers(pair: Pair, open_page: Open) -> None:
    given = {"text": TEXT, "label": pair.jjoc.label("Duty use, releasable to USA")}
    made = pair.jjoc.api("watch").post("/log-entries", given)["record"]["id"]
    page = open_page(pair.usfj, "watch", "ja", at="#/log")
    expect(page.get_by_text(TEXT).first).to_be_visible()
    page.wait_for_function(f"async () => (await ({KEPT})()).includes({TEXT!r})")
    pair.jjoc.api("disclosure").post(f"/records/{made}/recall", {"reason": "誤って開示した。"})
    expect(page.get_by_text(TEXT)).to_have_count(0, timeout=15_000)
    page.wait_for_function(f"async () => !(await ({KEPT})()).includes({TEXT!r})")
    assert TEXT not in kept(page)
