/** What holds for every provider, whatever it is called. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { providers } from '../../../nodes/LumaVideo/providers';
import { CONCURRENCY, operationCapabilities } from '../../../nodes/LumaVideo/providers/provider';
import type {
	FrameMode,
	JsonValue,
	ModelCapabilities,
	OperationCapabilities,
	Provider,
	Reading,
	VideoOperation,
	VideoRequest,
} from '../../../nodes/LumaVideo/providers/provider';
import { samples } from '../../samples';
import type { Field, Wire } from '../../samples/sample';
import { END, HOOK, SOURCE_VIDEO, START, answer, findingsOf, request } from './support';
import type { RequestFields } from './support';

const each = Object.values(providers).map((provider): [string, Provider] => [provider.id, provider]);

const OPERATIONS: readonly VideoOperation[] = [
	'generate',
	'extend',
	'interpolate',
	'modify',
	'reframe',
	'upscale',
	'addAudio',
];

const SOURCE_ID = 'source-id';
const TARGET_ID = 'target-id';

/** What a request of an operation starts from. */
function sourcesOf(
	{ capabilities }: Provider,
	operation: VideoOperation,
	model: ModelCapabilities,
): Array<RequestFields> {
	if (operation === 'generate') return [{}];
	if (operation === 'interpolate') return [{ sourceGenerationId: SOURCE_ID, targetGenerationId: TARGET_ID }];
	if (!model.sources) return [{ sourceGenerationId: SOURCE_ID }];
	// Elsewhere a generation is turned into the address of its video before the request is made.
	const byId = capabilities.sourceAs === 'generationId' && model.sources.includes('generation');
	return [{ sourceVideo: SOURCE_VIDEO }, ...(byId ? [{ sourceGenerationId: SOURCE_ID }] : [])];
}

/** Everything that can be picked from the lists of a model. */
function* allRequests(
	provider: Provider,
	operation: VideoOperation,
	model: ModelCapabilities,
): Generator<VideoRequest> {
	for (const source of sourcesOf(provider, operation, model))
		for (const direction of model.directions ?? (['forward'] as const))
			for (const mode of [null, ...(model.modes ?? [])])
				for (const frames of model.frames)
					for (const aspectRatio of [null, ...model.aspectRatios])
						for (const resolution of [null, ...model.resolutions])
							for (const duration of [null, ...model.durations])
								for (const loop of [false, true]) {
									const endImage = frames === 'end' || frames === 'startAndEnd' ? END : null;
									if (loop && (model.loop === 'never' || (model.loop === 'withoutEndImage' && endImage))) continue;
									const startImage = frames === 'start' || frames === 'startAndEnd' ? START : null;
									yield request(model.value, {
										operation,
										...source,
										direction,
										mode,
										startImage,
										endImage,
										aspectRatio,
										resolution,
										duration,
										loop,
									});
								}
}

/** Those of them that the provider does not exclude. */
function* requests(...subject: Parameters<typeof allRequests>): Generator<VideoRequest> {
	const [provider] = subject;
	for (const set of allRequests(...subject)) {
		if (findingsOf(provider.exclusions, set).length === 0) yield set;
	}
}

function plainRequest(...subject: Parameters<typeof allRequests>): VideoRequest {
	const [plain] = requests(...subject);
	if (!plain) throw new Error('no request');
	return plain;
}

/** The paths of all values in a body; a reference to an image, a video or a generation counts as one value. */
function pathsOf(value: JsonValue | undefined, path: string[] = []): string[] {
	const isPlain = value === null || typeof value !== 'object';
	if (isPlain || (path.length > 0 && ['url', 'id', 'generation_id'].some((key) => key in value))) {
		return [path.join('.')];
	}
	return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]));
}

/** A source under the name of its field. */
function valueOf(set: VideoRequest, field: Field): unknown {
	switch (field) {
		case 'sourceGenerationId':
			return set.source?.kind === 'generation';
		case 'sourceVideo':
			return set.source?.kind === 'url';
		case 'targetGenerationId':
			return set.target;
		default:
			return set[field];
	}
}

function expectedPaths(set: VideoRequest, { places, always, mandatory = [] }: Wire): string[] {
	const paths = (Object.entries(places) as Array<[Field, Wire['places'][Field]]>)
		.filter(([field]) => valueOf(set, field) || mandatory.includes(field))
		.flatMap(([, place]) => (typeof place === 'function' ? place(set) : place))
		.filter((place) => typeof place === 'string');
	return [...always, ...paths].sort();
}

