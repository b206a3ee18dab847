import { describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { Bought } from '../../../nodes/LumaVideo/operations/report';
import { stoppedError } from '../../../nodes/LumaVideo/operations/report';
import { providers } from '../../../nodes/LumaVideo/providers';

const context = { getNode: () => ({ name: 'Luma Video', type: 'n8n-nodes-luma-video.lumaVideo' }) } as unknown as IExecuteFunctions;

const bought = (itemIndex: number, state: Bought['state'], generationId: string | null = `gen-${itemIndex}`): Bought => ({
	itemIndex,
	generationId,
	state,
	sentAt: Date.UTC(2026, 10, 20),
});

function said(all: Bought[], deleted: string[] = []): [string, string | null | undefined] {
	const { message, description } = stoppedError(context, providers.lumaDreamMachine, all, { deleted: new Set(deleted), cancelled: new Set() });
	return [message, description];
}

describe('a stopped execution', () => {
	it('says that what runs goes on, and what is over is over', () => {
		expect(said([bought(0, 'completed'), bought(1, 'running'), bought(2, 'failed')])).toEqual([
			'The execution was stopped. Generations still running at the provider: gen-1 (item 1, running)',
			"Already over: gen-0 (item 0, completed), gen-2 (item 2, failed). To get a generation by its ID, use resource 'Generation', operation 'Wait'.",
		]);
	});

	it('says of what is over alone that nothing goes on', () => {
		expect(said([bought(0, 'completed')])).toEqual([
			'The execution was stopped',
			"Already over: gen-0 (item 0, completed). To get a generation by its ID, use resource 'Generation', operation 'Wait'.",
		]);
	});

	it('says what was deleted, and what got no answer', () => {
		expect(said([bought(0, 'running'), bought(1, 'running', null)], ['gen-0'])).toEqual([
			'The execution was stopped',
			"Deleted: gen-0. 1 request unanswered since 2026-11-20T00:00:00.000Z (item 1). It is not known whether Luma Dream Machine accepted them: look at https://lumalabs.ai/dream-machine/api. IDs that arrived later are in n8n's log.",
		]);
	});

	it('says where nothing was bought', () => {
		expect(said([])).toEqual(['The execution was stopped', 'Nothing was bought.']);
	});
});
