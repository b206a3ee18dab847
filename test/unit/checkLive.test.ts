/** What `npm run check:live` writes into its report, whatever a service echoes: nothing that is secret. */
import { describe, expect, it } from '@jest/globals';
import { providers } from '../../nodes/LumaVideo/providers';
import { blankGeneration } from '../../nodes/LumaVideo/providers/answers';
import type { JsonObject } from '../../nodes/LumaVideo/providers/provider';
import { blankRequest } from '../../nodes/LumaVideo/providers/provider';
import { cheapest, planText, priceText } from '../../scripts/check/live/cheapest';
import type { Observations, Traffic } from '../../scripts/check/live/observations';
import { Redactor } from '../../scripts/check/live/redact';
import { reportOf } from '../../scripts/check/live/report';
import { PROVIDERS } from '../samples';

const CALLBACK = 'https://n8n.private.example/webhook/0b1c2d3e/luma';
const ID = '182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e';
const PRIVATE = ['jane.doe@example.com', 'jane.doe%40example.com', 'janedoe77', 'Jane Doe', 'x-amz-signature-value', 'policy-of-upload', 'whsec_c2VjcmV0c2VjcmV0', 'the secret of a client', 'the prompt of a stranger', 'someone@else.example', 'n8n.private.example', '0b1c2d3e'];

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const everyByte = (text: string): string => Buffer.from(text).toString('hex').replace(/../g, '%$&');

/** A text in the forms in which services echo what they were sent. */
function echoes(key: string): string[] {
	return [
		key,
		key.toUpperCase(),
		`Bearer ${key}`,
		JSON.stringify(key),
		JSON.stringify(JSON.stringify({ key })),
		encodeURIComponent(key),
		encodeURIComponent(encodeURIComponent(key)),
		encodeURIComponent(key).toLowerCase(),
		// The form of Base64 depends on what stands before and behind.
		...['', 'k', 'kk', 'Bearer ', 'Key '].map((before) => base64(`${before}${key}:`)),
		base64(key).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
		Buffer.from(key).toString('hex'),
		everyByte(key),
		`https://service.example/${key}/file?key=${key}`,
		`https://user:${encodeURIComponent(key)}@service.example/file`,
		`<html><body>No such key: ${key}</body></html>`,
	];
}

/** A run in which the service echoes these texts wherever it can. */
function echoing(texts: readonly string[]): Observations {
	const body: JsonObject = {
		...Object.fromEntries(texts.map((text, index) => [`echo_${index}`, text])),
		...Object.fromEntries(texts.map((text) => [text, 'as a name'])),
		nested: [{ deep: JSON.stringify({ texts }) }],
		email: 'jane.doe@example.com',
		username: 'janedoe77',
		name: 'Jane Doe',
		note: 'for someone@else.example, of janedoe77, jane.doe@example.com, jane.doe%40example.com, Jane Doe',
		output: 'https://media.example/out.mp4?X-Amz-Signature=x-amz-signature-value',
		escaped: 'see https:\\/\\/media.example\\/out.mp4?X-Amz-Signature=x-amz-signature-value and https%3A%2F%2Fmedia.example%3Fs%3Dx-amz-signature-value',
		upload_url: { url: 'https://storage.example/', fields: { policy: 'policy-of-upload' } },
		key: 'whsec_c2VjcmV0c2VjcmV0',
		client_secret: 'the secret of a client',
		webhook: CALLBACK,
	};
	const answer = (text: string) => ({ statusCode: 200, headers: { 'content-type': texts.join(' '), 'set-cookie': texts.join(';'), authorization: texts.join(), location: texts.join(' ') }, text });
	const all = JSON.stringify(body);
	const exchange = (more: Partial<Traffic>): Traffic => ({ step: 'unknown', method: 'POST', url: 'https://service.example/v1/echo', body: null, answer: answer(all), fault: null, ...more });
	const request = { ...blankRequest('generate', 'ray-3.2'), prompt: texts.join(' ') };
	const generation = { ...blankGeneration(ID), raw: { input: body } };
	return {
		provider: providers.replicate,
		baseUrl: 'https://service.example/v1',
		callbackUrl: CALLBACK,
		results: [{ step: 'buy', outcome: 'trouble', said: texts.join(' ') }],
		traffic: [
			exchange({ body }),
			exchange({ url: `https://service.example/v1/${encodeURIComponent(texts.join(' '))}?q=${encodeURIComponent(texts.join(' '))}` }),
			exchange({ answer: answer(`<html>${all}</html>`) }),
			exchange({ answer: null, fault: texts.join(' ') }),
			exchange({ step: 'buy', body: texts.join(' ') }),
			exchange({ step: 'list', answer: answer(JSON.stringify({ results: [{ id: 'another', input: { prompt: 'the prompt of a stranger' }, texts }, { id: ID, ...body }] })) }),
		],
		balances: {},
		bought: { request, estimateUsd: 0.15, outcome: { kind: 'finished', generation }, generationId: ID, generation, seconds: 1, listed: generation },
		calls: [{ call: { body, text: all, headers: { authorization: texts.join() } }, generationId: ID, status: 'completed', isGenuine: true }],
	};
}

