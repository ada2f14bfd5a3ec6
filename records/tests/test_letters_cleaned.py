"""Letters come from elsewhere: whatever their HTML holds, our page runs and fetches none of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.letters import cleaning

CORPUS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    "<body onload=alert(1)>",
    '<iframe src="https://evil.example"></iframe>',
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=x></object><embed src=x>",
    '<form action="/sign-out/" method="post"><button>Next</button></form>',
    '<div style="position:fixed;inset:0;background:url(https://evil.example)">x</div>',
    "<style>body{display:none}</style>",
    '<link rel="stylesheet" href="//evil.example/x.css">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<p onclick="alert(1)" id="main" class="act" hx-get="/patients/" data-hx-get="/x">x</p>',
    "<input autofocus onfocus=alert(1)><textarea autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video src=x onerror=alert(1)><source onerror=alert(1)></video>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<template><script>alert(1)</script></template>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<h1><script>alert(1)</script></h1>",
    "<<script>script>alert(1)<</script>/script>",
    "<table background='javascript:alert(1)'><td background='x'>x</td></table>",
    '<p title="x" lang="tlh">x</p>',
    "\u0000<scr\u0000ipt>alert(1)</script>",
    # Written against the parser: what one reads as text, another as markup
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<math><mi//xlink:href="data:x,<script>alert(1)</script>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noembed><img src=x onerror=alert(1)></noembed>",
    "<title><img src=x onerror=alert(1)></title>",
    "<textarea></textarea><script>alert(1)</script>",
    "<plaintext><script>alert(1)</script>",
    "<select><template><img src=x onerror=alert(1)></template></select>",
    "<svg><desc><template><img src=x onerror=alert(1)></template></desc></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text y=20>x</text></a></svg>',
    '<svg><use href="data:image/svg+xml,<svg id=x onload=alert(1)>#x"/></svg>',
    '<math href="javascript:alert(1)">x</math>',
    '<math><annotation-xml encoding="text/html"><img src=x onerror=alert(1)></annotation-xml></math>',
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--!><script>alert(1)</script>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    '<?xml-stylesheet href="javascript:alert(1)"?>',
    '<img src="x` `<script>alert(1)</script>"` `>',
    '<img/src="x"/onerror=alert(1)//',
    "<img src=x onerror\x0b=alert(1)>",
    '<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>',
    '<a href="vbscript:msgbox(1)">x</a>',
    '<a href="https://evil.example/?p=1" ping="https://evil.example/">x</a>',
    '<div style="width:expression(alert(1))">x</div>',
    '<div style="background-image:url(javascript:alert(1))">x</div>',
    '<table><tr><td style="behavior:url(x.htc)">x</td></tr></table>',
    "<style>@import 'https://evil.example/x.css';</style>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<audio src=https://evil.example/x autoplay onloadstart=alert(1)></audio>",
    "<picture><source srcset=https://evil.example/x><img src=x></picture>",
    '<img srcset="https://evil.example/x 1x">',
    "<input type=image src=https://evil.example/x>",
    '<button formaction="javascript:alert(1)">x</button>',
    '<isindex action="javascript:alert(1)">',
    '<frameset><frame src="javascript:alert(1)"></frameset>',
    "<applet code=x></applet><bgsound src=https://evil.example/x>",
    "<link rel=prefetch href=https://evil.example/x><link rel=dns-prefetch href=//evil.example>",
    "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<x onclick=alert(1) tabindex=0 autofocus onfocus=alert(1)>x</x>",
    "<p id=find name=main data-keys=list data-key=r hx-on:load=alert(1) hx-trigger=load hx-get=/sign-out/>x</p>",
    "<dialog open><form method=dialog><button autofocus>x</button></form></dialog>",
    '<portal src=https://evil.example></portal><object data="data:text/html,<script>alert(1)</script>"></object>',
    '<td colspan="2" onmouseover=alert(1)>x</td>',
    "<td colspan='\"><script>alert(1)</script>'>x</td>",
]
HARMLESS = re.compile(r"<(/?)([a-z0-9]+)((?: (?:colspan|rowspan)=\"[^\"]*\")*)>")


def assert_harmless(cleaned: str) -> None:
    for mark in re.findall(r"<[^>]*>?", cleaned):
        found = HARMLESS.fullmatch(mark)
        assert found is not None, mark
        assert found[2] in cleaning.TAGS, mark


def test_the_corpus_is_no_smaller_than_it_was() -> None:
    assert len(set(CORPUS)) >= 75


@pytest.mark.parametrize("html", CORPUS)
def test_nothing_acts_or_fetches(html: str) -> None:
    cleaned = cleaning.clean(f"<p>Dear Doctor</p>{html}")
    assert_harmless(cleaned)
    assert "Dear Doctor" in cleaned


@given(st.text(max_size=200) | st.lists(st.sampled_from(CORPUS), max_size=6).map("".join))
def test_nothing_anyone_writes_acts_or_fetches(html: str) -> None:
    assert_harmless(cleaning.clean(html))


def test_words_headings_lists_and_tables_stay() -> None:
    html = '<h1>Clinic</h1><p>Seen <b>today</b></p><ul><li>one</li></ul><table><tr><td colspan="2">58</td></tr></table>'
    cleaned = cleaning.clean(html)
    for kept in ("<h2>Clinic</h2>", "<b>today</b>", "<li>one</li>", 'colspan="2"'):
        assert kept in cleaned


@given(st.lists(st.integers(1, 6), max_size=8), st.integers(1, 2))
def test_headings_never_skip_a_level(levels: list[int], below: int) -> None:
    html = "".join(f"<h{level}>x</h{level}>" for level in levels)
    found = [int(level) for level in re.findall(r"<h(\d)>", cleaning.clean(html, below))]
    assert len(found) == len(levels)
    assert all(after <= before + 1 for before, after in zip([below, *found], found, strict=False))
    assert all(level > below for level in found)


def test_plain_text_is_escaped_and_keeps_its_lines() -> None:
    assert cleaning.plain("a <b>\nc") == "a &lt;b&gt;<br>c"
