"""Every row of the life cycle, in the order of a life."""

from tests.agreements.change_rows import CHANGE_ROWS
from tests.agreements.documentation_rows import DOCUMENTATION_ROWS
from tests.agreements.ending_rows import ENDING_ROWS
from tests.agreements.evaluation_rows import EVALUATION_ROWS
from tests.agreements.opening_rows import OPENING_ROWS
from tests.agreements.staffing_rows import STAFFING_ROWS

ROWS = (*OPENING_ROWS, *DOCUMENTATION_ROWS, *EVALUATION_ROWS, *ENDING_ROWS, *STAFFING_ROWS, *CHANGE_ROWS)
