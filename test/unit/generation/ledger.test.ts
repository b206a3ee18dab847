import { describe, expect, it } from '@jest/globals';
import { Ledger, fingerprint } from '../../../nodes/LumaVideo/generation/ledger';
import { HOOK, START, request } from '../providers/support';

const KEY = { requestHash: 'r1', parametersHash: 'p1' };
const NOW = 1_700_000_000_000;

function open(context: Record<string, unknown> = {}, scope: number | null = 0): Ledger {
	return new Ledger(context, scope);
}

/** As n8n stores it between two tries. */
function stored(context: Record<string, unknown>): Record<string, unknown> {
	return JSON.parse(JSON.stringify(context)) as Record<string, unknown>;
}

describe('a fingerprint', () => {
	it('is short, and the same for the same value', () => {
		expect(fingerprint({ a: 1 })).toMatch(/^[0-9a-f]{24}$/);
		expect(fingerprint({ a: 1 })).toBe(fingerprint({ a: 1 }));
	});

	it('does not depend on the order of keys, at any depth', () => {
		expect(fingerprint({ a: 1, b: { c: [{ d: 1, e: 2 }], f: null } })).toBe(
			fingerprint({ b: { f: null, c: [{ e: 2, d: 1 }] }, a: 1 }),
		);
	});

	it.each<[unknown, unknown]>([
		[{ a: 1 }, { a: 2 }],
		[{ a: 1 }, { b: 1 }],
		[[1, 2], [2, 1]],
		[{ a: '1' }, { a: 1 }],
		[{ a: null }, {}],
		[[], {}],
		['', null],
		[undefined, null],
		[['a', 'b'], ['a,b']],
		[{ a: { b: 1 } }, { a: 1, b: 1 }],
	])('tells %j from %j', (one, other) => {
		expect(fingerprint(one)).not.toBe(fingerprint(other));
	});

	it('of what is left out is that of what is undefined', () => {
		expect(fingerprint({ a: 1, b: undefined })).toBe(fingerprint({ a: 1 }));
	});
});

describe('an entry', () => {
	it('is found by the next try, through the database', () => {
		const context = {};
		const ledger = open(context);
		ledger.accepted(ledger.submitting(2, KEY, NOW, null), 'gen-1', 42);
		expect(open(stored(context)).find(2, KEY)).toEqual({
			name: expect.any(String),
			state: 'accepted',
			generationId: 'gen-1',
			submittedAt: NOW,
			estimatedSeconds: 42,
			itemIndex: 2,
			sent: null,
			...KEY,
		});
	});

	it('is there from the moment the request goes out', () => {
		const context = {};
		open(context).submitting(0, KEY, NOW, null);
		expect(open(stored(context)).find(0, KEY)).toMatchObject({ state: 'submitting', generationId: null });
	});

	it('keeps what was sent until it is known what became of it', () => {
		const context = {};
		const sent = request('ray-2', { startImage: START, callback: { url: HOOK, mode: 'terminal' } });
		const ledger = open(context);
		const entry = ledger.submitting(0, KEY, NOW, sent);
		expect(open(stored(context)).find(0, KEY)?.sent).toEqual(sent);
		ledger.accepted(entry, 'gen-1', null);
		expect(open(stored(context)).find(0, KEY)?.sent).toBeNull();
	});

	it.each([
		['another item', 3, 0, KEY],
		['another run', 2, 1, KEY],
		['a run whose number begins the same', 2, 10, KEY],
		['an item whose number begins the same', 22, 0, KEY],
		['another request of other parameters', 2, 0, { requestHash: 'r2', parametersHash: 'p2' }],
		['another request of a tool', 2, 0, { requestHash: 'r2', parametersHash: null }],
	])('is not found for %s', (_, item, scope, key) => {
		const context = {};
		open(context).submitting(2, KEY, NOW, null);
		expect(open(stored(context), scope).find(item, key)).toBeUndefined();
	});

	it('of item 22 or run 22 is not found for item 2 or run 2, although the request is the same', () => {
		const context = {};
		for (const [scope, item] of [
			[2, 22],
			[22, 2],
			[22, 22],
		] as const) {
			open(context, scope).submitting(item, KEY, NOW, null);
		}
		expect(open(stored(context), 2).find(2, KEY)).toBeUndefined();
	});

	it.each([
		['the same request of other parameters', { requestHash: 'r1', parametersHash: 'p2' }],
		['another request of the same parameters', { requestHash: 'r2', parametersHash: 'p1' }],
	])('is found for %s', (_, key) => {
		const context = {};
		open(context).submitting(2, KEY, NOW, null);
		expect(open(stored(context)).find(2, key)).toBeDefined();
	});

	it('of a request without parameters is not found by another one without', () => {
		const context = {};
		open(context).submitting(0, { requestHash: 'r1', parametersHash: null }, NOW, null);
		expect(open(stored(context)).find(0, { requestHash: 'r2', parametersHash: null })).toBeUndefined();
	});

	it('that was refused is gone', () => {
		const context = {};
		const ledger = open(context);
		const other = ledger.submitting(1, KEY, NOW, null);
		ledger.refused(ledger.submitting(0, KEY, NOW, null));
		expect(open(stored(context)).find(0, KEY)).toBeUndefined();
		expect(open(stored(context)).find(1, KEY)).toEqual(other);
	});

	it('that is gone already can be refused again', () => {
		const ledger = open();
		const entry = ledger.submitting(0, KEY, NOW, null);
		ledger.refused(entry);
		expect(() => {
			ledger.refused(entry);
		}).not.toThrow();
	});

	it('never takes the place of another one', () => {
		const context = {};
		for (let copy = 0; copy < 3; copy++) open(context, null).submitting(0, KEY, NOW, null);
		expect(Object.keys(context)).toEqual(['generations']);
		expect(open(context).unresolved('r1')).toHaveLength(3);
	});
});

