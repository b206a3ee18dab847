/** What a user reads when something goes wrong, word by word, and that nothing bought is left unnamed. */
import { describe, expect, it, jest } from '@jest/globals';
import { stringify } from 'flatted';
import { providers } from '../../nodes/LumaVideo/providers';
import type { FaultKind, ProviderName, ProviderServer, SettingsChange } from '../provider-server';
import type { Texts } from '../samples';
import { BOTH_KINDS, byProvider, forAll, nameOf, PROVIDERS, REASONS_TOLD, samples, WITHOUT_LIST } from '../samples';
import type { Refusal } from '../samples/sample';
import { engineLog } from './harness/engine';
import { useProviderServer } from './harness/providerServer';
import { allTexts, credentialsOf, failedItems, generate, jsonOf, keysIn, runItems, runOne, shownError } from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

const server = useProviderServer(forAll({ jobMs: 20 }));

interface Situation {
	name: string;
	/** Default: all. */
	providers?: readonly ProviderName[];
	prompt?: string;
	/** The key of the credential, when it is not the right one. */
	apiKey?: string;
	baseUrl?: string | ((server: ProviderServer) => string);
	settings?: (provider: ProviderName) => SettingsChange;
	fault?: { route: 'create' | 'status'; kind: FaultKind; status?: number };
	/** How many are bought; default 0. */
	bought?: number;
	/** Whether it ends at the time limit, which is short then. */
	atTimeLimit?: true;
	/**
	 * What each provider's users read, or all providers' users. `null`: nothing is wrong. `<id>` stands for the generation's
	 * id, `<time>` for a time, `<provider>` for the provider's name.
	 */
	texts: Partial<Record<ProviderName, Texts | null>> | Texts;
}

const LATER = "To get it later, use resource 'Generation', operation 'Wait' with the ID <id>.";
const NO_RETRY =
	'Retrying this execution does not send the request again; to buy the video again, start a new execution.';

const say = (provider: ProviderName, status: Refusal): string => samples[provider].says[status];

const CHANGE = 'Change the prompt or the images, then run this item again.';
/** A generation that ended without a video. */
function notMade(provider: ProviderName, reason: string): Texts {
	const nextStep = samples[provider].isFreeWhenFailed ? `${CHANGE} <provider> does not charge for it.` : CHANGE;
	return [`<provider> could not generate the video: ${reason} (generation <id>)`, nextStep];
}

const BASE_URL =
	"Check 'Base URL' in the credential. If it is right, the service may have changed its answers.";

/** A create in doubt at providers that do not list their generations; the others find the generation. */
function doubt(reason: (provider: ProviderName) => string): Partial<Record<ProviderName, Texts | null>> {
	return byProvider((provider) =>
		samples[provider].lists
			? null
			: [
					`It is not known whether <provider> accepted the request: ${reason(provider)}`,
					`A video may have been bought. Look at ${providers[provider].dashboardUrl} for a generation started at <time>. ${NO_RETRY}`,
				],
	);
}

function unreadableCreate(what: string, quoted?: (provider: ProviderName) => string | null): Situation['texts'] {
	return doubt((provider) => {
		const { status } = samples[provider].answers.created;
		const answer = quoted?.(provider) ?? null;
		return `<provider> sent ${what} where the generation was expected (HTTP ${status})${answer === null ? '' : `: ${answer}`}`;
	});
}

function unreadableStatus(what: string): Texts {
	return [
		`Generation <id> cannot be read: <provider> sent ${what} where the generation was expected (HTTP 200)`,
		`${BASE_URL} It may still be running. ${LATER}`,
	];
}

