"""Home and the one screen, which ask each app's panels; and whether we are alive and ready."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def one_screen(request: HttpRequest, patient_id: object) -> HttpResponse:
    return HttpResponse("")


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """503 only when the database is unusable; the rest is told as `ok` or `degraded`."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "unusable"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})
