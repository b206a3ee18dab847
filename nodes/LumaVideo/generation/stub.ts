/** What is known of a generation before the first read. */
import type { Generation } from '../providers/provider';

/** A generation of which only the id is known. */
export function stub(generationId: string, estimatedSeconds: number | null = null): Generation {
	return {
		generationId,
		status: 'processing',
		model: null,
		prompt: null,
		videoUrl: null,
		media: [],
		createdAt: null,
		completedAt: null,
		failureReason: null,
		estimatedSeconds,
		chargedWhenFailed: 'unknown',
		raw: {},
	};
}
