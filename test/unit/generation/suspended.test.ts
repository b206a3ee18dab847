import { describe, expect, it } from '@jest/globals';
import type { CallResult, Suspended } from '../../../nodes/LumaVideo/generation/suspended';
import { onCall, settle } from '../../../nodes/LumaVideo/generation/suspended';
import type { JsonValue } from '../../../nodes/LumaVideo/providers/provider';
import { VIDEO, generation, video } from '../providers/support';
import { World } from './world';

const OUTPUT = { includeRaw: false, model: 'ray-2', prompt: 'A cat', estimatedCostUsd: null };
let executions = 0;

/** An execution that is suspended over videos which take the given times, in seconds. */
class Suspension {
	readonly world = new World('lists');
	readonly executionId = `e${String(++executions)}`;
	state: Suspended = { provider: 'lumaDreamMachine', entries: [] };

	static async over(seconds: number[]): Promise<Suspension> {
		const suspension = new Suspension();
		const { world } = suspension;
		world.service.durationMs = (n) => (seconds[n] ?? 60) * 1000;
		const outcomes = await world.run(world.jobs(seconds.length), { until: 'submitted' });
		suspension.state.entries = outcomes.flatMap((outcome, itemIndex) =>
			outcome.kind === 'open'
				? [{ itemIndex, state: 'open' as const, generationId: outcome.generation.generationId, output: OUTPUT }]
				: [],
		);
		world.service.calls.length = 0;
		return suspension;
	}

	async at(second: number, body: JsonValue): Promise<CallResult> {
		const { world, executionId, state } = this;
		await world.time.pass(Math.max(0, second * 1000 - world.time.elapsed));
		const { client, provider } = world.service;
		return await world.time.run(onCall(provider, client, executionId, state, body));
	}

	get reads(): number {
		return this.world.service.calls.length;
	}
}

const call = (id: string, state = 'completed'): JsonValue => ({ id, state });

