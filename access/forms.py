"""The sign-in form."""

from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """E-mail and password. One sentence for every failure, so that it does not tell which addresses exist."""

    error_messages = {  # noqa: RUF012
        "invalid_login": "The e-mail address and password do not match. Check both and try again.",
        "inactive": "The e-mail address and password do not match. Check both and try again.",
    }

    def clean_username(self) -> str:
        return str(self.cleaned_data["username"]).strip().lower()
