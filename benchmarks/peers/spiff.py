"""SpiffWorkflow with a due index: `python -m benchmarks.peers.spiff fill|night PATH`.

As its documentation has it: a BPMN process, its own JSON serialiser, `refresh_timers` and `do_engine_steps`. It leaves
storage to whoever uses it, so cases are rows of JSON with an indexed due date, committed one at a time; the notice a
case writes is committed with it.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from benchmarks.measuring import Night
from benchmarks.peers.cases import DURABLE, contents, run

NEXT_REMINDER_AFTER = timedelta(days=7)
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
             xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="benchmark">
  <process id="case" isExecutable="true">
    <startEvent id="start"><outgoing>to_wait</outgoing></startEvent>
    <sequenceFlow id="to_wait" sourceRef="start" targetRef="wait"/>
    <intermediateCatchEvent id="wait" name="wait"><incoming>to_wait</incoming><outgoing>to_remind</outgoing>
      <timerEventDefinition><timeDate xsi:type="tFormalExpression">due_at</timeDate></timerEventDefinition>
    </intermediateCatchEvent>
    <sequenceFlow id="to_remind" sourceRef="wait" targetRef="remind"/>
    <scriptTask id="remind" name="remind"><incoming>to_remind</incoming><outgoing>to_wait_again</outgoing>
      <script>stage = stage + 1
write_notice(number)</script>
    </scriptTask>
    <sequenceFlow id="to_wait_again" sourceRef="remind" targetRef="wait_again"/>
    <intermediateCatchEvent id="wait_again" name="wait_again">
      <incoming>to_wait_again</incoming><outgoing>to_end</outgoing>
      <timerEventDefinition><timeDuration xsi:type="tFormalExpression">"P7D"</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
    <sequenceFlow id="to_end" sourceRef="wait_again" targetRef="end"/>
    <endEvent id="end"><incoming>to_end</incoming></endEvent>
  </process>
</definitions>"""
TABLES = """
CREATE TABLE cases (number TEXT PRIMARY KEY, due_at TEXT, workflow TEXT NOT NULL);
CREATE INDEX ix_cases_due_at ON cases (due_at);
CREATE TABLE notices (
  id INTEGER PRIMARY KEY, case_number TEXT NOT NULL REFERENCES cases, template TEXT NOT NULL, role TEXT NOT NULL,
  reply_by TEXT NOT NULL, created_on TEXT NOT NULL
);
"""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in DURABLE:
            connection.execute(pragma)
        yield connection


def fill(path: Path, total: int, due: int) -> None:
    parser = BpmnParser()
    parser.add_bpmn_io(BytesIO(PROCESS.encode()))
    spec = parser.get_spec("case")
    serialiser = BpmnWorkflowSerializer()
    next_year = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    with opened(path) as connection:
        connection.executescript(TABLES)
        connection.execute("BEGIN IMMEDIATE")
        for case in contents(total, due):
            workflow = BpmnWorkflow(spec)
            workflow.task_tree.data.update(case, due_at=next_year)
            workflow.do_engine_steps()
            [waiting] = workflow.get_tasks(state=TaskState.WAITING)
            waiting.internal_data["event_value"] = case["due_at"]  # a timer that is due already would fire at once
            row = (case["number"], _due_at(workflow), serialiser.serialize_json(workflow))
            connection.execute("INSERT INTO cases VALUES (?, ?, ?)", row)
        connection.execute("COMMIT")


def night(path: Path) -> Night:
    with opened(path) as connection:
        measured = Night.timed(lambda: _move_on(connection))
        [[notices]] = connection.execute("SELECT count(*) FROM notices")
        if notices != measured.due or connection.execute("SELECT 1 FROM cases WHERE due_at <= ?", (_now(),)).fetchone():
            raise RuntimeError("not the night that was to be measured")
        return measured


def _move_on(connection: sqlite3.Connection) -> int:
    told: list[str] = []
    engine = PythonScriptEngine(TaskDataEnvironment({"write_notice": told.append}))
    serialiser = BpmnWorkflowSerializer()
    due = connection.execute("SELECT number FROM cases WHERE due_at <= ? ORDER BY due_at", (_now(),)).fetchall()
    for (number,) in due:
        connection.execute("BEGIN IMMEDIATE")
        [[content]] = connection.execute("SELECT workflow FROM cases WHERE number = ?", (number,))
        workflow = serialiser.deserialize_json(content)
        workflow.script_engine = engine
        workflow.refresh_timers()
        workflow.do_engine_steps()
        row = (_due_at(workflow), serialiser.serialize_json(workflow), number)
        connection.execute("UPDATE cases SET due_at = ?, workflow = ? WHERE number = ?", row)
        connection.executemany(
            "INSERT INTO notices (case_number, template, role, reply_by, created_on)"
            " VALUES (?, 'documentation_reminder', 'employee', ?, ?)",
            [(each, (datetime.now(UTC) + NEXT_REMINDER_AFTER).isoformat(), _now()) for each in told],
        )
        connection.execute("COMMIT")
        told.clear()
    return len(due)


def _due_at(workflow: Any) -> str | None:  # noqa: ANN401 - untyped
    """When the workflow's next timer fires."""
    return min((event.value for event in workflow.waiting_events()), default=None)


def _now() -> str:
    return datetime.now(UTC).isoformat()


if __name__ == "__main__":
    sys.exit(run(fill, night))