const SITUATIONS: Situation[] = [
	// Keys and accounts
	{
		name: 'a wrong key',
		apiKey: 'not-the-right-key',
		texts: byProvider((provider) => [
			`<provider> did not accept the API key: ${samples[provider].wrongKey.said}`,
			`Nothing was bought. ${samples[provider].texts.key} Then run this item again.`,
		]),
	},
	{
		name: 'a wrong key, in the words of the gateway in front',
		apiKey: 'not-the-right-key',
		settings: () => ({ pixazo: { authErrors: 'gateway' } }),
		texts: {
			pixazo: [
				'<provider> did not accept the API key: Access denied due to missing or invalid subscription key',
				`Nothing was bought. ${samples.pixazo.texts.key} Then run this item again.`,
			],
		},
	},
	{
		name: 'an exhausted balance',
		settings: (provider) => ({ [provider]: { balance: 0 } }),
		texts: byProvider((provider) => {
			const [said, nextStep] = samples[provider].texts.noBalance;
			return [
				`<provider> reports that the account has too little credit: ${said}`,
				`Nothing was bought. ${nextStep} Then run this item again.`,
			];
		}),
	},

	// What a generation can end as
	{
		name: 'a moderated prompt',
		prompt: 'a cat [moderated]',
		settings: () => REASONS_TOLD,
		bought: 1,
		texts: byProvider((provider) => notMade(provider, samples[provider].moderationReason)),
	},
	{
		name: 'a generation that failed without a reason',
		prompt: 'a cat [moderated]',
		bought: 1,
		texts: Object.fromEntries(
			PROVIDERS.filter((provider) => samples[provider].reasonsTold !== null).map((provider) => [
				provider,
				notMade(provider, 'no reason given'),
			]),
		),
	},
	{
		name: 'a failed generation',
		prompt: 'a cat [fails: The model gave up.]',
		settings: () => REASONS_TOLD,
		bought: 1,
		texts: byProvider((provider) => notMade(provider, samples[provider].failureReason('The model gave up'))),
	},
	{
		name: "a generation that failed by the service's own fault",
		prompt: 'a cat [errors: Upstream broke]',
		bought: 1,
		texts: {
			pixazo: [
				'<provider> could not generate the video: Upstream broke (generation <id>)',
				'The fault lies with <provider>, not with your fields: run this item again. <provider> does not charge for it.',
			],
			fal: [
				'<provider> could not generate the video: internal_error: Upstream broke (generation <id>)',
				'The fault lies with <provider>, not with your fields: run this item again. <provider> does not charge for it.',
			],
		},
	},

	// A create that is refused
	{
		name: 'a refused prompt',
		prompt: 'a cat [refused: Prompt contains blocked words.]',
		texts: byProvider((provider) => [
			'<provider> refused the request: Prompt contains blocked words',
			`Nothing was bought. ${samples[provider].texts.refusedPrompt} Then run this item again.`,
		]),
	},
	{
		name: 'create: 402',
		fault: { route: 'create', kind: '402' },
		texts: byProvider((provider) => [
			`<provider> reports that the account has too little credit: ${say(provider, 402)}`,
			`Nothing was bought. ${samples[provider].texts.credit} Then run this item again.`,
		]),
	},
	{
		name: 'create: 403',
		fault: { route: 'create', kind: '403' },
		texts: byProvider((provider) => {
			const [message, nextStep] = samples[provider].texts.forbidden;
			return [message, `Nothing was bought. ${nextStep} Then run this item again.`];
		}),
	},
	{
		name: 'create: 404',
		fault: { route: 'create', kind: '404' },
		texts: byProvider((provider) => {
			const [message, nextStep] = samples[provider].texts.noSuchAddress;
			return [`${message}: ${say(provider, 404)}`, `Nothing was bought. ${nextStep} Then run this item again.`];
		}),
	},
	{
		name: 'create: 429 until the time is over',
		fault: { route: 'create', kind: '429' },
		atTimeLimit: true,
		texts: byProvider((provider) => [
			`<provider> is receiving too many requests: ${say(provider, 429)}`,
			"Nothing was bought. Lower 'Max Concurrent Generations', or run fewer workflows at the same time. Then run this item again.",
		]),
	},
	{
		name: 'create: redirect',
		providers: BOTH_KINDS,
		fault: { route: 'create', kind: 'redirect' },
		texts: [
			'<provider> points to another address',
			"Nothing was bought. Check 'Base URL' in the credential: the key is not sent to other addresses. Then run this item again.",
		],
	},

	// A create in doubt
	{
		name: 'create: 500',
		fault: { route: 'create', kind: '500' },
		texts: byProvider((provider) => [
			`It is not known whether <provider> accepted the request: <provider> could not handle the request at the moment: ${say(provider, 500)}`,
			`A video may have been bought. ${
				samples[provider].lists
					? 'The list of generations does not show it yet; lists can lag behind. '
					: ''
			}Look at ${providers[provider].dashboardUrl} for a generation started at <time>. ${NO_RETRY}`,
		]),
	},
	{
		name: 'create: a web page with status 502, after the request was accepted',
		providers: BOTH_KINDS,
		fault: { route: 'create', kind: 'html', status: 502 },
		bought: 1,
		texts: doubt(() => '<provider> could not handle the request at the moment: HTTP 502'),
	},
	{
		name: 'create: a web page',
		providers: BOTH_KINDS,
		fault: { route: 'create', kind: 'html' },
		bought: 1,
		texts: unreadableCreate('a web page'),
	},
	{
		name: 'create: nothing',
		providers: BOTH_KINDS,
		fault: { route: 'create', kind: 'empty' },
		bought: 1,
		texts: unreadableCreate('an empty answer'),
	},
	{
		name: 'create: a connection that breaks in the middle of the answer',
		providers: BOTH_KINDS,
		fault: { route: 'create', kind: 'truncated' },
		bought: 1,
		texts: doubt(() => 'the answer was cut off'),
	},
	{
		name: 'create: a reset connection',
		providers: BOTH_KINDS,
		fault: { route: 'create', kind: 'reset-after' },
		bought: 1,
		texts: doubt(() => 'the connection broke'),
	},
	{
		name: 'create: an answer without an ID',
		fault: { route: 'create', kind: 'no-id' },
		bought: 1,
		texts: unreadableCreate('an unknown answer', (provider) => samples[provider].withoutId),
	},

	// Reading what was bought
	{
		name: 'status: 401',
		fault: { route: 'status', kind: '401' },
		bought: 1,
		texts: byProvider((provider) => [
			`Generation <id> cannot be read: <provider> did not accept the API key: ${say(provider, 401)}`,
			`${samples[provider].texts.key} It may still be running. ${LATER}`,
		]),
	},
	{
		name: 'status: 403',
		fault: { route: 'status', kind: '403' },
		bought: 1,
		texts: byProvider((provider) => {
			const [message, nextStep] = samples[provider].texts.forbidden;
			return [`Generation <id> cannot be read: ${message}`, `${nextStep} It may still be running. ${LATER}`];
		}),
	},
	{
		name: 'status: 404',
		fault: { route: 'status', kind: '404' },
		bought: 1,
		texts: byProvider((provider) => {
			const [, nextStep] = samples[provider].texts.noSuchGeneration;
			return ['<provider> has no generation <id>', `${nextStep} It may still be running. ${LATER}`];
		}),
	},
	{
		name: 'status: 500 until the time is over',
		fault: { route: 'status', kind: '500' },
		bought: 1,
		atTimeLimit: true,
		texts: byProvider((provider) => [
			`Generation <id> could not be read when its timeout of 30 seconds ended: <provider> could not handle the request at the moment: ${say(provider, 500)}`,
			`It may be finished or still running; nothing is lost. ${LATER}`,
		]),
	},
	{
		name: 'status: 429 until the time is over',
		fault: { route: 'status', kind: '429' },
		bought: 1,
		atTimeLimit: true,
		texts: byProvider((provider) => [
			`Generation <id> could not be read when its timeout of 30 seconds ended: <provider> is receiving too many requests: ${say(provider, 429)}`,
			`It may be finished or still running; nothing is lost. ${LATER}`,
		]),
	},
	{
		name: 'status: a connection that breaks until the time is over',
		providers: BOTH_KINDS,
		fault: { route: 'status', kind: 'reset-before' },
		bought: 1,
		atTimeLimit: true,
		texts: [
			'Generation <id> could not be read when its timeout of 30 seconds ended: the connection broke',
			`It may be finished or still running; nothing is lost. ${LATER}`,
		],
	},
	{
		name: 'status: a web page',
		providers: BOTH_KINDS,
		fault: { route: 'status', kind: 'html' },
		bought: 1,
		texts: unreadableStatus('a web page'),
	},
	{
		name: 'status: nothing',
		providers: BOTH_KINDS,
		fault: { route: 'status', kind: 'empty' },
		bought: 1,
		texts: unreadableStatus('an empty answer'),
	},
	{
		name: 'status: JSON that breaks off',
		providers: BOTH_KINDS,
		fault: { route: 'status', kind: 'invalid-json' },
		bought: 1,
		texts: unreadableStatus('an unknown answer'),
	},
	{
		name: 'status: redirect',
		providers: BOTH_KINDS,
		fault: { route: 'status', kind: 'redirect' },
		bought: 1,
		texts: [
			'Generation <id> cannot be read: <provider> points to another address',
			`Check 'Base URL' in the credential: the key is not sent to other addresses. It may still be running. ${LATER}`,
		],
	},
	{
		name: 'status: a word that is not known',
		fault: { route: 'status', kind: 'unknown-status' },
		bought: 1,
		atTimeLimit: true,
		texts: [
			'Generation <id> is not finished after 30 seconds',
			`<provider> is still working on it, and nothing is lost. ${LATER} Or raise 'Timeout'.`,
		],
	},
	{
		name: 'status: completed, and no URL',
		fault: { route: 'status', kind: 'completed-without-url' },
		bought: 1,
		texts: byProvider((provider) => [
			'Generation <id> has no video to download (status: completed)',
			`${LATER} Or look at ${providers[provider].dashboardUrl}.`,
		]),
	},

	// Hosts
	{
		name: 'a host that refuses the connection',
		providers: BOTH_KINDS,
		baseUrl: 'http://127.0.0.1:9',
		texts: [
			'<provider> cannot be reached: the connection was refused',
			"Nothing was bought. Check n8n's network and 'Base URL' in the credential. Then run this item again.",
		],
	},
	{
		name: 'a host that does not exist',
		providers: BOTH_KINDS,
		baseUrl: 'http://no-such-host.invalid',
		texts: [
			'<provider> cannot be reached: the host name is unknown',
			"Nothing was bought. Check n8n's network and 'Base URL' in the credential. Then run this item again.",
		],
	},
	{
		name: 'a host that is something else',
		baseUrl: ({ url }) => `${url}/elsewhere`,
		texts: byProvider((provider) => {
			const [message, nextStep] = samples[provider].texts.noSuchAddress;
			return [message, `Nothing was bought. ${nextStep} Then run this item again.`];
		}),
	},
];