/** The same request without one of its fields. */
function without(set: VideoRequest, field: string): VideoRequest {
	return { ...set, [field]: field === 'loop' ? false : null };
}

type Subject = [string, VideoOperation, OperationCapabilities, ModelCapabilities];

function subjectsOf(provider: Provider): Subject[] {
	return OPERATIONS.flatMap((operation) => {
		const capabilities = operationCapabilities(provider, operation);
		return (capabilities?.models ?? []).map(
			(model): Subject => [`${operation} with ${model.name}`, operation, capabilities as OperationCapabilities, model],
		);
	});
}

const UNHELPFUL = /error|failure|problem|mistake|undefined|\[object/i;

it('has each provider under its own id, the default first', () => {
	expect(Object.keys(providers)[0]).toBe('lumaAgents');
	expect(Object.values(providers).map(({ id }) => id)).toEqual(Object.keys(providers));
});

describe.each(each)('%s', (id, provider) => {
	const { capabilities } = provider;

	it('names itself', () => {
		expect(provider.displayName).toMatch(/\S/);
		// Other packages have a credential of the first name for some services.
		expect([`${id}Api`, `${id}LumaApi`]).toContain(provider.credentialType);
		expect(new URL(provider.dashboardUrl).protocol).toBe('https:');
	});

	it('can upload in one way, if at all', () => {
		const { upload } = provider;
		if (!upload) return;
		expect([upload.ticket, upload.direct].filter((way) => way !== null)).toHaveLength(1);
		expect(upload.mimeTypes.length).toBeGreaterThan(0);
		expect(new Set(upload.mimeTypes).size).toBe(upload.mimeTypes.length);
		for (const type of upload.mimeTypes) {
			expect(type).toMatch(/^image\/[a-z]+$/);
			const call = upload.ticket?.call({ name: 'a b/c', mimeType: type, size: 5 });
			if (call) {
				expect(call).toMatchObject({ method: 'POST', path: expect.stringMatching(/^\/[^?#]+$/) });
				expect(JSON.stringify(call.body)).toContain(type);
			}
		}
		expect(upload.maxBytes).toBeGreaterThan(1_000_000);
		if (upload.direct) expect(upload.direct.path).toMatch(/^\/[^?#]+$/);
	});

	it('can keep files exactly where a video may be one', () => {
		const { fileStore, upload } = provider;
		const takesFiles = OPERATIONS.some((operation) =>
			operationCapabilities(provider, operation)?.models.some(({ sources }) => sources?.includes('file')),
		);
		expect(fileStore !== undefined || upload?.maxVideoBytes !== undefined).toBe(takesFiles);
		if (!fileStore) return;
		expect(upload).toBeUndefined();
		for (const bytes of Object.values(fileStore.maxBytes)) expect(bytes).toBeGreaterThan(fileStore.inlineBytes);
		const call = fileStore.announce({ name: 'a b/c.mp4', mimeType: 'video/mp4', size: 1234 });
		expect(call).toMatchObject({ method: 'POST', path: expect.stringMatching(/^\/[^?#]+$/) });
		for (const text of ['a b/c.mp4', 'video/mp4']) expect(JSON.stringify(call.body)).toContain(text);
		const { readiness } = fileStore;
		for (const each of readiness ? [readiness.complete('../a?b#c'), readiness.status('../a?b#c')] : []) {
			expect(each.path).toMatch(/^\/[^?#\s]+$/);
			expect(each.path.split('/')).not.toContain('..');
		}
	});

	it('keeps lists exactly where there is a field for them', () => {
		const extras = OPERATIONS.flatMap((operation) => Object.keys(operationCapabilities(provider, operation)?.extras ?? {}));
		expect(Object.keys(provider.catalogs ?? {}).sort()).toEqual([
			...(extras.includes('cameraMotion') ? ['cameraMotions'] : []),
			...(extras.includes('concepts') ? ['concepts'] : []),
		]);
		for (const catalog of Object.values(provider.catalogs ?? {})) {
			expect(catalog.call()).toMatchObject({ method: 'GET', path: expect.stringMatching(/^\/[^?#]+$/) });
			expect(catalog.known.length).toBeGreaterThan(0);
			expect(new Set(catalog.known).size).toBe(catalog.known.length);
		}
	});

	it('has sound capabilities', () => {
		const { concurrency = CONCURRENCY } = capabilities;
		expect(Number.isInteger(concurrency)).toBe(true);
		expect(concurrency).toBeGreaterThan(0);
		expect(Object.keys(samples[provider.id].wires).sort()).toEqual(['generate', ...Object.keys(capabilities.operations)].sort());
	});

	it.each(OPERATIONS.filter((operation) => operationCapabilities(provider, operation)))('is sound in %s', (operation) => {
		const { extras, models, prompt } = operationCapabilities(provider, operation) as OperationCapabilities;
		if ('callbackMode' in extras) expect(provider.callbacks).toBeDefined();
		const { minLength, maxLength } = prompt;
		if (minLength !== null && maxLength !== null) expect(minLength).toBeLessThan(maxLength);
		if (prompt.exists === false) expect(prompt.optional).toBe(true);
		expect(models.length).toBeGreaterThan(0);
		expect(new Set(models.map(({ value }) => value)).size).toBe(models.length);
		expect(new Set(models.map(({ name }) => name)).size).toBe(models.length);
		// Without a value there is nothing to choose.
		if (models.some(({ value }) => value === '')) expect(models).toHaveLength(1);
		if (operation === 'generate') expect(models.every(({ value }) => value !== '')).toBe(true);
	});

	describe.each(subjectsOf(provider))('%s', (_, operation, operationTable, model) => {
		const subject = [provider, operation, model] as const;
		const wire = samples[provider.id].wires[operation];
		if (!wire) throw new Error(`${provider.id} has no wire for ${operation}`);

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
			expect(model.name).toMatch(/\S/);
			expect(model.description).toMatch(/[^.]$/);
		});

		it('has the lists of its operation, and no others', () => {
			for (const list of [model.directions, model.modes, model.sources]) {
				if (list) expect(list.length).toBeGreaterThan(0);
				expect(new Set(list).size).toBe(list?.length ?? 0);
			}
			expect(model.directions !== undefined).toBe(operation === 'extend');
			if (operation !== 'modify') expect(model.modes).toBeUndefined();
			expect(model.sources !== undefined).toBe(operation === 'modify' || operation === 'reframe');
			if (operation === 'reframe') expect(model.aspectRatios.length).toBeGreaterThan(0);
			if (['addAudio', 'interpolate', 'upscale'].includes(operation)) {
				expect(model).toMatchObject({ frames: ['none'], aspectRatios: [], durations: [], loop: 'never' });
			}
		});

		it('can loop in some frame mode if it loops at all', () => {
			const open: FrameMode[] = ['none', 'start'];
			if (model.loop === 'withoutEndImage') expect(model.frames.some((mode) => open.includes(mode))).toBe(true);
		});

		it('sends what is set, and nothing else', () => {
			const all = [...requests(...subject)];
			expect(all.length).toBeGreaterThan(0);
			// There are thousands: only what differs goes through Jest.
			const wrong = all.flatMap((set) => {
				const { method, path, query, body } = provider.create(set);
				const sent = pathsOf(body).sort();
				const expected = expectedPaths(set, wire);
				const isRight =
					JSON.stringify(sent) === JSON.stringify(expected) &&
					// Survives the wire: no `undefined`, no `NaN`.
					isDeepStrictEqual(JSON.parse(JSON.stringify(body)), body) &&
					method === 'POST' &&
					query === undefined &&
					/^\/[^?#]+$/.test(path) &&
					path.includes(SOURCE_ID) === (wire.places.sourceGenerationId === null);
				return isRight ? [] : [{ set, method, path, query, sent, expected }];
			});
			expect(wrong.slice(0, 3)).toEqual([]);
		});

		it('sends nothing that its table does not have', () => {
			const plain = plainRequest(...subject);
			const everything: VideoRequest = {
				...plain,
				prompt: operationTable.prompt.exists === false ? '' : plain.prompt,
				// What the panel hides is never set; what other operations have is.
				target: plain.target ?? { kind: 'generation', generationId: 'stray-id' },
				mode: model.modes ? plain.mode : 'stray-mode',
				negativePrompt: 'negativePrompt' in operationTable.extras ? null : 'stray-negative',
				cameraMotion: 'cameraMotion' in operationTable.extras ? null : 'stray-motion',
				concepts: 'concepts' in operationTable.extras ? [] : ['stray-concept'],
				modelId: 'modelId' in operationTable.extras ? null : 'stray-model',
			};
			expect(JSON.stringify(provider.create(everything))).not.toContain('stray');
		});

		it('excludes in words that fit the field, and only what is set', () => {
			expect(findingsOf(provider.exclusions, plainRequest(...subject))).toEqual([]);
			for (const set of allRequests(...subject)) {
				for (const { field, finding } of findingsOf(provider.exclusions, set)) {
					expect(Object.keys(set)).toContain(field);
					expect(set[field as keyof VideoRequest]).toBeTruthy();
					expect(finding).toMatch(/^(is|are|can|cannot|must|needs?) .*[^.]$/);
					expect(finding).not.toMatch(UNHELPFUL);
					const rest = findingsOf(provider.exclusions, without(set, field));
					expect(rest.map((other) => other.field)).not.toContain(field);
				}
			}
		});

		it('announces itself exactly where callbacks exist', () => {
			for (const mode of ['terminal', 'progress'] as const) {
				const call = provider.create({ ...plainRequest(...subject), callback: { url: HOOK, mode } });
				expect(JSON.stringify(call).includes(HOOK)).toBe(provider.callbacks !== undefined);
			}
		});

		it('leaves the request as it was', () => {
			const plain = plainRequest(...subject);
			const frozen = Object.freeze({ ...plain, additionalBodyFields: Object.freeze({ seed: 1 }) });
			expect(provider.create(frozen).body).toMatchObject({ seed: 1 });
			expect(provider.create(frozen)).toEqual(provider.create(frozen));
		});

		it('lets no source leave its place in the path', () => {
			const plain = plainRequest(...subject);
			const { path } = provider.create(plain);
			const strange: VideoRequest =
				plain.source?.kind === 'generation'
					? { ...plain, source: { kind: 'generation', generationId: '../a?b#c' } }
					: plain;
			expect(provider.create(strange).path.split('/')).toHaveLength(path.split('/').length);
			expect(provider.create(strange).path).toMatch(/^\/[^?#\s]+$/);
		});

		it('estimates a price that is none or positive', () => {
			const prices = new Set([...requests(...subject)].map((set) => provider.estimateUsd?.(set)));
			for (const price of prices) {
				if (price !== null && price !== undefined) expect(price).toBeGreaterThan(0);
			}
		});
	});

	it('asks for status, cancels and deletes under any id', () => {
		for (const generationId of ['abc', 'a b', 'a/../b', 'ä?x=1#y']) {
			for (const ask of [provider.status, provider.cancellation?.call, provider.deletion?.call]) {
				const [call, plain] = [ask?.(generationId), ask?.('abc')];
				for (const [path, plainPath] of [[call?.path, plain?.path], [call?.orElse?.path, plain?.orElse?.path]]) {
					if (path === undefined) continue;
					expect(path).toMatch(/^\/[^?#\s]+$/);
					expect(path).not.toContain('..//');
					expect(path.split('/')).toHaveLength(plainPath?.split('/').length ?? 0);
				}
			}
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
		// One comparison at the end: there are ten thousand readings.
		const wrong: unknown[] = [];
		for (const text of bodies) {
			const given = answer(statusCode, text, { 'retry-after': '2' });
			const isYes = statusCode >= 200 && statusCode < 300;
			const readings: Array<Reading<unknown> | undefined> = [
				...OPERATIONS.map((operation) =>
					provider.readCreated(given, request('', { operation, sourceGenerationId: SOURCE_ID })),
				),
				provider.readCreated(given),
				provider.readStatus(given, 'abc'),
				provider.listing?.read(given),
				provider.balance?.read(given),
				provider.upload?.ticket?.read(given),
				provider.upload?.direct?.read(given),
				provider.callbacks?.signature?.keys.read(given),
				provider.fileStore?.readAnnounced(given),
				provider.fileStore?.readiness?.read(given),
				provider.fileStore?.parts?.read(given),
				// To these an answer without content is an answer.
				...(isYes ? [] : [provider.deletion?.read(given), provider.cancellation?.read(given)]),
				...(isYes && text === '[]'
					? []
					: Object.values(provider.catalogs ?? {}).map((catalog) => catalog.read(given))),
			];
			for (const reading of readings) {
				if (!reading) continue;
				if (reading.ok) throw new Error(`HTTP ${statusCode} with ${text} was read as an answer`);
				const { message, advice, httpStatus, retryAfterMs } = reading.problem;
				const isPlain =
					message.includes(provider.displayName) &&
					!message.endsWith('.') &&
					!UNHELPFUL.test(message) &&
					/^[A-Z].*\.$/.test(advice ?? '') &&
					!UNHELPFUL.test(advice ?? '');
				if (!isPlain || httpStatus !== statusCode || retryAfterMs !== 2000) wrong.push(reading.problem);
			}
		}
		expect(wrong).toEqual([]);
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
