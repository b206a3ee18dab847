/** Messages of the trigger. */
import type { Provider } from '../providers/provider';
import type { Text } from '../providers/text';

/** What the trigger answers to an announcement or a call that it refuses. */
export const REFUSALS = {
	otherProvider: 'It watches videos of another provider',
	otherKey: 'It does not accept the announcement, since the two nodes use different API keys',
	empty: 'Nothing was announced',
	busy: 'Too many calls at once',
} as const;

export const CHECK_CREDENTIAL = "Check the trigger's credential.";

export const RETRY_DOWNLOAD = 'Retry this execution to download it again.';

/** @param finding the end of the sentence */
export function triggerAddress({ finding }: { finding: string }): Text {
	return { message: `The address of this trigger ${finding}`, advice: 'Then publish the workflow again.' };
}

export function foreignCall({ generationId }: { generationId: string }): Text {
	return {
		message: `Generation ${generationId} did not start the workflow: it was not made with this trigger's URL`,
		advice:
			"A call about it arrived here, but its callback address is a different one. If a service in between forwards the calls, use this trigger's URL as 'Trigger URL' in the Luma Video node.",
	};
}

export function announcedButGone({ provider, generationId }: { provider: Pick<Provider, 'displayName'>; generationId: string }): Text {
	return {
		message: `${provider.displayName} has no generation ${generationId}`,
		advice: 'It was announced to this trigger, so it was deleted or belongs to another account.',
	};
}

/** Something keeps the trigger from reading generations. */
export function readsBlocked({ message, advice }: Text): Text {
	return { message, advice: `${advice} Until then, no video starts this workflow; none is lost.` };
}
