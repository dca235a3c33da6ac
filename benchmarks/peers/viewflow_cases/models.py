"""What the flow writes when it tells somebody something."""

from django.db import models
from viewflow.workflow.models import Process


class Notice(models.Model):
    process = models.ForeignKey(Process, on_delete=models.CASCADE)
    template = models.CharField(max_length=100)
    role = models.CharField(max_length=20)
    reply_by = models.DateField()
    created_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.template} to the {self.role}"
