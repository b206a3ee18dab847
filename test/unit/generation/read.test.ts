import { describe, expect, it } from '@jest/globals';
import type { ReadResult } from '../../../nodes/LumaVideo/generation/read';
import { readGeneration } from '../../../nodes/LumaVideo/generation/read';
import type { Disturbance } from './fakeService';
import { World } from './world';

interface Read {
	result: ReadResult;
	world: World;
}

async function read(onRead: (n: number) => Disturbance | undefined, set: { id?: string; stopAt?: number } = {}): Promise<Read> {
	const world = new World('lists');
	const { service, time } = world;
	await world.run(world.jobs(1), { until: 'submitted' });
	service.latencyMs = 0;
	service.onRead = onRead;
	const abort = new AbortController();
	if (set.stopAt !== undefined) {
		time.after(time.elapsed + set.stopAt, () => {
			abort.abort();
		});
	}
	const { client, provider } = service;
	const result = await time.run(readGeneration(provider, client, set.id ?? 'gen-0', time, abort.signal));
	return { result, world };
}

function gaps({ world }: Read): number[] {
	const times = world.service.times('read');
	return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

const failureOf = ({ result }: Read): Extract<ReadResult, { ok: false }>['failure'] => {
	if (result.ok) throw new Error('no failure');
	return result.failure;
};

it('reads a generation with one request', async () => {
	const { result, world } = await read(() => undefined);
	expect(result).toMatchObject({ ok: true, generation: { generationId: 'gen-0', status: 'processing' } });
	expect(world.service.count('read')).toBe(1);
});

it('takes a failed generation as an answer like any other', async () => {
	const { result } = await read(() => ({ answer: { statusCode: 200, body: { id: 'gen-0', state: 'failed' } } }));
	expect(result).toMatchObject({ ok: true, generation: { status: 'failed' } });
});

const PASSING: ReadonlyArray<[string, Disturbance]> = [
	['no connection', { fault: 'notSent' }],
	['a connection that breaks', { fault: 'unclear' }],
	['HTTP 408', { answer: { statusCode: 408, body: '' } }],
	['HTTP 409', { answer: { statusCode: 409, body: { detail: 'Conflict' } } }],
	['HTTP 429', { answer: { statusCode: 429, body: '' } }],
	['HTTP 500', { answer: { statusCode: 500, body: '' } }],
	['HTTP 503', { answer: { statusCode: 503, body: '<html>' } }],
];

describe.each(PASSING)('%s', (_, disturbance) => {
	it('twice is ridden out', async () => {
		const done = await read((n) => (n < 2 ? disturbance : undefined));
		expect(done.result.ok).toBe(true);
		expect(gaps(done)).toEqual([1000, 2000]);
	});

	it('three times ends with a message that names the generation', async () => {
		const done = await read(() => disturbance);
		expect(done.world.service.count('read')).toBe(3);
		const failure = failureOf(done);
		expect(failure.message).toMatch(/^Generation gen-0 cannot be read: Luma Dream Machine \S/);
		expect(failure.advice).toMatch(/\S\.$/);
		expect(failure.details).toEqual({ generationId: 'gen-0', provider: 'lumaDreamMachine', status: 'unknown' });
	});
});

it.each<[string, Disturbance, string]>([
	['HTTP 401', { answer: { statusCode: 401, body: '' } }, 'credentials'],
	['HTTP 403', { answer: { statusCode: 403, body: '' } }, 'credentials'],
	['HTTP 404', { answer: { statusCode: 404, body: { detail: 'Generation not found' } } }, 'notFound'],
	['HTTP 302', { answer: { statusCode: 302, body: '' } }, 'redirected'],
])('%s is not tried again', async (_, disturbance, kind) => {
	const done = await read(() => disturbance);
	expect(done.world.service.count('read')).toBe(1);
	expect(failureOf(done).problem?.kind).toBe(kind);
});

it('an id that nobody knows ends with what to check', async () => {
	const done = await read(() => undefined, { id: 'nobody' });
	expect(failureOf(done)).toMatchObject({
		message: 'Luma Dream Machine has no generation nobody',
		advice: 'Check the generation ID and that it belongs to the account of this credential.',
	});
});

it('where the network is the reason, the generation is said to be safe, and no problem of the provider is named', async () => {
	const failure = failureOf(await read(() => ({ fault: 'notSent' })));
	expect(failure.message).toBe('Generation gen-0 cannot be read: Luma Dream Machine cannot be reached: the connection broke');
	expect(failure.advice).toBe("The generation is not affected. Check n8n's network and 'Base URL' in the credential.");
	expect(failure.problem).toBeUndefined();
});

it('a pause that the provider asks for is kept when it is short', async () => {
	const busy = { answer: { statusCode: 429, body: '', headers: { 'retry-after': '20' } } };
	const done = await read((n) => (n === 0 ? busy : undefined));
	expect(done.result.ok).toBe(true);
	expect(gaps(done)).toEqual([20_000]);
});

it('a pause that the provider asks for is not waited for when it is long', async () => {
	const done = await read(() => ({ answer: { statusCode: 429, body: '', headers: { 'retry-after': '21' } } }));
	expect(done.world.service.count('read')).toBe(1);
	expect(failureOf(done).problem).toMatchObject({ kind: 'rateLimited', retryAfterMs: 21_000 });
});

it('a stop ends the pause, and nothing is read after it but what says so', async () => {
	const done = await read(() => ({ answer: { statusCode: 429, body: '', headers: { 'retry-after': '15' } } }), { stopAt: 2000 });
	expect(done.result.ok).toBe(false);
	expect(done.world.time.elapsed).toBeLessThan(3000);
	expect(done.world.service.count('read')).toBeLessThanOrEqual(2);
});
