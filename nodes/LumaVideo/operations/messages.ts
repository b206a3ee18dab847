/** What users are told about the fields and settings of a node, and about the whole run. */

/** Ends every message about fields: nothing was paid for. */
export const NOTHING_SENT = 'Correct this, then run the workflow again. Nothing was sent.';