const CASES = SITUATIONS.flatMap((situation) => {
	const { texts, providers: some = PROVIDERS } = situation;
	const perProvider: Partial<Record<ProviderName, Texts | null>> = isTexts(texts) ? byProvider(() => texts) : texts;
	return some.flatMap((provider) => {
		const expected = perProvider[provider];
		return expected === undefined ? [] : [{ situation, name: situation.name, provider, expected }];
	});
});

function isTexts(texts: Situation['texts']): texts is Texts {
	return Array.isArray(texts);
}

function prepared({ settings, fault, apiKey, baseUrl }: Situation, provider: ProviderName): {
	credentials: ReturnType<typeof credentialsOf>;
} {
	if (settings) server.configure(settings(provider));
	if (fault) server.fault({ ...fault, provider, times: 'always' });
	const address = typeof baseUrl === 'function' ? baseUrl(server) : baseUrl;
	return {
		credentials: credentialsOf(server, {
			...(apiKey === undefined ? {} : { apiKey }),
			...(address === undefined ? {} : { baseUrl: address }),
		}),
	};
}

/** A text with what differs from run to run replaced. */
function tidy(text: string, provider: ProviderName): string {
	const ids = server.ledger().purchases.map(({ id }) => id);
	return ids
		.reduce((rest, id) => rest.replaceAll(id, '<id>'), text)
		.replaceAll(server.url, '<server>')
		.replaceAll(nameOf(provider), '<provider>')
		.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
}