describe('a call to a suspended execution', () => {
	it('about its only generation, which is over, ends the wait with what the provider says', async () => {
		const suspension = await Suspension.over([30]);
		const result = await suspension.at(31, call('gen-0'));
		expect(result).toMatchObject({
			kind: 'over',
			failures: [],
			items: [
				{
					json: { generationId: 'gen-0', status: 'completed', videoUrl: 'https://media.example/gen-0.mp4', prompt: 'A cat' },
					pairedItem: { item: 0 },
				},
			],
		});
		expect(suspension.reads).toBe(1);
	});

	it('that says something else than the provider changes nothing: it is a hint, no more', async () => {
		const suspension = await Suspension.over([30]);
		expect(await suspension.at(5, { id: 'gen-0', state: 'completed', assets: { video: 'https://evil.example/x.mp4' } })).toEqual({
			kind: 'noted',
		});
		const result = await suspension.at(31, { id: 'gen-0', state: 'failed', assets: { video: 'https://evil.example/x.mp4' } });
		expect(JSON.stringify(result)).not.toContain('evil');
		expect(result).toMatchObject({ kind: 'over', failures: [] });
	});

	it.each<[string, JsonValue]>([
		['nothing', null],
		['text', 'completed'],
		['a list', [call('gen-0')]],
		['an empty object', {}],
		['no id', { state: 'completed' }],
		['an empty id', call('')],
		['an id that is no text', { id: 7, state: 'completed' }],
		['no status', { id: 'gen-0' }],
		['a foreign id', call('gen-9')],
		['an id that is a path', call('../gen-0')],
		['the name of a property', call('__proto__')],
	])('with %s is ignored, and the provider is not asked', async (_, body) => {
		const suspension = await Suspension.over([1]);
		expect(await suspension.at(5, body)).toEqual({ kind: 'ignored' });
		expect(suspension.reads).toBe(0);
	});

	it('about a part is noted, in whatever order they end; the last one ends the wait, items in input order', async () => {
		const suspension = await Suspension.over([50, 10, 30]);
		expect(await suspension.at(11, call('gen-1'))).toEqual({ kind: 'noted' });
		expect(await suspension.at(31, call('gen-2'))).toEqual({ kind: 'noted' });
		const result = await suspension.at(51, call('gen-0'));
		expect(result.kind === 'over' && result.items.map(({ json }) => json.generationId)).toEqual(['gen-0', 'gen-1', 'gen-2']);
	});

	it('finds out about others whose own calls were lost', async () => {
		const suspension = await Suspension.over([50, 10, 30]);
		expect((await suspension.at(51, call('gen-2'))).kind).toBe('over');
	});

	it('that comes again before the end changes nothing and asks nobody about what is over', async () => {
		const suspension = await Suspension.over([50, 10]);
		await suspension.at(11, call('gen-1'));
		const { reads } = suspension;
		expect(await suspension.at(12, call('gen-1'))).toEqual({ kind: 'noted' });
		const asked = suspension.world.service.calls.slice(reads);
		expect(asked.every(({ id }) => id !== 'gen-1')).toBe(true);
		expect((await suspension.at(51, call('gen-0'))).kind).toBe('over');
	});

	it('on the way is noted: the generation still runs', async () => {
		const suspension = await Suspension.over([30]);
		for (const state of ['queued', 'dreaming']) expect(await suspension.at(3, call('gen-0', state))).toEqual({ kind: 'noted' });
	});

	it('can be repeated where the provider could not be asked', async () => {
		const suspension = await Suspension.over([10]);
		const { service } = suspension.world;
		service.onRead = (n) => (n === 0 ? { answer: { statusCode: 503, body: '' } } : undefined);
		expect(await suspension.at(11, call('gen-0'))).toEqual({ kind: 'unreadable' });
		expect((await suspension.at(12, call('gen-0'))).kind).toBe('over');
	});

	it('can be repeated where only another generation could not be asked for: it may be the last call', async () => {
		const suspension = await Suspension.over([10, 10]);
		const { service } = suspension.world;
		service.onRead = (n, id) => (id === 'gen-1' && n < 2 ? { fault: 'unclear' } : undefined);
		expect(await suspension.at(11, call('gen-0'))).toEqual({ kind: 'unreadable' });
		expect((await suspension.at(12, call('gen-0'))).kind).toBe('over');
	});

	it('about one execution is nothing to another one', async () => {
		const [one, other] = [await Suspension.over([10, 40]), await Suspension.over([60, 60])];
		await one.at(11, call('gen-0'));
		expect(await other.at(11, call('gen-0'))).toEqual({ kind: 'noted' });
	});

	it('of a generation that failed ends the wait with what happened', async () => {
		const suspension = await Suspension.over([10, 10]);
		suspension.world.service.made.forEach((made, index) => {
			made.fails = index === 0;
		});
		const result = await suspension.at(11, call('gen-0', 'failed'));
		expect(result).toMatchObject({
			kind: 'over',
			failures: [{ itemIndex: 0, failure: { details: { generationId: 'gen-0', status: 'failed' } } }],
			items: [{ json: { error: expect.stringContaining('gen-0') } }, { json: { generationId: 'gen-1' } }],
		});
	});
});

describe('what goes on', () => {
	const { provider } = new World().service;

	it('stands in input order, with what was over before the execution was suspended', () => {
		const suspended: Suspended = {
			provider: provider.id,
			entries: [
				{ itemIndex: 0, state: 'done', json: { error: 'no [item 0]', details: {} } },
				{ itemIndex: 1, state: 'open', generationId: 'gen-1', output: OUTPUT },
				{ itemIndex: 2, state: 'done', json: { generationId: 'gen-2' } },
			],
		};
		const over = new Map([['gen-1', generation({}, { generationId: 'gen-1', status: 'completed', ...video(VIDEO) })]]);
		const { items, failures } = settle(provider, suspended, over);
		expect(failures).toEqual([]);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(items.map(({ json }) => json.generationId ?? json.error)).toEqual(['no [item 0]', 'gen-1', 'gen-2']);
	});

	it('survives the way through the database', () => {
		const suspended: Suspended = {
			provider: provider.id,
			entries: [{ itemIndex: 0, state: 'open', generationId: 'gen-1', output: OUTPUT }],
		};
		expect(JSON.parse(JSON.stringify(suspended))).toEqual(suspended);
	});
});
