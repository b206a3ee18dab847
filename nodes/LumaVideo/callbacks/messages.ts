/** What users are told about the trigger. */
export {};
