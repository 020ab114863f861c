"""Labels and clearances under the synthetic policies, by hand and by Hypothesis."""

from hypothesis import strategies as st

from renkei.kernel.labels.model import Category, Clearance, Label
from renkei.kernel.labels.policy import PolicyBook
from renkei.kernel.labels.presets import synthetic_book
from renkei.kernel.labels.terms import Terms

JP_BOOK: PolicyBook = synthetic_book("jp")
US_BOOK: PolicyBook = synthetic_book("us")
JP = JP_BOOK.own
US = US_BOOK.own


def releasable_to(*values):
    return Category("Releasable to", "permissive", values)


def handling(*values):
    return Category("Handling", "restrictive", values)


def subject(*values):
    return Category("Subject", "informative", values)


def jp_label(classification="UNCLASSIFIED", *categories):
    return Label(JP.id, classification, categories).canonical()


def us_label(classification="UNCLASSIFIED", *categories):
    return Label(US.id, classification, categories).canonical()


def jp_clearance(top="SEALED", *categories):
    return up_to(JP, top, categories)


def us_clearance(top="CLOSED", *categories):
    return up_to(US, top, categories)


def up_to(terms: Terms, top: str, categories=()) -> Clearance:
    names = [c.name for c in terms.classifications]
    return Clearance(terms.id, tuple(names[: names.index(top) + 1]), tuple(categories)).canonical()


def everything(terms: Terms) -> Clearance:
    """The clearance that holds all there is."""
    held = [Category(t.name, t.type, tuple(v.name for v in t.values)) for t in terms.tags]
    return up_to(terms, terms.classifications[-1].name, held)


def _categories(terms, empty_permissive, keep):
    parts = []
    for tag in terms.tags:
        names = [v.name for v in tag.values if keep(tag, v)]
        least = 0 if empty_permissive and tag.type == "permissive" else 1
        values = st.lists(st.sampled_from(names), min_size=least, unique=True)
        parts.append(
            st.one_of(st.none(), values.map(lambda v, t=tag: Category(t.name, t.type, tuple(sorted(v)))))
        )
    return st.tuples(*parts).map(lambda found: tuple(c for c in found if c is not None))


def labels(terms: Terms, *, empty_permissive=True, keep=lambda _tag, _value: True, levels=None):
    """Any label whose parts ``terms`` knows, also ones against its rules on what goes together."""
    names = levels or [c.name for c in terms.classifications]
    return st.builds(
        lambda level, categories: Label(terms.id, level, categories).canonical(),
        st.sampled_from(names),
        _categories(terms, empty_permissive, keep),
    )


def clearances(terms: Terms):
    """Any clearance without a gap below its top."""
    return st.builds(
        lambda top, categories: up_to(terms, top, categories),
        st.sampled_from([c.name for c in terms.classifications]),
        _categories(terms, False, lambda _tag, _value: True),
    )
