"""Messages that were written before there was a desk: this installation's own practice sent them, and they wait since
they were written."""

from django.conf import settings
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F


def fill(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    before = apps.get_model("exchange", "OutboxMessage").objects.using(schema_editor.connection.alias).filter(sender="")
    before.update(sender=settings.OUR_ODS_CODE, queued_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [("exchange", "0005_desk")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
