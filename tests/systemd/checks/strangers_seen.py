"""After the other user's try."""

import ways

CHECKS = [
    ("nothing another user sent was carried out", ways.strangers_called_nothing),
    ("the refusal is in the journal", ways.strangers_are_in_the_journal),
]
