"""The door of every page: who may, in a transaction that knows who asks."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from access.actor import Actor, acting, actor
from access.permissions import Permission


class ActingRequest(HttpRequest):
    """A request that passed the guard: it always has an actor."""

    actor: Actor


def requires(*permissions: Permission) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let a view be called only by someone signed in, in a role that holds every one of `permissions`.

    With no permission named any chosen role will do. Without a role the person is asked to choose one.
    Raises PermissionDenied (403) otherwise.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            who = actor(request)
            if who is None:
                return redirect("access:choose-role")
            if not all(who.may(permission) for permission in permissions):
                raise PermissionDenied
            request.actor = who  # type: ignore[attr-defined]
            with acting(who):
                return view(request, *args, **kwargs)

        guarded.required_permissions = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate
