/** What holds for every provider, whatever it is called. */
import { describe, expect, it } from '@jest/globals';
import { providers } from '../../../nodes/LumaVideo/providers';
import type {
	FrameMode,
	JsonValue,
	ModelCapabilities,
	Provider,
	ProviderId,
	Reading,
	VideoRequest,
} from '../../../nodes/LumaVideo/providers/provider';
import { END, HOOK, START, answer, request } from './support';

const all = Object.values(providers);
const each = all.map((provider): [string, Provider] => [provider.id, provider]);

type Field = 'startImage' | 'endImage' | 'aspectRatio' | 'resolution' | 'duration' | 'loop';

/** Where each provider carries each field on the wire. */
const PLACES: Record<ProviderId, Partial<Record<Field, string>>> = {
	lumaDreamMachine: {
		startImage: 'keyframes.frame0',
		endImage: 'keyframes.frame1',
		aspectRatio: 'aspect_ratio',
		resolution: 'resolution',
		duration: 'duration',
		loop: 'loop',
	},
	lumaAgents: {
		startImage: 'video.start_frame',
		endImage: 'video.end_frame',
		aspectRatio: 'aspect_ratio',
		resolution: 'video.resolution',
		duration: 'video.duration',
		loop: 'video.loop',
	},
	pixazo: {
		startImage: 'image_url',
		endImage: 'end_image_url',
		aspectRatio: 'aspect_ratio',
		resolution: 'resolution',
		duration: 'duration',
		loop: 'loop',
	},
	pixwith: {
		startImage: 'image_urls.0',
		endImage: 'image_urls.1',
		aspectRatio: 'options.aspect_ratio',
		resolution: 'options.resolution',
		duration: 'options.duration',
		loop: 'options.loop',
	},
	crazyrouter: {
		startImage: 'image_url',
		endImage: 'image_end_url',
		resolution: 'resolution',
		duration: 'duration',
	},
};

/** What else a body may carry when nothing but the fields above is set. */
const ALWAYS: Record<ProviderId, string[]> = {
	lumaDreamMachine: ['model', 'prompt'],
	lumaAgents: ['model', 'type', 'prompt'],
	pixazo: ['prompt'],
	pixwith: ['prompt', 'model_id', 'options.prompt_optimization'],
	crazyrouter: ['user_prompt', 'model_name'],
};

/** Fields that go out with their default when a request leaves them open. */
const MANDATORY: Record<ProviderId, Field[]> = {
	lumaDreamMachine: [],
	lumaAgents: [],
	pixazo: [],
	pixwith: ['aspectRatio', 'resolution', 'duration'],
	crazyrouter: [],
};

function* requests(model: ModelCapabilities): Generator<VideoRequest> {
	for (const frames of model.frames) {
		for (const aspectRatio of [null, ...model.aspectRatios]) {
			for (const resolution of [null, ...model.resolutions]) {
				for (const duration of [null, ...model.durations]) {
					for (const loop of [false, true]) {
						const endImage = frames === 'end' || frames === 'startAndEnd' ? END : null;
						if (loop && (model.loop === 'never' || (model.loop === 'withoutEndImage' && endImage))) continue;
						const startImage = frames === 'start' || frames === 'startAndEnd' ? START : null;
						yield request(model.value, { startImage, endImage, aspectRatio, resolution, duration, loop });
					}
				}
			}
		}
	}
}

/** The paths of all values in a body; `keyframes.frame0` counts as one value. */
function pathsOf(value: JsonValue | undefined, path: string[] = []): string[] {
	if (value === null || typeof value !== 'object' || 'url' in value) return [path.join('.')];
	return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]));
}

it('covers five providers, each under its own id', () => {
	expect(Object.keys(providers)).toEqual(['lumaDreamMachine', 'lumaAgents', 'pixazo', 'pixwith', 'crazyrouter']);
	for (const [id, provider] of Object.entries(providers)) expect(provider.id).toBe(id);
});