const OPTIONS = { options: { requestTimeout: 60, timeout: 6000 } };
const SHORT = { options: { requestTimeout: 60, timeout: 30 } };

describe('a user reads', () => {
	it.each(CASES)('$provider, $name', async ({ situation, provider, expected }) => {
		const { prompt = 'a cat', bought = 0, apiKey, atTimeLimit } = situation;
		const parameters = atTimeLimit ? SHORT : OPTIONS;
		const run = await runOne(server, provider, prompt, parameters, prepared(situation, provider));
		const shown = shownError(run);
		if (expected === null) {
			expect(shown).toBeNull();
			expect(jsonOf(run)[0]?.status).toBe('completed');
		} else {
			// Of an address that is the provider's name too, both sides have lost it.
			const [message, nextStep] = expected.map((text) => tidy(text, provider));
			expect(tidy(shown?.message ?? '', provider)).toBe(`${message} [item 0]`);
			expect(tidy(shown?.description ?? '', provider)).toBe(nextStep);
			expect(shown?.itemIndex).toBe(0);
		}
		const { purchases, keyLeaks } = server.ledger();
		expect(purchases).toHaveLength(bought);
		if (!/not known whether/.test(shown?.message ?? '')) {
			for (const { id } of purchases) expect(`${allTexts(run)} ${JSON.stringify(jsonOf(run))}`).toContain(id);
		}
		// An address in the credential is one that the key may go to.
		if (situation.baseUrl === undefined) expect(keyLeaks).toEqual([]);
		expect(keysIn(run, [...Object.values(server.keys), ...(apiKey === undefined ? [] : [apiKey])])).toEqual([]);
	});

	it.each(PROVIDERS)('%s, the same as an item when the node goes on', async (provider) => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'a dog' });
		const items = ['a cat', 'a dog', 'a fox [fails: The model gave up]'].map((text) => ({ text }));
		server.configure(REASONS_TOLD);
		const run = await runItems(server, items, generate(provider, OPTIONS), { node: { onError: 'continueRegularOutput' } });
		const name = nameOf(provider);
		const failed = server.jobs().find((job) => job.status === 'failed')?.id;
		expect(jsonOf(run)[0]).toMatchObject({ status: 'completed', prompt: 'a cat' });
		expect(jsonOf(run).slice(1)).toStrictEqual([
			{
				error: `${name} reports that the account has too little credit: ${say(provider, 402)} [item 1]`,
				details: { generationId: null, provider, status: null, nextStep: `Nothing was bought. ${samples[provider].texts.credit} Then run this item again.` },
			},
			{
				error: `${name} could not generate the video: ${samples[provider].failureReason('The model gave up')} (generation ${failed}) [item 2]`,
				details: {
					generationId: failed,
					provider,
					status: 'failed',
					failureReason: samples[provider].failureReason('The model gave up'),
					nextStep: samples[provider].isFreeWhenFailed ? `${CHANGE} ${name} does not charge for it.` : CHANGE,
				},
			},
		]);
		expect(outputOf(run).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});
});

