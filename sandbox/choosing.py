"""The part of a partner's page where its behaviour is chosen: in words, by forms that need no JavaScript."""

import html
from collections.abc import Mapping

from sandbox.behaviour import Behaviour, Chosen
from sandbox.behaviour.modes import MODES, Mode
from sandbox.partner import Partner


def choices(partner: Partner, behaviour: Behaviour) -> str:
    """How it behaves now and next, and the form that changes it."""
    general = behaviour.general
    now = f"<p>At present it {_words(general)}.</p>"
    queued = "".join(f"<li>It {_words(one)}.</li>" for one in behaviour.queued[:20])
    more = len(behaviour.queued) - 20
    following = f"<p>The next messages:</p><ol>{queued}</ol>" if queued else ""
    following += f"<p>and {more} more.</p>" if more > 0 else ""
    services = "".join(
        f"<li>{html.escape(partner.services[service].name)}: it {_words(one)}.</li>"
        for service, one in behaviour.services.items()
    )
    apart = f"<p>By service:</p><ul>{services}</ul>" if services else ""
    back = button("/sandbox/behaviour", {"mode": "normal"}, "Back to normal")
    offered = {name: mode for name, mode in MODES.items() if behaviour.tls or not mode.expired}
    return f"<h2>Behaviour</h2>{now}{following}{apart}{_form(partner, offered)} {back}{_table(offered)}"


def otherwise(referral: str) -> str:
    """The form that has a listed referral answered in another way."""
    options = "".join(_option(name, mode.said) for name, mode in MODES.items() if mode.plans)
    return (
        f'<form method="post" action="/sandbox/behaviour"><input type="hidden" name="referral" value="{referral}">'
        f'<label>Otherwise, it <select name="mode">{options}</select></label> <button>Answer so now</button></form>'
    )


def button(action: str, fields: dict[str, str], said: str) -> str:
    """A form of one button."""
    hidden = "".join(f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in fields.items())
    return f'<form method="post" action="{action}">{hidden}<button>{html.escape(said)}</button></form>'


def _form(partner: Partner, offered: Mapping[str, Mode]) -> str:
    modes = "".join(_option(name, mode.said) for name, mode in offered.items())
    services = "".join(_option(one.id, one.name) for one in partner.services.values())
    lines = (
        f'<label>It <select name="mode">{modes}</select></label>',
        'for the next <label><input name="next" type="number" min="0" max="1000"> messages</label> (empty: all)',
        f'<label>for the service <select name="service"><option value="">any</option>{services}</select></label>',
        '<label>Seconds <input name="seconds" type="number" min="0" max="86400" step="any"></label>',
        "<button>Behave so</button>",
    )
    return f'<form method="post" action="/sandbox/behaviour"><p>{"</p><p>".join(lines)}</p></form>'


def _table(offered: Mapping[str, Mode]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(mode.said[0].upper() + mode.said[1:])}</td><td><code>{name}</code></td>"
        f"<td>{html.escape(mode.seconds)}</td></tr>"
        for name, mode in offered.items()
    )
    head = "<thead><tr><th>What it does</th><th>Mode</th><th>Seconds</th></tr></thead>"
    return f"<details><summary>Every behaviour</summary><table>{head}<tbody>{rows}</tbody></table></details>"


def _option(value: str, said: str) -> str:
    return f'<option value="{html.escape(value)}">{html.escape(said)}</option>'


def _words(one: Chosen) -> str:
    seconds = f" ({one.seconds:g} s {one.mode.seconds})" if one.seconds and one.mode.seconds else ""
    return html.escape(one.mode.said + seconds)