describe.each(each)('%s', (id, provider) => {
	const { capabilities } = provider;

	it('names itself', () => {
		expect(provider.displayName).toMatch(/\S/);
		expect(provider.credentialType).toBe(`${id}Api`);
		expect(new URL(provider.dashboardUrl).protocol).toBe('https:');
	});

	it('lists and deletes exactly where it says so', () => {
		const functions = [typeof provider.list, typeof provider.readList, typeof provider.sameRequest];
		expect(functions).toEqual(functions.map(() => (capabilities.list ? 'function' : 'undefined')));
		expect([typeof provider.delete, typeof provider.readDeleted]).toEqual(
			capabilities.delete ? ['function', 'function'] : ['undefined', 'undefined'],
		);
	});

	it('has sound capabilities', () => {
		expect(Number.isInteger(capabilities.concurrency)).toBe(true);
		expect(capabilities.concurrency).toBeGreaterThan(0);
		expect(new Set(capabilities.extras).size).toBe(capabilities.extras.length);
		expect(capabilities.concepts.length > 0).toBe(capabilities.extras.includes('concepts'));
		expect(new Set(capabilities.concepts).size).toBe(capabilities.concepts.length);
		const { minLength, maxLength } = capabilities.prompt;
		if (minLength !== null && maxLength !== null) expect(minLength).toBeLessThan(maxLength);
		expect(capabilities.models.length).toBeGreaterThan(0);
		expect(new Set(capabilities.models.map(({ value }) => value)).size).toBe(capabilities.models.length);
		expect(new Set(capabilities.models.map(({ name }) => name)).size).toBe(capabilities.models.length);
	});

	describe.each(capabilities.models.map((model): [string, ModelCapabilities] => [model.value, model]))(
		'%s',
		(_, model) => {
			it('has lists without repetition, and its defaults are in them', () => {
				const lists: ReadonlyArray<[readonly string[], string | null]> = [
					[model.aspectRatios, model.defaults.aspectRatio],
					[model.resolutions, model.defaults.resolution],
					[model.durations, model.defaults.duration],
				];
				for (const [list, value] of lists) {
					expect(new Set(list).size).toBe(list.length);
					if (list.length === 0) expect(value).toBeNull();
					else expect(list).toContain(value);
				}
				expect(model.frames.length).toBeGreaterThan(0);
				expect(new Set(model.frames).size).toBe(model.frames.length);
				expect(model.usualSeconds).toBeGreaterThan(0);
				expect(model.description).not.toMatch(/\.$/);
			});

			it('can loop in some frame mode if it loops at all', () => {
				const open: FrameMode[] = ['none', 'start'];
				if (model.loop === 'withoutEndImage') expect(model.frames.some((mode) => open.includes(mode))).toBe(true);
			});

			it('sends what is set, and nothing else', () => {
				let count = 0;
				for (const set of requests(model)) {
					count++;
					const call = provider.create(set);
					const sent = pathsOf(call.body).sort();
					const fields = Object.entries(PLACES[provider.id]) as Array<[Field, string]>;
					const expected = fields
						.filter(([field]) => set[field] || MANDATORY[provider.id].includes(field))
						.map(([, place]) => place);
					expect(sent).toEqual([...ALWAYS[provider.id], ...expected].sort());
					// Survives the wire: no `undefined`, no `NaN`.
					expect(JSON.parse(JSON.stringify(call.body))).toStrictEqual(call.body);
					expect(call.method).toBe('POST');
					expect(call.path).toMatch(/^\/[^?#]+$/);
					expect(call.query).toBeUndefined();
				}
				expect(count).toBeGreaterThan(0);
			});

			it('announces itself exactly where callbacks exist', () => {
				const [plain] = requests(model);
				if (!plain) throw new Error('no request');
				for (const mode of ['terminal', 'progress'] as const) {
					const call = provider.create({ ...plain, callback: { url: HOOK, mode } });
					expect(JSON.stringify(call).includes(HOOK)).toBe(capabilities.callbacks !== 'none');
				}
			});

			it('leaves the request as it was', () => {
				const [plain] = requests(model);
				if (!plain) throw new Error('no request');
				const frozen = Object.freeze({ ...plain, additionalBodyFields: Object.freeze({ seed: 1 }) });
				expect(provider.create(frozen).body).toMatchObject({ seed: 1 });
				expect(provider.create(frozen)).toEqual(provider.create(frozen));
			});

			it('estimates a price that is none or positive', () => {
				for (const set of requests(model)) {
					const price = provider.estimateUsd(set);
					if (price !== null) expect(price).toBeGreaterThan(0);
				}
			});
		},
	);

	it('asks for status under any id', () => {
		for (const generationId of ['abc', 'a b', 'a/../b', 'ä?x=1#y']) {
			const call = provider.status(generationId);
			expect(call.path).toMatch(/^\/[^?#\s]+$/);
			expect(call.path).not.toContain('..//');
			expect(call.path.split('/')).toHaveLength(provider.status('abc').path.split('/').length);
		}
	});

	const statusCodes = [200, 201, 202, 204, 302, 400, 401, 402, 403, 404, 408, 409, 410, 422, 429, 500, 502, 503, 504];
	const bodies = [
		'',
		'<html>',
		'{}',
		'null',
		'[]',
		'"x"',
		'{"code":0}',
		'{"detail":null}',
		'{"error":{}}',
		'{"data":[]}',
	];

	it.each(statusCodes)('has plain words for HTTP %i', (statusCode) => {
		for (const text of bodies) {
			const given = answer(statusCode, text, { 'retry-after': '2' });
			const readings: Array<Reading<unknown>> = [provider.readCreated(given), provider.readStatus(given, 'abc')];
			for (const reading of readings) {
				if (reading.ok) throw new Error(`HTTP ${statusCode} with ${text} was read as a generation`);
				const { problem } = reading;
				expect(problem.message).toContain(provider.displayName);
				expect(problem.message).not.toMatch(/\.$|error|failure|problem|mistake|undefined|\[object/i);
				expect(problem.advice).toMatch(/^[A-Z].*\.$/);
				expect(problem.advice).not.toMatch(/error|failure|problem|mistake/i);
				expect(problem.httpStatus).toBe(statusCode);
				expect(problem.retryAfterMs).toBe(2000);
			}
		}
	});

	it.each([408, 500, 502, 503, 504])('never calls a create refused after HTTP %i without words', (statusCode) => {
		for (const text of bodies) {
			expect(provider.readCreated(answer(statusCode, text))).toMatchObject({ problem: { kind: 'unavailable' } });
		}
	});

	it.each([400, 401, 402, 403, 404, 409, 422, 429])('always calls a create refused after HTTP %i', (statusCode) => {
		for (const text of bodies) {
			const reading = provider.readCreated(answer(statusCode, text));
			expect(reading).toMatchObject({ ok: false });
			if (!reading.ok) expect(['unavailable', 'unreadable']).not.toContain(reading.problem.kind);
		}
	});
});