describe('the key', () => {
	it('is looked for where n8n writes its log', async () => {
		await runOne(server, WITHOUT_LIST, 'a cat', OPTIONS);
		expect(engineLog()).toContain('Start executing node');
	});

	it.each(PROVIDERS)('%s: is taken out of what a service repeats of it', async (provider) => {
		const run = await runOne(server, provider, `a cat [refused: The key ${server.keys[provider]} is over its limit]`);
		expect(shownError(run)?.message).toBe(
			`${nameOf(provider)} refused the request: The key [API key] is over its limit [item 0]`,
		);
		expect(stringify(run.data.resultData.error)).not.toContain(server.keys[provider]);
	});
});

describe('the item', () => {
	it.each(PROVIDERS)('%s: is the one that the message is about, and the others are named', async (provider) => {
		server.fault({ kind: '402', provider, route: 'create', prompt: 'number 2' });
		const items = [0, 1, 2, 3].map((number) => ({ text: `a cat, number ${number} [takes 60000ms]` }));
		const run = await runItems(server, items, generate(provider, OPTIONS));
		const shown = shownError(run);
		expect(shown?.message).toMatch(/ \[item 2\]$/);
		expect(shown?.itemIndex).toBe(2);
		const { purchases } = server.ledger();
		expect(purchases.length).toBeGreaterThan(0);
		for (const { id, prompt } of purchases) {
			const item = items.findIndex(({ text }) => text === prompt);
			expect(shown?.description).toContain(`${id} (item ${item}, running)`);
		}
	});

	it('is named once only', async () => {
		const run = await runOne(server, WITHOUT_LIST, 'a cat [takes 60000ms]', { options: { timeout: 10 } });
		const id = server.ledger().purchases[0]?.id ?? 'none';
		expect(shownError(run)?.message).toContain(id);
		expect(shownError(run)?.description).not.toContain('Other generations');
	});

	it('that failed besides the reported one is named too', async () => {
		const items = [0, 1, 2].map((number) => ({ text: `a cat, number ${number} [fails: No]` }));
		const run = await runItems(server, items, generate(WITHOUT_LIST, OPTIONS));
		const texts = allTexts(run);
		for (const { id } of server.ledger().purchases) expect(texts).toContain(id);
	});
});

describe('the credential', () => {
	it.each(PROVIDERS)('%s: an address that is none is refused at once', async (provider) => {
		const credentials = credentialsOf(server, { baseUrl: 'api.example.com' });
		const run = await runOne(server, provider, 'a cat', {}, { credentials });
		expect(shownError(run)).toMatchObject({
			message: "'Base URL' in the credential is not a web address",
			description: `Enter the address of ${nameOf(provider)}'s API, beginning with https://.`,
		});
		expect(failedItems(run)).toEqual([]);
	});
});
