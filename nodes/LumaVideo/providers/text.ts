/** A message to the user. */
export interface Text {
	/** What happened, without a final period. */
	message: string;
	/** What to do next, in full sentences. */
	advice: string;
}
