"""Signing in, choosing a role, signing out."""

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from access import actions
from access.actor import MEMBERSHIP
from access.forms import SignInForm
from access.guard import ActingRequest, requires
from access.memberships import current


class SignIn(LoginView):
    """E-mail and password; then the role, when there are several."""

    template_name = "access/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_success_url(self) -> str:
        return self.get_redirect_url() or super().get_success_url()

    def form_valid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_valid(form)
        roles = list(current(form.get_user().pk)[:2])
        if len(roles) == 1:
            actions.take_role(self.request, membership=roles[0])
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_invalid(form)
        response.status_code = 422
        return response


sign_in = SignIn.as_view()
sign_out = LogoutView.as_view()


@require_http_methods(["GET", "POST"])
def choose_role(request: HttpRequest) -> HttpResponse:
    """Which of your roles do you work in now? Asked at sign-in when there are several, and to switch later."""
    assert request.user.pk is not None  # LoginRequiredMiddleware
    roles = list(current(request.user.pk))
    if request.method == "POST":
        chosen = next((role for role in roles if str(role.pk) == request.POST.get("membership")), None)
        if chosen is not None:
            actions.take_role(request, membership=chosen)
            return redirect("open-asked" if "asked_to_open" in request.session else "home")
    invalid = request.method == "POST"
    context = {"roles": roles, "invalid": invalid, "chosen": request.session.get(MEMBERSHIP)}
    return render(request, "access/choose_role.html", context, status=422 if invalid else 200)


@require_http_methods(["GET", "POST"])
@requires()
def keys(request: ActingRequest) -> HttpResponse:
    """Which keys there are, and whether single letters are among them for this person."""
    if request.method == "POST":
        actions.switch_single_keys(on=request.POST.get("single") != "off", by=request.actor)
        back = request.POST.get("next", "")
        fits = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/")
        return redirect(back if fits else "access:keys")
    return render(request, "access/keys.html")
