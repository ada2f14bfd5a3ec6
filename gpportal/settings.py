"""All settings, read from the environment (12-factor).

`./gp run` sets GP_DEMO=1, which alone allows the demonstration's defaults. Without it a missing secret, host or TLS
setting stops start-up and is named. Every variable is listed in docs/operators.md.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEMO = env.bool("GP_DEMO", False)
TESTING = env.bool("GP_TEST", False)
PRODUCTION = not DEMO
DATA_DIR = Path(env.str("GP_DATA_DIR", str(BASE_DIR / "var")))


def required(name: str, purpose: str) -> str:
    """The value of an environment variable without which the service must not start."""
    value: str = env.str(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {purpose}")
    return value


# Where we are -------------------------------------------------------------------------------------------------------
PUBLIC_URL = required(
    "GP_PUBLIC_URL", "the address users and partners reach us at, such as https://portal.example.nhs.uk"
)
SECRET_KEY = required("GP_SECRET_KEY", "a long random secret that signs sessions and tokens")
_public = urlsplit(PUBLIC_URL)
if PRODUCTION:
    ALLOWED_HOSTS = [host.strip() for host in required("GP_HOSTS", "the host names we answer to").split(",")]
    if _public.scheme != "https":
        raise ImproperlyConfigured("GP_PUBLIC_URL must begin with https:// in production: patient data needs TLS")
    TLS_AT = required("GP_TLS", "where TLS ends: 'proxy' (a proxy sets X-Forwarded-Proto) or 'here'")
    if TLS_AT not in ("proxy", "here"):
        raise ImproperlyConfigured("GP_TLS must be 'proxy' or 'here'")
    if TLS_AT == "proxy":
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    # Whether browsers get our domain built in is for whoever owns the domain.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
else:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
DEBUG = False
ROOT_URLCONF = "gpportal.urls"
WSGI_APPLICATION = "gpportal.wsgi.application"
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "rest_framework",
    "ui",
    "access",
    "work",
    "exchange",
    "records",
    "referrals",
    "socialcare",
    "gpportal",
]
if DEMO and find_spec("django_migration_linter"):  # only where the development packages are installed
    INSTALLED_APPS.append("django_migration_linter")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ui.middleware.nothing_is_fetched_ahead",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ui.middleware.patient_pages_are_never_stored",
]

# Data ---------------------------------------------------------------------------------------------------------------
# Two roles: `default` is the app's (no DDL; may only add to the audit), `owner` migrates and nothing else.
required("DATABASE_URL", "PostgreSQL for the role the application runs as")
_pool = {"min_size": 1, "max_size": env.int("GP_DATABASE_POOL", 10), "timeout": 10}
DATABASES: dict[str, Any] = {
    "default": env.db_url("DATABASE_URL"),
    "owner": env.db_url("DATABASE_OWNER_URL") if env.str("DATABASE_OWNER_URL", "") else env.db_url("DATABASE_URL"),
}
DATABASES["default"].setdefault("OPTIONS", {})
if not TESTING:
    DATABASES["default"]["OPTIONS"]["pool"] = _pool
DATABASES["owner"]["TEST"] = {"MIRROR": "default"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = required("REDIS_URL", "Redis or Valkey, the doorbell of background work")

# People -------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "access.User"
LOGIN_URL = "access:sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "access:sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if TESTING:  # the cast of the tests signs in hundreds of times
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_COOKIE_AGE = env.int("GP_SESSION_HOURS", 12) * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "gpportal_session", "gpportal_csrf"

# Pages --------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "ui.jinja.environment",
            "context_processors": [
                "django.contrib.messages.context_processors.messages",
                "ui.context.page",
                "gpportal.navigation.page",
            ],
        },
    },
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = None if DEMO else DATA_DIR / "static"  # where collectstatic gathers them for production
WHITENOISE_USE_FINDERS = DEMO
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024  # the FHIR API itself answers 413 above MESSAGE_LIMIT_BYTES

# Headers ------------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

# Background work ----------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False  # the row in the database decides, the sweep rings again
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    # Ringing the doorbell tries once. Workers reconnect by their own settings, for as long as it takes.
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False  # a lost doorbell is found by the sweep; a page never waits for the broker
CELERY_TIMEZONE = TIME_ZONE
SWEEP_SECONDS = env.int("GP_SWEEP_SECONDS", 5 if DEMO else 30)
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep-outbox": {"task": "exchange.tasks.sweep_outbox", "schedule": SWEEP_SECONDS},
    "sweep-traces": {"task": "records.tasks.sweep_traces", "schedule": SWEEP_SECONDS},
    "sweep-inbox": {"task": "exchange.tasks.sweep_inbox", "schedule": SWEEP_SECONDS},
    "sweep-mailboxes": {"task": "exchange.tasks.sweep_mailboxes", "schedule": SWEEP_SECONDS},
    "follow-handovers": {"task": "exchange.tasks.follow_handovers", "schedule": 60},
    "alert-of-stuck": {"task": "exchange.tasks.alert_of_stuck", "schedule": 60},
    "read-capabilities": {"task": "exchange.tasks.read_capabilities", "schedule": crontab(hour=5, minute=30)},
    "sweep-clocks": {"task": "work.tasks.sweep_clocks", "schedule": SWEEP_SECONDS},
    "remove-old": {"task": "exchange.tasks.remove_old", "schedule": crontab(hour=3, minute=20)},
    "sweep-circumstances": {"task": "referrals.tasks.sweep_circumstances", "schedule": SWEEP_SECONDS},
    "sweep-pulls": {"task": "records.tasks.sweep_pulls", "schedule": SWEEP_SECONDS},
}

# Records ------------------------------------------------------------------------------------------------------------
SUBSTANCES_FILE = env.str("GP_SUBSTANCES_FILE", "")  # more codes of medicines, see records/substances.py

# Work ---------------------------------------------------------------------------------------------------------------
CLOCKS = ("referrals.stages.RULES",)  # what the rooms above declare of the things that have clocks

# The exchange -------------------------------------------------------------------------------------------------------
SUMMARY_ALSO = ("gpportal.printed.referrals",)  # what apps above the record add to its printed summary
MESSAGES = "gpportal.messages"  # events and happenings -> handlers
FHIR_CAPABILITIES = "gpportal.fhir_api.capabilities"  # what GET metadata answers
FHIR_DEFINITIONS = "gpportal.definitions"  # what GET MessageDefinition answers
OUR_ODS_CODE = env.str("GP_ODS_CODE", "Y90001" if DEMO else "")
OUR_SERVICE_ID = env.str("GP_SERVICE_ID", "9000000101" if DEMO else "")
MESSAGE_LIMIT_BYTES = 5 * 1024 * 1024
MESSAGE_TIME_LIMIT_SECONDS = 5
# Versions of the BaRS API that a caller's Accept may name, and calls a minute one partner may make (0: any number).
BARS_API_VERSIONS = env.list("GP_BARS_API_VERSIONS", default=["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"])
PARTNER_PER_MINUTE = env.int("GP_PARTNER_PER_MINUTE", 6000)
BARS_VERSIONS_SUPPORTED = env.list("GP_BARS_VERSIONS", default=["1.0.0", "1.1.0"])
# What others may ask the practice for: use cases of BaRS and our own (ADR 0027). Anything else is told "not supported".
RECEIVED_USE_CASES = env.list(
    "GP_RECEIVED_USE_CASES", default=["a4t1", "a4t3", "hospital-to-gp", "pharmacy-to-gp", "111-to-gp", "booking-at-gp"]
)
PARTNER_TIMEOUT_SECONDS = env.float("GP_PARTNER_TIMEOUT", 10.0)
# Retry after so many seconds; the last one repeats until GIVE_UP_AFTER_HOURS (BaRS: exponential back-off, upper bound).
RETRY_SECONDS = env.list(
    "GP_RETRY_SECONDS", cast=int, default=[10, 30, 60] if DEMO else [60, 120, 300, 900, 3600, 14400]
)
GIVE_UP_AFTER_HOURS = env.int("GP_GIVE_UP_AFTER_HOURS", 120)
# After so many tries in a row that nobody answered a partner rests: one message at a time is tried, so often at least.
REST_AFTER_TRIES = env.int("GP_REST_AFTER_TRIES", 3)
REST_AT_MOST_SECONDS = env.int("GP_REST_AT_MOST", 900)
# A message that waits so long is told as slow, then as stuck, at the exchange desk.
EXCHANGE_WARN_MINUTES = env.int("GP_EXCHANGE_WARN_MINUTES", 10)
EXCHANGE_FAIL_MINUTES = env.int("GP_EXCHANGE_FAIL_MINUTES", 60)
# Who is told by e-mail, once, that something is stuck; nobody unless named. GP_EMAIL_URL says how.
EXCHANGE_ALERT_TO = env.list("GP_EXCHANGE_ALERT_TO", default=[])
vars().update(env.email_url("GP_EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 20  # seconds: a mail server that says nothing must not hold a worker
DEFAULT_FROM_EMAIL = env.str("GP_EMAIL_FROM", "gpportal@localhost")
# The content of settled messages is removed after so many days (docs/adr/0024); 0 keeps it.
KEEP_MESSAGES_DAYS = env.int("GP_KEEP_MESSAGES_DAYS", 2920)
if KEEP_MESSAGES_DAYS < 0:
    raise ImproperlyConfigured("GP_KEEP_MESSAGES_DAYS is a number of days, 0 to keep everything")
METRICS_TOKEN = env.str("GP_METRICS_TOKEN", "")  # bearer token of /metrics; without it only this machine may ask
DELIVERY_LEASE_SECONDS = env.int("GP_DELIVERY_LEASE", 30)
# MESH. Its rules: a mailbox is looked into every five minutes at most and daily at least; nobody asks often what became
# of a message. What is not collected goes back after five days.
MESH_POLL_SECONDS = env.int("GP_MESH_POLL", 300)
MESH_LEASE_SECONDS = env.int("GP_MESH_LEASE", 120)
MESH_TRACK_SECONDS = env.list("GP_MESH_TRACK", cast=int, default=[900, 3600, 14400])
MESH_COLLECT_DAYS = env.int("GP_MESH_COLLECT_DAYS", 5)
MESH_LIMIT_BYTES = env.int("GP_MESH_LIMIT_BYTES", 20 * 1024 * 1024)
# Reading at partners: when a patient is opened, at most this often, and in the evening for tomorrow's appointments.
PULL_AGAIN_SECONDS = env.int("GP_PULL_AGAIN", 15 if DEMO else 300)
PULL_SECONDS = env.float("GP_PULL_SECONDS", 40.0)
PULL_BYTES = env.int("GP_PULL_BYTES", 30 * 1024 * 1024)
PULL_PAGES = env.int("GP_PULL_PAGES", 100)
PULL_LEASE_SECONDS = env.int("GP_PULL_LEASE", 90)
PULL_TRIES = env.int("GP_PULL_TRIES", 20)
PULL_OVERLAP_SECONDS = env.int("GP_PULL_OVERLAP", 300)
PULL_STALE_DAYS = env.int("GP_PULL_STALE_DAYS", 7)
PULL_TOMORROW_AT = env.int("GP_PULL_TOMORROW_AT", 19)  # hour of the day, Europe/London; -1 for never
PULL_TOMORROW_SECONDS = env.int("GP_PULL_TOMORROW_SPREAD", 3600)
if PULL_TOMORROW_AT >= 0:
    CELERY_BEAT_SCHEDULE["pull-tomorrow"] = {
        "task": "records.tasks.pull_tomorrow",
        "schedule": crontab(hour=PULL_TOMORROW_AT, minute=0),
    }
SIGNING_KEY_FILE = Path(env.str("GP_SIGNING_KEY_FILE", str(DATA_DIR / "signing-key.json")))
# A new signing key is published at once and signs after so long; as long later the old one is published no more.
SIGNING_KEY_OVERLAP_HOURS = env.float("GP_SIGNING_KEY_OVERLAP_HOURS", 24)
# What encrypts partners' secrets in the database: Fernet keys, newest first; the older ones only open (reseal_secrets).
SECRET_BOX_KEYS = env.list("GP_SECRET_BOX_KEYS", default=[])
SECRET_BOX_KEY_FILE = DATA_DIR / "secret-box-key"  # the demonstration's, made once
if PRODUCTION:
    required("GP_SECRET_BOX_KEYS", "the keys that encrypt partners' secrets in the database, newest first")
for _key in SECRET_BOX_KEYS:
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", _key):
        raise ImproperlyConfigured("GP_SECRET_BOX_KEYS must be Fernet keys (32 bytes in URL-safe base64) with commas")
SANDBOX_HOSPITAL_URL = env.str("GP_SANDBOX_HOSPITAL_URL", "")
SANDBOX_SOCIALCARE_URL = env.str("GP_SANDBOX_SOCIALCARE_URL", "")
SANDBOX_PHARMACY_URL = env.str("GP_SANDBOX_PHARMACY_URL", "")
# PDS, the NHS's Personal Demographics Service: off without its address. Tests name their own.
PDS_URL = "" if TESTING else env.str("GP_PDS_URL", "").rstrip("/")
PDS_TOKEN_URL = env.str("GP_PDS_TOKEN_URL", "")
PDS_API_KEY = env.str("GP_PDS_API_KEY", "")  # iss and sub of our signed JWT
PDS_KEY_FILE = Path(env.str("GP_PDS_KEY_FILE", str(DATA_DIR / "pds-key.json")))
PDS_KEY_ID = env.str("GP_PDS_KEY_ID", "gpportal-1")
PDS_PER_SECOND = env.float("GP_PDS_PER_SECOND", 5.0)
PDS_REFRESH_DAYS = env.int("GP_PDS_REFRESH_DAYS", 30)
if PDS_URL and not (PDS_TOKEN_URL and PDS_API_KEY):
    raise ImproperlyConfigured("GP_PDS_TOKEN_URL and GP_PDS_API_KEY are not set: PDS must know who asks")
if PRODUCTION and not (OUR_ODS_CODE and OUR_SERVICE_ID):
    raise ImproperlyConfigured("GP_ODS_CODE and GP_SERVICE_ID are not set: partners must know who sends")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["exchange.api.authentication.PartnerToken"],
    "DEFAULT_PERMISSION_CLASSES": ["exchange.api.authentication.IsPartner"],
    "DEFAULT_THROTTLE_CLASSES": ["exchange.api.throttle.PartnerPace"],
    "DEFAULT_RENDERER_CLASSES": ["exchange.api.media.FhirJsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["exchange.api.media.RawParser"],
    "EXCEPTION_HANDLER": "exchange.api.errors.as_operation_outcome",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "exchange.api.media.AlwaysFhirJson",
}

# Logs: key/value lines with ids, never names or NHS numbers ----------------------------------------------------------
LOG_LEVEL = env.str("GP_LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "gpportal.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.security.DisallowedHost": {"level": "ERROR"},
        # They tell each step of making a PDF.
        "weasyprint.progress": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        # Addresses hold search terms and, at PDS, NHS numbers: whatever the level, no library writes them down.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
    },
}
