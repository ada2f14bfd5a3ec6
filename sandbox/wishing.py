"""The part of a partner's page where it asks something of the practice: plain forms, ids and states, nobody's name."""

import html
from collections.abc import Sequence

from sandbox.bars.names import Json
from sandbox.bars.requests import KINDS
from sandbox.choosing import button
from sandbox.partner import Partner

ACTS = {"update": "Update", "revoked": "Revoke", "entered-in-error": "Entered in error", "again": "Send again"}


def wishes(partner: Partner, asked: Sequence[Json], *, known: bool) -> str:
    """The form, and what was asked with how it stands. `known`: its records know people by NHS number."""
    kinds = "".join(f'<option value="{kind}">{kind}</option>' for kind in KINDS)
    services = "".join(
        f'<option value="{one.id}">{html.escape(one.name)}</option>' for one in partner.services.values()
    )
    need = "" if known else " required"
    hint = " (empty: as our records know them)" if known else ""
    lines = (
        f'<label>Ask for a <select name="kind">{kinds}</select></label> '
        f'<label>by <select name="service">{services}</select></label>',
        '<label>NHS number <input name="nhs_number" required></label>',
        f'<label>Family name <input name="family"{need}></label> <label>Given names <input name="given"{need}></label> '
        f'<label>Born <input name="birth_date" type="date"{need}></label>{hint}',
        '<label>Reason <input name="reason" value="Please see this patient"></label> '
        '<label>Booking begins <input name="starts" type="datetime-local"></label>',
        "<button>Ask the practice</button>",
    )
    form = f'<form method="post" action="/sandbox/request"><p>{"</p><p>".join(lines)}</p></form>'
    rows = "".join(_row(partner, one) for one in reversed(asked[-50:]))
    head = "<thead><tr><th>Asked</th><th>Ids</th><th>Said</th><th>Stands</th><th>Act</th></tr></thead>"
    nothing = '<tr><td colspan="5">None yet.</td></tr>'
    return f"<h2>Asked of the practice</h2>{form}<table>{head}<tbody>{rows or nothing}</tbody></table>"


def _row(partner: Partner, one: Json) -> str:
    said = "".join(
        f"<li>{html.escape(m['act'])}: {m['status'] or 'no answer'} {m['code']}</li>" for m in one["messages"]
    )
    heard = "".join(f"<li>answered: {html.escape(r['says'])}</li>" for r in one["responses"])
    may = ["update", "revoked", "entered-in-error"] if one["theirs"] and not one["over"] else []
    buttons = "".join(
        button("/sandbox/request", {"request": one["id"], "act": act}, ACTS[act]) for act in (*may, "again")
    )
    what = f"{html.escape(one['kind'])}, {html.escape(partner.services[one['service']].name)}"
    return (
        f"<tr><td>{what}</td><td><code>{one['id']}</code><br><code>{one['theirs']}</code>"
        f"</td><td><ul>{said}{heard}</ul></td><td>{html.escape(one['stands'])}</td><td>{buttons}</td></tr>"
    )
