"""Structures for tests of formats: a small one by hand, and any by Hypothesis."""

from datetime import date
from itertools import pairwise

from hypothesis import strategies as st

from renkei.rooms.command.paths.description import Duty
from renkei.rooms.command.plans import (
    Function,
    Hours,
    LegalBasis,
    Nation,
    Post,
    Relation,
    Responsibility,
    Site,
    Strength,
    Structure,
    Unit,
)
from renkei.rooms.command.records import Names

NATIONS = (
    Nation(key="US", names=Names(en="United States", ja="米国")),
    Nation(key="Japan", names=Names(en="Japan", ja="日本")),
    Nation(key="Bilateral", names=Names(en="Bilateral", ja="日米共同"), shared=True),
)


def small() -> Structure:
    """A headquarters of each nation, what is under them, and everything a structure can say."""
    said = {"source": "synthetic", "confidence": "low"}
    return Structure(
        nations=NATIONS,
        units=(
            Unit(
                code="US-HQ",
                names=Names(en="Headquarters A", ja="甲司令部"),
                nation="US",
                level="command",
                **said,
            ),
            Unit(code="US-WING", names=Names(en="Wing"), nation="US", site="US-BASE", since=date(2025, 4, 1)),
            Unit(
                code="JP-HQ",
                names=Names(en="Headquarters B", ja="乙司令部"),
                nation="Japan",
                grade=9,
                order=-2,
            ),
            Unit(
                code="JP-ARMY",
                names=Names(ja="方面隊"),
                nation="Japan",
                status="superseded",
                until=date(2026, 1, 1),
            ),
            Unit(code="BI-CELL", names=Names(en="Cell"), nation="Bilateral", form="coordination body"),
        ),
        posts=(
            Post(
                code="US-HQ.ops",
                unit="US-HQ",
                names=Names(en="Operations officer", ja="運用幕僚"),
                holder="",
                functions=("operations", "odd; one\\"),
                officers="unknown",
                hours="day",
            ),
            Post(code="JP-HQ.chief", unit="JP-HQ", names=Names(en="Chief"), holder="jp.chief", officers=3),
        ),
        sites=(Site(code="US-BASE", names=Names(en="Base"), nation="US", utc_offset=-9.5, hours="day"),),
        hours=(
            Hours(
                key="day",
                spans=(
                    Duty(days=(0, 1, 2), begin="08:00", end="17:30", utc_offset=9.0),
                    Duty(days=(5,), begin="09:00", end="12:00", utc_offset=-10.0),
                ),
            ),
            Hours(
                key="capital",
                spans=(Duty(days=(0, 4), begin="08:30", end="17:00", utc_offset=-5.0),),
                zone="America/New_York",
                off=(date(2027, 1, 1), date(2027, 7, 5)),
            ),
            Hours(key="always", spans="always"),
            Hours(key="nobody knows", spans="unknown"),
        ),
        functions=(Function(key="odd; one\\", names=Names(en="Odd")),),
        responsibilities=(
            Responsibility(
                key="r1", subject="US-HQ", function="planning", part="responsible", under=("accord",)
            ),
            Responsibility(
                key="r2", subject="JP-HQ.chief", subject_kind="post", function="logistics", part="informed"
            ),
        ),
        legal_bases=(LegalBasis(key="accord", names=Names(en="Accord"), nations=("US", "Japan")),),
        relations=(
            Relation(key="k1", relation="command", subject="US-WING", object="US-HQ", since=date(2025, 4, 1)),
            Relation(key="k2", relation="counterpart", subject="US-HQ", object="JP-HQ", note="=HYPERLINK(1)"),
            Relation(key="k3", relation="command", subject="JP-ARMY", object="JP-HQ", until=date(2026, 1, 1)),
        ),
        strengths=(
            Strength(
                key="s1",
                subject="US",
                subject_kind="nation",
                figure=50_000,
                counts="about, 'quoted'",
                as_of="2025",
            ),
            Strength(
                key="s2",
                subject="US-HQ",
                subject_kind="unit",
                figure="unknown",
                counts="-5 staff",
                by="us.usfj",
            ),
        ),
    )


def text(most: int = 20) -> st.SearchStrategy[str]:
    """Text as people write it into cells: no control characters but line ends within, no space around."""
    letters = st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]) | st.sampled_from(
        " '=+-@;\\\",\n\t|%"
    )
    return st.text(letters, max_size=most).map(str.strip).filter(lambda t: t not in ("(none)",))