describe('what is known of all', () => {
	it('the ids, of all runs and items', () => {
		const context = {};
		for (const scope of [0, 1]) {
			const ledger = open(context, scope);
			ledger.accepted(ledger.submitting(0, KEY, NOW, null), `gen-${String(scope)}`, null);
			ledger.submitting(1, KEY, NOW, null);
		}
		expect(open(stored(context)).knownIds()).toEqual(new Set(['gen-0', 'gen-1']));
	});

	it('how many like this one are without an answer', () => {
		const ledger = open();
		const first = ledger.submitting(0, KEY, NOW, null);
		ledger.submitting(1, KEY, NOW, null);
		ledger.submitting(2, { ...KEY, requestHash: 'r2' }, NOW, null);
		expect(ledger.unresolved('r1')).toHaveLength(2);
		ledger.accepted(first, 'gen-1', null);
		expect(ledger.unresolved('r1')).toHaveLength(1);
		expect(ledger.unresolved('r3')).toHaveLength(0);
	});
});

describe("an agent's tool", () => {
	it('finds an entry by its request, whatever item and try', () => {
		const context = {};
		open(context, null).submitting(0, KEY, NOW, null);
		expect(open(stored(context), null).find(5, KEY)).toBeDefined();
	});

	it('does not find what it delivered', () => {
		const context = {};
		const ledger = open(context, null);
		ledger.accepted(ledger.submitting(0, KEY, NOW, null), 'gen-1', null);
		ledger.markDelivered();
		expect(open(stored(context), null).find(0, KEY)).toBeUndefined();
	});

	it('still finds what was in doubt when others were delivered', () => {
		const context = {};
		const ledger = open(context, null);
		ledger.submitting(0, KEY, NOW, null);
		ledger.markDelivered();
		expect(open(stored(context), null).find(0, KEY)).toBeDefined();
	});

	it('finds each entry once: the second of the same is another one', () => {
		const context = {};
		const ledger = open(context, null);
		ledger.accepted(ledger.submitting(0, KEY, NOW, null), 'gen-1', null);
		ledger.accepted(ledger.submitting(1, KEY, NOW, null), 'gen-2', null);
		const next = open(stored(context), null);
		const ids = [0, 1, 2].map((item) => next.claim(item, KEY)?.generationId);
		expect(ids).toEqual(['gen-1', 'gen-2', undefined]);
	});

	it('does not find what it has just sent for another item', () => {
		const ledger = open({}, null);
		ledger.submitting(0, KEY, NOW, null);
		expect(ledger.find(1, KEY)).toBeUndefined();
	});

	it('keeps apart from the runs of the node itself', () => {
		const context = {};
		open(context, 0).submitting(0, KEY, NOW, null);
		expect(open(stored(context), null).find(0, KEY)).toBeUndefined();
	});
});

it('a delivered generation is found again by a run of the node: a retry passes it on', () => {
	const context = {};
	const ledger = open(context);
	ledger.accepted(ledger.submitting(0, KEY, NOW, null), 'gen-1', null);
	ledger.markDelivered();
	expect(open(stored(context)).find(0, KEY)?.generationId).toBe('gen-1');
});

it.each([null, 'x', 7])('a context that holds %p where the ledger should be starts an empty one', (value) => {
	const context: Record<string, unknown> = { generations: value, other: 'kept' };
	open(context).submitting(0, KEY, NOW, null);
	expect(open(stored(context)).find(0, KEY)).toBeDefined();
	expect(context.other).toBe('kept');
});
