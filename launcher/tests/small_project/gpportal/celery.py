"""A Celery application whose one task says that it began, takes its time, and says that it ended."""

import os
import time
from pathlib import Path

from celery import Celery

app = Celery("gpportal", broker=os.environ["REDIS_URL"])
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, broker_connection_retry_on_startup=True)


@app.task(name="slow")
def slow(seconds: float) -> None:
    """Write two lines around a sleep."""
    with (Path(os.environ["GP_DATA_DIR"]) / "tasks.txt").open("a") as lines:
        lines.write(f"began in {os.getpid()}\n")
        lines.flush()
        time.sleep(seconds)
        lines.write("ended\n")