def written(most: int = 20) -> st.SearchStrategy[str]:
    """The same, and not empty."""
    return text(most).filter(bool)


DAYS = st.none() | st.dates(date(1950, 1, 1), date(2050, 1, 1))
SAID = {
    "status": st.sampled_from(["announced", "in force", "superseded"]),
    "source": text(),
    "confidence": st.sampled_from(["high", "medium", "low"]),
    "basis": st.sampled_from(["documented", "customary", "inferred"]),
    "note": text(),
    "by": text(),
}


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """A sound structure of a few facts of every kind."""

    def said() -> dict[str, object]:
        found = {name: draw(of) for name, of in SAID.items()}
        since, until = draw(DAYS), draw(DAYS)
        if since and until and until <= since:
            until = None
        return {**found, "since": since, "until": until}

    def names() -> Names:
        en = draw(text())
        return Names(en=en, ja=draw(text() if en else written()))

    def keys(prefix: str, most: int = 3) -> list[str]:
        return [f"{prefix}{n}" for n in range(draw(st.integers(0, most)))]

    def several(pool: list[str]) -> tuple[str, ...]:
        return tuple(draw(st.lists(st.sampled_from(pool), unique=True, max_size=2))) if pool else ()

    hours = [draw(written()) + str(n) for n in range(draw(st.integers(0, 2)))]
    functions = [draw(written()) + str(n) for n in range(draw(st.integers(0, 2)))]
    bases = keys("law; ")
    sites = keys("US-S")
    units = keys("JP-U", 4)
    nation = st.sampled_from([n.key for n in NATIONS])
    duty = st.builds(
        Duty,
        days=st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True).map(tuple),
        begin=st.just("08:00"),
        end=st.just("17:15"),
        utc_offset=st.sampled_from([9.0, -10.0, 5.5, 0.0]),
    )
    spans = st.sampled_from(["always", "unknown"]) | st.lists(duty, min_size=1, max_size=3).map(tuple)
    grade = st.integers(1, 10) | st.just("unknown")
    site_of = st.sampled_from(["", *sites])
    return Structure(
        nations=NATIONS,
        units=tuple(
            Unit(
                code=code,
                names=names(),
                nation=draw(nation),
                level=draw(text()),
                service=draw(text()),
                form=draw(st.sampled_from(["unit", "coordination body"])),
                grade=draw(grade),
                order=draw(st.integers(-9, 9)),
                role=draw(text()),
                site=draw(site_of),
                **said(),
            )
            for code in units
        ),
        posts=tuple(
            Post(
                code=f"post {n}",
                unit=draw(st.sampled_from(units)),
                names=names(),
                holder=draw(text()),
                functions=several([*functions, "planning"]),
                officers=draw(st.integers(0, 5) | st.just("unknown")),
                grade=draw(grade),
                hours=draw(st.sampled_from(["", "unknown", *hours])),
                site=draw(site_of),
                **said(),
            )
            for n in range(draw(st.integers(0, 3)) if units else 0)
        ),
        sites=tuple(
            Site(
                code=code,
                names=names(),
                nation=draw(nation),
                utc_offset=draw(st.sampled_from([9.0, -10.0, 0.0, "unknown"])),
                hours=draw(st.sampled_from(["", "unknown", *hours])),
                **said(),
            )
            for code in sites
        ),
        hours=tuple(Hours(key=key, spans=draw(spans), **said()) for key in hours),
        functions=tuple(Function(key=key, names=names(), **said()) for key in functions),
        responsibilities=tuple(
            Responsibility(
                key=f"r{n}",
                subject=draw(st.sampled_from(units)),
                function="planning",
                part="consulted",
                extent=draw(text()),
                under=several(bases),
                **said(),
            )
            for n in range(draw(st.integers(0, 2)) if units else 0)
        ),
        legal_bases=tuple(
            LegalBasis(key=key, names=names(), nations=("US", "Japan"), **said()) for key in bases
        ),
        relations=tuple(
            Relation(key=f"k{n}", relation="counterpart", subject=a, object=b, under=several(bases), **said())
            for n, (a, b) in enumerate(pairwise(units))
        ),
        strengths=tuple(
            Strength(
                key=f"s{n}",
                subject=code,
                subject_kind="unit",
                figure=draw(st.integers(0, 99_999) | st.just("unknown")),
                counts=draw(text()),
                claimed=draw(st.sampled_from(["reported", "planned"])),
                as_of=draw(st.sampled_from(["", "2025", "2025-03", "2025-03-24"])),
                **said(),
            )
            for n, code in enumerate(units)
        ),
    )
