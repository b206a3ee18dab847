import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../../../nodes/LumaVideo/generation/job';
import { dryRunHint, runHint, urlHint } from '../../../nodes/LumaVideo/operations/hints';
import type { Plan, ReadyPlan } from '../../../nodes/LumaVideo/operations/plan';
import { providers } from '../../../nodes/LumaVideo/providers';
import type { Generation, Product } from '../../../nodes/LumaVideo/providers/provider';

const { lumaAgents, lumaDreamMachine } = providers;

interface Ended {
	/** `null`: it was only waited for. */
	makes?: Product | null;
	cost?: number | null;
	downloads?: boolean;
	status?: Generation['status'];
	kind?: Outcome['kind'];
}

function hintOf(items: Ended[], provider = lumaAgents): string | null {
	const plans = items.map(({ makes = 'video', cost = 0.3, downloads = false }) => ({
		job: { start: makes === null ? { kind: 'existing' } : { kind: 'create', request: { makes } } },
		output: { estimatedCostUsd: cost },
		download: downloads ? {} : null,
	}));
	const outcomes = items.map(({ makes = 'video', status = 'completed', kind = 'finished' }) => ({
		kind,
		generation: { status, makes, media: status === 'completed' ? [{ url: 'https://media.example/a', type: makes }] : [] },
	}));
	return runHint(provider, plans as unknown as ReadyPlan[], outcomes as unknown as Outcome[]);
}

const ENDS = "URLs of Luma Agents work for 60 minutes. To keep a file, switch on 'Download Video'. Operation 'Get' of resource 'Generation' returns a fresh URL.";

it.each<[string, Array<number | null | 'refused'>, string | null]>([
	['the cost of all', [0.3, 0.3], "Nothing was bought: this was a Dry Run. 2 videos would cost about $0.60. To generate them, switch off 'Dry Run'."],
	['no cost where one is not known', [0.3, null], "Nothing was bought: this was a Dry Run. 2 videos would be generated. To generate them, switch off 'Dry Run'."],
	['nothing of refused items', [0.3, 'refused'], "Nothing was bought: this was a Dry Run. 1 video would cost about $0.30. To generate it, switch off 'Dry Run'."],
	['nothing where all were refused', ['refused'], null],
])('above the output of a Dry Run stands %s', (_, items, hint) => {
	const plans = items.map((cost) =>
		cost === 'refused' ? { ok: false } : { ok: true, job: { start: { kind: 'create', request: { makes: 'video' } } }, output: { estimatedCostUsd: cost } },
	);
	expect(dryRunHint(plans as unknown as Plan[])).toBe(hint);
});

describe('above the output stands', () => {
	it.each<[string, Ended[], string | null]>([
		['what a run made, about what it cost, and when its URLs end', [{}, {}, {}], `3 videos, about $0.90. ${ENDS}`],
		['nothing of URLs where all have their file', [{ downloads: true }], '1 video, about $0.30.'],
		['that URLs end where one has no file', [{ downloads: true }, {}], `2 videos, about $0.60. ${ENDS}`],
		['no cost where one is not known', [{}, { cost: null }], `2 videos. ${ENDS}`],
		['no URL of what still runs', [{ status: 'processing', kind: 'open' }], '1 video, about $0.30.'],
		['nothing of what failed', [{ status: 'failed' }, {}], `1 video, about $0.30. ${ENDS}`],
		['nothing where all failed', [{ status: 'failed' }, { kind: 'failure' }], null],
		['nothing of what was not sent', [{ kind: 'notSubmitted' }], null],
		['that URLs end of what was only waited for, which cost nothing', [{ makes: null }], ENDS],
	])('%s', (_, items, hint) => {
		expect(hintOf(items)).toBe(hint);
	});

	it('images as images', () => {
		expect(hintOf([{ makes: 'image', cost: 0.0404 }, { makes: 'image', cost: 0.0404 }])).toBe(
			`2 images, about $0.08. ${ENDS.replace('Download Video', 'Download Image')}`,
		);
	});

	it('nothing of URLs where no end of theirs is documented', () => {
		expect(hintOf([{}], lumaDreamMachine)).toBe('1 video, about $0.30.');
		expect(urlHint(lumaDreamMachine, { isRead: true, makes: 'video' })).toBeNull();
	});
});
