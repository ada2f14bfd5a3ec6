"""The partner's own plain page and the JSON list of arrivals: ids and states only, no patient data."""

import hashlib
import html
from datetime import datetime

from sandbox.bars.names import Json
from sandbox.behaviour import Chosen
from sandbox.choosing import button, choices, otherwise
from sandbox.desk import Desk
from sandbox.partner import Partner
from sandbox.records import Records
from sandbox.store import Store
from sandbox.wishing import wishes
from sandbox.words import LONDON

ACTS = {
    "accepted": "Answer now: accept",
    "booked": "Answer now: book",
    "asked": "Answer now: ask for more",
    "completed": "Answer now: result",
    "outcome": "Answer now: outcome",
    "letter": "Send letter",
    "rejected": "Answer now: reject",
}
STATES = {"waiting": "waiting", "delivered": "delivered", "refused": "not taken by the practice", "dropped": "dropped"}

_STYLE = (
    "body{font:16px/1.5 sans-serif;margin:1.5rem;max-width:75rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #ccc}"
    "form{display:inline}select,input{font:inherit;max-width:100%}button{font:inherit;margin:.1rem}"
    "code{font-size:.85em;overflow-wrap:anywhere}"
    "select{max-width:20rem}"
    "@media(max-width:40rem){table,tbody,tr,td{display:block}thead{display:none}td{border:0;padding:.2rem 0}"
    "tr{border-bottom:1px solid #ccc;padding:.5rem 0}select{width:100%}}"
    ".note{background:#fff3cd;padding:.5rem 1rem}"
)


def arrivals(desk: Desk) -> Json:
    """Every raw arrival with its hash and answer, and every accepted referral with the state of our answers."""
    store, behaviour = desk.store, desk.behaviour
    referrals = store.listed(
        "SELECT id, at, request_id, correlation_id, bundle_id, service, status FROM referrals ORDER BY at, id"
    )
    answers = store.listed(
        "SELECT coalesce(nullif(sent_as, ''), id) AS request_id, referral, place, kind, how, state, tries, status, due,"
        " body FROM answers ORDER BY place"
    )
    by_referral: dict[str, list[Json]] = {}
    for answer in answers:
        body = answer.pop("body")
        answer["sha256"] = hashlib.sha256(body).hexdigest() if body else None
        by_referral.setdefault(answer["referral"], []).append(answer)
    for referral in referrals:
        referral["answers"] = by_referral.get(referral["id"], [])
    return {
        "behaviour": _told(behaviour.general),
        "queued": [_told(one) for one in behaviour.queued],
        "services": {service: _told(one) for service, one in behaviour.services.items()},
        "counts": counts(store),
        "asked": desk.asking.asked.listed() if desk.asking else [],
        "arrivals": store.listed("SELECT * FROM arrivals ORDER BY n"),
        "referrals": referrals,
    }


def _told(one: Chosen) -> Json:
    return {"mode": one.name, "seconds": one.seconds}


def counts(store: Store) -> Json:
    """What came, in numbers: raw arrivals, different ids among them, how many ids came with more than one set of bytes.

    A sender that keeps the rule repeats a message with the same ids and the same bytes, so `changed` is 0.
    """
    rows = store.listed(
        "SELECT count(*) AS arrivals, count(DISTINCT request_id) AS messages,"
        " (SELECT count(*) FROM referrals) AS accepted,"
        " (SELECT count(*) FROM (SELECT 1 FROM arrivals WHERE request_id IS NOT NULL GROUP BY request_id"
        " HAVING count(DISTINCT sha256 || coalesce(correlation_id, '')) > 1)) AS changed FROM arrivals"
    )
    return rows[0]


def page(desk: Desk, records: Records | None = None) -> str:
    """The whole page as HTML; works without JavaScript."""
    partner, found = desk.partner, arrivals(desk)
    name = html.escape(partner.name)
    rows = "".join(_referral(partner, one) for one in reversed(found["referrals"][-100:]))
    refused = [a for a in found["arrivals"] if a["status"] != 200][-50:]
    return (
        f'<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>{name} (sandbox)</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        f'<h1>{name} (sandbox)</h1><p class="note">A pretend organisation for demonstrations and tests.</p>'
        f"{choices(partner, desk.behaviour)}"
        f"{_records(records)}"
        f"{wishes(partner, found['asked'], known=records is not None) if desk.asking else ''}"
        "<h2>Referrals</h2><table><thead><tr><th>Received</th><th>Service</th><th>Ids</th><th>Answers</th>"
        f"<th>Act</th></tr></thead><tbody>{rows or _nothing(5)}</tbody></table>"
        "<h2>Not accepted</h2><table><thead><tr><th>Received</th><th>Request id</th><th>Answer</th></tr></thead>"
        f"<tbody>{''.join(_refusal(one) for one in reversed(refused)) or _nothing(3)}</tbody></table></body></html>"
    )


def _records(records: Records | None) -> str:
    if records is None:
        return ""
    patients, total = records.count()
    return (
        f"<h2>Records</h2><p>{total} resources about {patients} patients can be read. Add a potassium result:</p>"
        '<form method="post" action="/sandbox/result"><label>NHS number <input name="nhs_number" required></label> '
        '<label>mmol/L <input name="value" value="5.9" required></label> <button>Add result</button></form>'
    )


def _referral(partner: Partner, one: Json) -> str:
    service = partner.services.get(one["service"])
    answers = "".join(
        f"<li>{html.escape(a['kind'])}: {html.escape(STATES[a['state']])}{_tries(a)}</li>" for a in one["answers"]
    )
    return (
        f"<tr><td>{_when(one['at'])}</td><td>{html.escape(service.name if service else one['service'])}</td>"
        f"<td><code>{one['id']}</code><br><code>{one['correlation_id']}</code></td><td><ul>{answers}</ul></td>"
        f"<td>{_buttons(one)}</td></tr>"
    )


def _tries(answer: Json) -> str:
    return f" ({answer['tries']} tries)" if answer["tries"] > 1 else ""


def _buttons(one: Json) -> str:
    open_kinds = [a["kind"] for a in one["answers"] if a["state"] in ("waiting", "refused")]
    done = {a["kind"] for a in one["answers"] if a["state"] == "delivered"}
    if open_kinds and not done - {"accepted"} and not any(a["kind"] == "rejected" for a in one["answers"]):
        open_kinds.append("rejected")
    shown = dict.fromkeys(open_kinds)
    acts = "".join(button("/sandbox/answer", {"referral": one["id"], "kind": kind}, ACTS[kind]) for kind in shown)
    may = one["status"] == "active" and not done - {"accepted", "asked"}
    return acts + (otherwise(one["id"]) if may else "")


def _refusal(one: Json) -> str:
    said = html.escape(f"{one['status'] or 'under way'} {one['code'] or ''}")
    request_id = html.escape(one["request_id"] or "")
    return f"<tr><td>{_when(one['at'])}</td><td><code>{request_id}</code></td><td>{said}</td></tr>"


def _nothing(columns: int) -> str:
    return f'<tr><td colspan="{columns}">None yet.</td></tr>'


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, LONDON):%d %b %Y %H:%M:%S}"
