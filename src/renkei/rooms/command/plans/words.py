"""What findings, outcomes and differences are called on screens, in both languages."""

from ..records import Names

OUTCOMES = {
    "proved": Names(en="proved", ja="成立"),
    "refuted": Names(en="refuted", ja="不成立"),
    "unknown": Names(en="unknown", ja="不明"),
}
CHECKS = {
    "ceiling": Names(en="Ceiling of personnel", ja="人員の上限"),
    "unchanged": Names(en="Responsibilities unchanged", ja="所掌の不変"),
    "held": Names(en="Functions held", ja="機能の充足"),
    "reachable": Names(en="Counterparts reachable", ja="相手部署との共通勤務時間"),
    "orphan": Names(en="No orphans", ja="所属の欠落なし"),
    "cycle": Names(en="No cycles", ja="循環なし"),
    "double command": Names(en="No double command", ja="二重指揮なし"),
    "span": Names(en="Span of control", ja="統制範囲"),
    "commands nobody": Names(en="Coordination bodies command nobody", ja="調整機関は指揮権を持たない"),
    "dual hat": Names(en="Dual hats", ja="兼職"),
    "hand-over": Names(en="Authority handed over", ja="権限の移譲"),
    "legal basis": Names(en="Legal basis", ja="根拠（協定・法令）"),
}
"""Checks by the name that rules give them."""
PROBLEMS = {
    "above": Names(en="above the ceiling", ja="上限を超過"),
    "figure unknown": Names(en="the claim's figure is not known", ja="人員数の主張値が不明"),
    "no figure": Names(en="nobody claims a figure", ja="人員数の主張なし"),
    "officers unknown": Names(
        en="how many the posts gained or lost is not known", ja="増減する職の人数が不明"
    ),
    "ended": Names(en="a responsibility ended", ja="所掌が消滅"),
    "added": Names(en="a responsibility was added", ja="所掌が追加"),
    "extent unknown": Names(en="its extent is not known", ja="範囲が不明"),
    "none recorded": Names(en="no responsibility is recorded", ja="所掌の記録なし"),
    "not held": Names(en="no filled post holds it", ja="充足された職がない"),
    "holder unknown": Names(en="who holds the post is not known", ja="職の充足状況が不明"),
    "holders unknown": Names(en="who holds these posts is not known", ja="これらの職の就任者が不明"),
    "too many hats": Names(en="too many posts in one hand", ja="兼職が多すぎる"),
    "hats of two nations": Names(en="posts of two nations in one hand", ja="二か国の職を兼ねる"),
    "functions apart": Names(en="functions to be kept apart in one hand", ja="分離すべき機能を兼ねる"),
    "orphan": Names(en="nobody above it", ja="上級部隊がない"),
    "outlived": Names(en="posts or relations left without their unit", ja="部隊の廃止後に職・関係が残る"),
    "cycle": Names(en="above itself", ja="自らの上級となる循環"),
    "double command": Names(en="under two at once", ja="同時に二つの上級を持つ"),
    "too many": Names(en="too many directly under it", ja="直属の数が多すぎる"),
    "commands": Names(en="a coordination body has units under it", ja="調整機関が部隊を指揮している"),
    "gap": Names(en="nobody is accountable", ja="責任者が不在（空白）"),
    "overlap": Names(en="two are accountable at once", ja="責任者が重複"),
    "two nations": Names(en="two nations are accountable at the hand-over", ja="移譲の前後で両国が責任者"),
    "between two": Names(en="nobody above it between two", ja="移管の間に上級が不在"),
    "no basis": Names(en="no legal basis in force", ja="有効な根拠がない"),
    "basis unknown": Names(en="the legal basis is not known", ja="根拠が不明"),
    "not reachable": Names(en="too little duty time in common", ja="共通勤務時間が不足"),
    "hours unknown": Names(en="duty hours are not known", ja="勤務時間が不明"),
    "no relation": Names(en="no such relation in force", ja="必要な関係がない"),
    "orders not tried": Names(en="not every order of the phases was tried", ja="段階の全順序は未検証"),
}
"""Findings by their problem."""
CAUSES = {
    "start": Names(en="so without any change", ja="変更前から"),
    "smallest": Names(en="smallest set of changes", ja="最小の変更の組"),
    "minimal": Names(en="none of these can be left out", ja="いずれも除けない変更の組"),
    "enough": Names(en="these are enough; some may not be needed", ja="十分な変更の組（余分を含みうる）"),
}
"""How sure a cause is."""
REPAIRS = {
    "shift": Names(en="move the change to", ja="変更日を移す："),
    "add": Names(en="add the fact", ja="事実を追加："),
    "drop": Names(en="drop the change", ja="変更を取り下げる："),
}
DIFFERENCES = {
    "added": Names(en="added", ja="新設"),
    "ended": Names(en="ended", ja="廃止"),
    "moved": Names(en="moved", ja="移管・移動"),
    "renamed": Names(en="renamed", ja="改称"),
    "re-authorised": Names(en="re-authorised", ja="権限変更"),
    "amended": Names(en="amended", ja="変更"),
}
SIGNS = {"added": "+", "ended": "-", "moved": ">", "renamed": "=", "re-authorised": "!", "amended": "~"}
"""A sign beside the colour, for who cannot tell colours or prints."""
FIGURES = {
    "above": Names(en="above it", ja="上級の数"),
    "below": Names(en="below it", ja="下級の数"),
    "claimed": Names(en="claimed", ja="主張値"),
    "count": Names(en="units in the circle", ja="循環内の部隊数"),
    "counts": Names(en="who is counted", ja="数える対象"),
    "days": Names(en="days", ja="日数"),
    "extent": Names(en="extent", ja="範囲"),
    "function": Names(en="function", ja="機能"),
    "functions": Names(en="functions", ja="機能"),
    "hierarchy": Names(en="hierarchy", ja="系統"),
    "least a day": Names(en="needed a day (min)", ja="1日の必要時間（分）"),
    "least a week": Names(en="needed a week (min)", ja="週の必要時間（分）"),
    "line": Names(en="line", ja="所掌"),
    "minutes a week": Names(en="in common a week (min)", ja="週の共通勤務時間（分）"),
    "most": Names(en="at most", ja="上限"),
    "named": Names(en="named", ja="明示された根拠"),
    "nation": Names(en="nation", ja="国"),
    "nations": Names(en="nations", ja="国"),
    "needed": Names(en="needed", ja="必要な組"),
    "people": Names(en="people", ja="人数"),
    "posts": Names(en="posts", ja="職の数"),
    "relations": Names(en="relations", ja="関係の数"),
    "tried": Names(en="tried", ja="検証した順序の数"),
    "unit": Names(en="unit", ja="部隊・機関"),
    "units": Names(en="units", ja="部隊・機関"),
    "where": Names(en="where", ja="対象"),
}
"""Figures of findings."""
FIELDS = {
    "as_of": Names(en="as of", ja="時点"),
    "basis": Names(en="basis", ja="根拠の性質"),
    "by": Names(en="by", ja="記録者"),
    "claimed": Names(en="claimed as", ja="主張の性質"),
    "code": Names(en="code", ja="コード"),
    "confidence": Names(en="confidence", ja="確度"),
    "counts": Names(en="who is counted", ja="数える対象"),
    "extent": Names(en="extent", ja="範囲"),
    "figure": Names(en="figure", ja="人数"),
    "form": Names(en="form", ja="形態"),
    "function": Names(en="function", ja="機能"),
    "functions": Names(en="functions", ja="機能"),
    "grade": Names(en="grade (OF)", ja="階級（OF）"),
    "holder": Names(en="held by", ja="充当"),
    "hours": Names(en="duty hours", ja="勤務時間"),
    "key": Names(en="key", ja="キー"),
    "level": Names(en="level", ja="級"),
    "names": Names(en="name", ja="名称"),
    "nation": Names(en="nation", ja="国"),
    "nations": Names(en="nations", ja="国"),
    "note": Names(en="note", ja="備考"),
    "object": Names(en="under or with", ja="相手（上級・対象）"),
    "off": Names(en="days off", ja="休日"),
    "officers": Names(en="seats", ja="人数（定数）"),
    "order": Names(en="order", ja="並び順"),
    "part": Names(en="part", ja="役割"),
    "relation": Names(en="relation", ja="関係"),
    "role": Names(en="role", ja="任務"),
    "service": Names(en="service", ja="軍種・所属"),
    "since": Names(en="since", ja="開始日"),
    "site": Names(en="at", ja="所在地"),
    "source": Names(en="source", ja="出典"),
    "spans": Names(en="hours", ja="時間帯"),
    "status": Names(en="status", ja="状態"),
    "subject": Names(en="of", ja="主体"),
    "subject_kind": Names(en="of a", ja="主体の種別"),
    "under": Names(en="resting on", ja="根拠"),
    "unit": Names(en="unit", ja="部隊・機関"),
    "until": Names(en="until", ja="終了日"),
    "utc_offset": Names(en="hours east of UTC", ja="UTCとの時差"),
    "zone": Names(en="time zone", ja="標準時（時間帯名）"),
}
"""Fields of facts, where a difference or a change names them."""


def both(names: Names) -> str:
    """English and Japanese in one line."""
    return " / ".join(text for text in (names.en, names.ja) if text)
