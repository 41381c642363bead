"""After the other user's try."""

import ways

CHECKS = [("the refusal is in the journal", ways.strangers_are_in_the_journal)]
