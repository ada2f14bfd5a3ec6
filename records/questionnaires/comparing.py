"""How two versions of a form differ, in words. Pure."""

from collections.abc import Iterator

from records.questionnaires.reading import Form, Question

_KINDS = {
    "boolean": "yes or no",
    "decimal": "a number",
    "integer": "a whole number",
    "date": "a date",
    "dateTime": "a date and time",
    "time": "a time",
    "string": "a line of text",
    "text": "text",
    "url": "a web address",
    "choice": "a choice",
    "open-choice": "a choice or own words",
    "quantity": "a measure",
    "group": "a group of questions",
    "display": "words to read",
}


def differences(older: Form, newer: Form) -> list[str]:
    """What the newer version asks otherwise, a sentence each. Questions are the same where their link ids are."""
    before = {one.link_id: one for one in older.walk()}
    after = {one.link_id: one for one in newer.walk()}
    added = [
        f"Added: “{_called(one)}”{', required' if one.required else ''}."
        for one in after.values()
        if one.link_id not in before
    ]
    removed = [f"Removed: “{_called(one)}”." for one in before.values() if one.link_id not in after]
    changed = [says for name, one in after.items() if name in before for says in _changes(before[name], one)]
    order = [name for name in before if name in after], [name for name in after if name in before]
    return [*added, *removed, *changed, *(["Questions stand in another order."] if order[0] != order[1] else [])]


def _changes(old: Question, new: Question) -> Iterator[str]:
    called = _called(new)
    if old.text != new.text:
        yield f"Worded anew: “{_called(old)}” is now “{called}”."
    if old.required is not new.required:
        yield f"“{called}” {'must now be answered' if new.required else 'may now be left open'}."
    if old.type != new.type:
        yield f"“{called}” asks for {_kind(new)}, and asked for {_kind(old)}."
    if old.repeats is not new.repeats:
        yield f"“{called}” {'may now be answered more than once' if new.repeats else 'now takes one answer'}."
    yield from _choices(old, new, called)
    if (old.conditions, old.any_condition) != (new.conditions, new.any_condition):
        yield f"“{called}” is asked under other conditions."
    if _limits(old) != _limits(new):
        yield f"“{called}” has other limits, or is filled in otherwise."


def _choices(old: Question, new: Question, called: str) -> Iterator[str]:
    before, after = [option_text(one) for one in old.options], [option_text(one) for one in new.options]
    for one in after:
        if one not in before:
            yield f"“{called}” can now be answered “{one}”."
    for one in before:
        if one not in after:
            yield f"“{called}” can no longer be answered “{one}”."
    if sorted(before) == sorted(after) and old.options != new.options:
        yield f"“{called}” has the same answers with other codes or in another order."


def _limits(one: Question) -> tuple[object, ...]:
    bounds = one.least, one.most, one.shortest, one.longest
    return (*bounds, one.initial, one.initially, one.calculated, one.read_only)


def option_text(option: dict[str, object]) -> str:
    """An answer to choose, as it is read: the display of a coding, else its code; any other value as it is."""
    value = next(iter(option.values()), "")
    if isinstance(value, dict):
        return str(value.get("display") or value.get("code") or value.get("value") or "")
    return str(value)


def _called(one: Question) -> str:
    return one.text or one.link_id


def _kind(one: Question) -> str:
    return _KINDS.get(one.type, "what is not shown here")
