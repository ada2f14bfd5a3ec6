"""Logs as key/value lines. They carry message ids and counts, never names or NHS numbers."""

import logging

import structlog

BEFORE = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def formatter() -> logging.Formatter:
    """The formatter settings.LOGGING names: our structlog events and the library's own records in one shape."""
    structlog.configure(
        processors=[*BEFORE, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],  # type: ignore[list-item]
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=BEFORE,  # type: ignore[arg-type]
        processor=structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "logger", "event"]),
    )
