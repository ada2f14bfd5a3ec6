"""Somebody at the practice, signed in over HTTP without a browser, for journeys with many referrals."""

import html
import re
import uuid
from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class Practice:
    """The practice's GP, signed in without a browser."""

    client: httpx.Client
    patient: str

    def refer(self, service: str) -> str:
        """Write and send a referral; its id."""
        where = f"/referrals/new/?patient={self.patient}&service={service}"
        referral = str(uuid.uuid4())
        form = {"act": "send", "priority": "routine", "reason": "Please see.", "clinical_summary": ""}
        answer = self.client.post(where, data=form | {"referral_id": referral, **self._csrf(where)})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/referrals/{referral}/")
        return referral

    def stands(self, referral: str) -> tuple[str, str]:
        """(sentence, whose turn) as the referral's page says it."""
        page = self.client.get(f"/referrals/{referral}/")
        said = re.search(r'role="status">(.*?)<strong>(.*?)</strong>', page.text, re.DOTALL)
        assert said, page.status_code
        return html.unescape(said[1]).strip(), html.unescape(said[2]).strip()

    def history(self, referral: str) -> str:
        return self.client.get(f"/referrals/{referral}/").text

    def to_look_at(self) -> str:
        """What the exchange desk says cannot be filed without a person."""
        return self.client.get("/exchange/?list=to-look-at").text

    def history_of(self, request: str) -> int:
        """How many things happened to a request that came to the practice."""
        return self.client.get(f"/referrals/received/{request}/").text.count('class="when"')

    def answer(self, request: str, act: str, **fields: str) -> None:
        """Answer a request that came to the practice."""
        where = f"/referrals/received/{request}/"
        page = self.client.get(where).text
        if act != "accept":
            page = self.client.get(f"{where}{act}/").text
        version = re.search(r'name="version"[^>]*value="(\d+)"', page)
        assert version, act
        form = fields | {"version": version[1], **self._csrf(where if act == "accept" else f"{where}{act}/")}
        assert self.client.post(f"{where}{act}/", data=form).status_code == 302

    def _csrf(self, where: str) -> dict[str, str]:
        token = re.search(r'name="csrfmiddlewaretoken"[^>]*value="([^"]+)"', self.client.get(where).text)
        assert token
        return {"csrfmiddlewaretoken": token[1]}

    def sign_in(self, email: str, password: str) -> None:
        form = {"username": email, "password": password, **self._csrf("/sign-in/")}
        assert self.client.post("/sign-in/", data=form).status_code == 302