describe('a report', () => {
	it.each([
		['luma-api-0123456789abcdef'],
		['r8_0123456789ABCdef'],
		['12345678-90ab-cdef-1234-567890abcdef:fedcba0987654321'],
		['quoted"back\\slash/plus+percent%and=blank end'],
		['fünf-Schlüssel-ключ'],
	])('never holds the key %s, in any form that a service may echo', (key) => {
		const texts = echoes(key);
		const text = reportOf(echoing(texts), new Redactor([key]), 'versions', 'date').toLowerCase();
		const parts = key.includes(':') ? [key, ...key.split(':')] : [key];
		const forms = parts.flatMap((part) => [
			part,
			JSON.stringify(part).slice(1, -1),
			encodeURIComponent(part),
			encodeURIComponent(encodeURIComponent(part)),
			everyByte(part),
			Buffer.from(part).toString('hex'),
			// Without the first and last characters, which depend on the surroundings.
			...['', 'k', 'kk'].map((before) => base64(before + part).slice(4, -4)),
		]);
		expect(forms.filter((form) => text.includes(form.toLowerCase()))).toEqual([]);
	});

	it('never holds signed addresses, e-mail addresses, names of accounts, other secrets, where callbacks go, or what others made', () => {
		const text = reportOf(echoing([]), new Redactor(['a key of the test']), 'versions', 'date');
		expect(PRIVATE.filter((each) => text.includes(each))).toEqual([]);
		expect(text).toContain('https://media.example/out.mp4?[redacted]');
		expect(text).toContain(ID);
	});

	it('is not written if a key is left in it', () => {
		const blind = new Redactor(['the whole key']);
		blind.text = (text) => text;
		expect(() => reportOf(echoing(['the whole key']), blind, 'versions', 'date')).toThrow('so it is not written');
	});
});

it('buys the cheapest video from text of each provider, and says what it is and costs', () => {
	const bought = PROVIDERS.map((id) => {
		const plan = cheapest(providers[id], 'a cat');
		return `${id}: ${planText(plan)}: ${priceText(plan)}`;
	});
	expect(bought).toEqual([
		'lumaAgents: Ray 3.2, 360p, 5s, from text: 0.06 USD',
		'lumaDreamMachine: Ray 2 Flash, 540p, 5s, from text: 0.14 USD',
		'pixazo: Ray 3.2, 540p, 5s, from text: price unknown',
		'pixwith: Ray 2, 540p, 5s, from text: price unknown',
		'crazyrouter: Ray 2, 540p, 5s, from text: price unknown',
		'fal: Ray 3.2, 540p, 5s, from text: 0.50 USD',
		'replicate: Ray 3.2, 540p, 5s, from text: 0.15 USD',
	]);
});
