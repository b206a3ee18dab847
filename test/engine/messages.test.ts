/** What a user reads when something goes wrong, word by word, and that nothing bought is left unnamed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { stringify } from 'flatted';
import type { FaultKind, ProviderName, ProviderServer, SettingsChange } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { engineLog } from './harness/engine';
import {
	DISPLAY_NAMES,
	PROVIDERS,
	allTexts,
	credentialsOf,
	failedItems,
	generate,
	jsonOf,
	keysIn,
	runItems,
	runOne,
	shownError,
} from './harness/service';
import { outputOf } from './harness/workflows';

jest.setTimeout(60_000);

let server: ProviderServer;

beforeAll(async () => {
	server = await startProviderServer({
		settings: Object.fromEntries(PROVIDERS.map((name) => [name, { jobMs: 20 }])),
	});
});
afterAll(async () => {
	await server.close();
});
beforeEach(() => {
	server.reset();
});

/** Message and description; `<id>` stands for the generation's id, `<time>` for a time, `<provider>` for its name. */
type Texts = readonly [message: string, description: string];

interface Situation {
	name: string;
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
	/** What each provider's users read, or all providers' users. `null`: nothing is wrong. */
	texts: Partial<Record<ProviderName, Texts | null>> | Texts;
}

const DASHBOARDS: Readonly<Record<ProviderName, string>> = {
	lumaDreamMachine: 'https://lumalabs.ai/dream-machine/api',
	lumaAgents: 'https://platform.lumalabs.ai',
	pixazo: 'https://api-console.pixazo.ai/dashboard',
	pixwith: 'https://pixwith.ai/api',
	crazyrouter: 'https://crazyrouter.com',
};

const LATER = "To get it later, use resource 'Generation', operation 'Wait' with the ID <id>.";
const NO_RETRY =
	'A retry of this execution does not send the request again; to buy the video anew, start a new execution.';

const ENDED =
	"Luma announced the end of its Dream Machine API for October 2026. Its successor is Luma Agents: choose that as 'Provider', with a key from platform.lumalabs.ai.";

/** Advice on keys. */
const KEY: Readonly<Record<ProviderName, string>> = {
	lumaDreamMachine:
		`Check the API key in the credential: Dream Machine keys come from lumalabs.ai/dream-machine/api/keys. ${ENDED}`,
	lumaAgents:
		"Check the API key in the credential. Keys are made at platform.lumalabs.ai (they begin with 'luma-api-'). Dream Machine keys from lumalabs.ai/dream-machine/api/keys do not work here, nor the other way round: for those choose the provider 'Luma Dream Machine'.",
	pixazo: 'Check the API key in the credential. Keys are made at https://api-console.pixazo.ai/api_keys.',
	pixwith: "Check the API key in the credential. Keys come from https://pixwith.ai/api and begin with 'key_'.",
	crazyrouter:
		"Check the API key in the credential. Keys begin with 'sk-' and are made in the console at https://crazyrouter.com.",
};

const CREDIT: Readonly<Record<ProviderName, string>> = {
	lumaDreamMachine: 'Add credit to the account, then run the workflow again.',
	lumaAgents: 'Add money to the account at https://platform.lumalabs.ai, then run the workflow again.',
	pixazo: 'Add money to the wallet at https://api-console.pixazo.ai/dashboard, then run the workflow again.',
	pixwith: 'Add credit to the account, then run the workflow again.',
	crazyrouter:
		'Add credit at https://crazyrouter.com. If the account has credit, raise the quota of this API key there.',
};

const NOT_ALLOWED: Readonly<Record<'lumaAgents' | 'pixazo' | 'pixwith', string>> = {
	lumaAgents: `See https://platform.lumalabs.ai: the account must be active, and HDR must be enabled for it before it can be used. ${KEY.lumaAgents}`,
	pixazo:
		'See https://api-console.pixazo.ai/dashboard: the subscription of this API key must be active, include this model and have calls left.',
	pixwith: 'Check that the API key may use this model.',
};

/** What becomes of the reason `The model gave up.`. */
function reasonOf(provider: ProviderName): string {
	return provider === 'lumaAgents'
		? 'generation_failed: the model could not make the video; another try may work (The model gave up)'
		: 'The model gave up';
}

/** Whether the provider says that a failed generation costs nothing. */
function isFree(provider: ProviderName): boolean {
	return provider === 'lumaDreamMachine' || provider === 'lumaAgents';
}

const FIELDS = "Check the node's fields, then run the workflow again.";
const CHANGE = 'Change the prompt or the images, then run the workflow again.';
const BASE_URL =
	"Check 'Base URL' in the credential. If it is right, the service may have changed its answers.";

function byProvider<T>(make: (provider: ProviderName) => T): Record<ProviderName, T> {
	return Object.fromEntries(PROVIDERS.map((provider) => [provider, make(provider)])) as Record<ProviderName, T>;
}

/** A create in doubt at providers that do not list their generations; the others find the generation. */
function doubt(reason: (provider: ProviderName) => string): Partial<Record<ProviderName, Texts | null>> {
	return byProvider((provider) =>
		provider === 'lumaDreamMachine'
			? null
			: [
					`It is not known whether <provider> accepted the request: ${reason(provider)}`,
					`A video may have been bought. Look at ${DASHBOARDS[provider]} for a generation started at <time>. ${NO_RETRY}`,
				],
	);
}

/** HTTP status of an accepted create. */
const ACCEPTED: Readonly<Record<ProviderName, number>> = {
	lumaDreamMachine: 201,
	lumaAgents: 201,
	pixazo: 202,
	pixwith: 200,
	crazyrouter: 200,
};

function unreadableCreate(what: string, quoted?: Partial<Record<ProviderName, string>>): Situation['texts'] {
	return doubt((provider) => {
		const answer = quoted?.[provider] === undefined ? '' : `: ${quoted[provider]}`;
		return `<provider> sent ${what} where the generation was expected (HTTP ${ACCEPTED[provider]})${answer}`;
	});
}

function unreadableStatus(what: string): Texts {
	return [
		`Generation <id> cannot be read: <provider> sent ${what} where the generation was expected (HTTP 200)`,
		`${BASE_URL} It may still be running. ${LATER}`,
	];
}

/** The stand-in's words for a status; some providers document their own. */
const saidFor = (status: number, documented: Partial<Record<ProviderName, string>>) => (provider: ProviderName) =>
	documented[provider] ?? `Error ${status}`;

const said401 = saidFor(401, { crazyrouter: 'Invalid API key', lumaAgents: 'Missing or invalid API key' });
const said402 = saidFor(402, {
	crazyrouter: 'Insufficient quota',
	lumaAgents: 'Insufficient balance. Please add funds to continue',
});
const said404 = saidFor(404, { crazyrouter: 'Not found', lumaAgents: 'Not Found' });
const said429 = saidFor(429, { crazyrouter: 'Rate limit exceeded', lumaAgents: 'Rate limit exceeded' });
const said500 = saidFor(500, { crazyrouter: 'The service is temporarily unavailable' });

const NO_CREDIT: Texts = ['<provider> reports that the account has too little credit: Insufficient quota', ''];

const SITUATIONS: Situation[] = [
	// Keys and accounts
	{
		name: 'a wrong key',
		apiKey: 'not-the-right-key',
		texts: {
			lumaDreamMachine: [
				'<provider> did not accept the API key: Invalid API key provided',
				`Nothing was bought. ${KEY.lumaDreamMachine}`,
			],
			lumaAgents: [
				'<provider> did not accept the API key: Missing or invalid API key',
				`Nothing was bought. ${KEY.lumaAgents}`,
			],
			pixazo: [
				'<provider> did not accept the API key: Access denied due to missing or invalid subscription key',
				`Nothing was bought. ${KEY.pixazo}`,
			],
			pixwith: ['<provider> did not accept the API key: Invalid API KEY', `Nothing was bought. ${KEY.pixwith}`],
			crazyrouter: [
				'<provider> did not accept the API key: Invalid API key',
				`Nothing was bought. ${KEY.crazyrouter}`,
			],
		},
	},
	{
		name: 'a wrong key, in the words of the gateway in front',
		apiKey: 'not-the-right-key',
		settings: () => ({ pixazo: { authErrors: 'gateway' } }),
		texts: {
			pixazo: [
				'<provider> did not accept the API key: Access denied due to missing or invalid subscription key',
				`Nothing was bought. ${KEY.pixazo}`,
			],
		},
	},
	{
		name: 'an exhausted balance',
		settings: (provider) => ({ [provider]: { balance: 0 } }),
		texts: {
			lumaDreamMachine: [
				'<provider> reports that the account has too little credit: Insufficient credits',
				`Nothing was bought. ${CREDIT.lumaDreamMachine}`,
			],
			lumaAgents: [
				'<provider> reports that the account has too little credit: Insufficient balance. Please add funds to continue',
				`Nothing was bought. ${CREDIT.lumaAgents}`,
			],
			pixazo: [
				'<provider> reports that the account has too little credit: Your wallet does not have enough balance',
				`Nothing was bought. ${CREDIT.pixazo}`,
			],
			pixwith: [
				'<provider> reports that the account has too little credit: Credits not enough',
				'Nothing was bought. Buy credits at https://pixwith.ai/api, then run the workflow again.',
			],
			crazyrouter: [NO_CREDIT[0], `Nothing was bought. ${CREDIT.crazyrouter}`],
		},
	},

	// What a generation can end as
	{
		name: 'a moderated prompt',
		prompt: 'a cat [moderated]',
		bought: 1,
		texts: {
			lumaDreamMachine: [
				'<provider> could not make the video: Advanced prompt moderation failed (generation <id>)',
				`${CHANGE} <provider> does not charge for it.`,
			],
			lumaAgents: [
				'<provider> could not make the video: content_moderated: content moderation refused the prompt, an input or the result (Prompt was flagged by our content moderation system) (generation <id>)',
				`${CHANGE} <provider> does not charge for it.`,
			],
			pixazo: [
				'<provider> could not make the video: The prompt was refused by content moderation (generation <id>)',
				CHANGE,
			],
			pixwith: ['<provider> could not make the video: no reason given (generation <id>)', CHANGE],
			crazyrouter: ['<provider> could not make the video: no reason given (generation <id>)', CHANGE],
		},
	},
	{
		name: 'a failed generation',
		prompt: 'a cat [fails: The model gave up.]',
		settings: () => ({ pixwith: { failureInText: true }, crazyrouter: { failureReason: true } }),
		bought: 1,
		texts: byProvider((provider) => [
			`<provider> could not make the video: ${reasonOf(provider)} (generation <id>)`,
			isFree(provider) ? `${CHANGE} <provider> does not charge for it.` : CHANGE,
		]),
	},
	{
		name: "a generation that failed by the service's own fault",
		prompt: 'a cat [errors: Upstream broke]',
		bought: 1,
		texts: {
			pixazo: [
				'<provider> could not make the video: Upstream broke (generation <id>)',
				'The fault lay with <provider>, not with your fields: run the workflow again. <provider> does not charge for it.',
			],
		},
	},

	// A create that is refused
	{
		name: 'a refused prompt',
		prompt: 'a cat [refused: Prompt contains blocked words.]',
		texts: byProvider((provider) => [
			'<provider> refused the request: Prompt contains blocked words',
			provider === 'pixazo'
				? "Nothing was bought. Check the node's fields: the prompt, and that each image URL opens without a login."
				: `Nothing was bought. ${FIELDS}`,
		]),
	},
	{
		name: 'create: 402',
		fault: { route: 'create', kind: '402' },
		texts: byProvider((provider) => [
			`<provider> reports that the account has too little credit: ${said402(provider)}`,
			`Nothing was bought. ${CREDIT[provider]}`,
		]),
	},
	{
		name: 'create: 403',
		fault: { route: 'create', kind: '403' },
		texts: {
			lumaDreamMachine: [
				'<provider> did not accept the API key: Error 403',
				`Nothing was bought. ${KEY.lumaDreamMachine}`,
			],
			lumaAgents: [
				'<provider> does not allow this request with this API key: Access denied',
				`Nothing was bought. ${NOT_ALLOWED.lumaAgents}`,
			],
			pixazo: [
				'<provider> does not allow this request with this API key: Error 403',
				`Nothing was bought. ${NOT_ALLOWED.pixazo}`,
			],
			pixwith: [
				'<provider> does not allow this request with this API key: Error 403',
				`Nothing was bought. ${NOT_ALLOWED.pixwith}`,
			],
			crazyrouter: [NO_CREDIT[0], `Nothing was bought. ${CREDIT.crazyrouter}`],
		},
	},
	{
		name: 'create: 404',
		fault: { route: 'create', kind: '404' },
		texts: {
			lumaDreamMachine: [
				'<provider> does not make videos at this address: Error 404',
				`Nothing was bought. Check 'Base URL' in the credential. ${ENDED}`,
			],
			lumaAgents: [
				'<provider> does not make videos at this address: Not Found',
				"Nothing was bought. Check 'Base URL' in the credential.",
			],
			pixazo: [
				'<provider> does not offer this model at this address: Error 404',
				`Nothing was bought. Check 'Base URL' in the credential. If it is right, see ${DASHBOARDS.pixazo} for the models on offer.`,
			],
			pixwith: [
				'<provider> does not know what was asked for: Error 404',
				"Nothing was bought. Check 'Base URL' in the credential.",
			],
			crazyrouter: [
				'<provider> does not offer Luma at this address: Not found',
				"Nothing was bought. Check 'Base URL' in the credential: it is the service's root, without /v1 at the end.",
			],
		},
	},
	{
		name: 'create: 429 until the time is over',
		fault: { route: 'create', kind: '429' },
		atTimeLimit: true,
		texts: byProvider((provider) => [
			`<provider> is receiving too many requests: ${said429(provider)}`,
			"Nothing was bought. Lower 'Max Concurrent Generations', or run fewer workflows at the same time.",
		]),
	},
	{
		name: 'create: redirect',
		fault: { route: 'create', kind: 'redirect' },
		texts: [
			'<provider> points to another address',
			"Nothing was bought. Check 'Base URL' in the credential: the key is not sent to other addresses.",
		],
	},

	// A create in doubt
	{
		name: 'create: 500',
		fault: { route: 'create', kind: '500' },
		texts: byProvider((provider) => [
			`It is not known whether <provider> accepted the request: <provider> could not handle the request just now: ${said500(provider)}`,
			`A video may have been bought. ${
				provider === 'lumaDreamMachine'
					? 'The list of generations does not show it so far; lists can lag behind. '
					: ''
			}Look at ${DASHBOARDS[provider]} for a generation started at <time>. ${NO_RETRY}`,
		]),
	},
	{
		name: 'create: a web page with status 502, after the request was accepted',
		fault: { route: 'create', kind: 'html', status: 502 },
		bought: 1,
		texts: doubt(() => '<provider> could not handle the request just now: HTTP 502'),
	},
	{
		name: 'create: a web page',
		fault: { route: 'create', kind: 'html' },
		bought: 1,
		texts: unreadableCreate('a web page'),
	},
	{
		name: 'create: nothing',
		fault: { route: 'create', kind: 'empty' },
		bought: 1,
		texts: unreadableCreate('an empty answer'),
	},
	{
		name: 'create: a connection that breaks in the middle of the answer',
		fault: { route: 'create', kind: 'truncated' },
		bought: 1,
		texts: doubt(() => 'the answer broke off'),
	},
	{
		name: 'create: a reset connection',
		fault: { route: 'create', kind: 'reset-after' },
		bought: 1,
		texts: doubt(() => 'the connection broke'),
	},
	{
		name: 'create: an answer without an ID',
		fault: { route: 'create', kind: 'no-id' },
		bought: 1,
		texts: unreadableCreate('an unknown answer', {
			lumaAgents:
				'{"type":"video","state":"queued","model":"ray-3.2","created_at":"<time>","output":[],"failure_code":null,"failure_reason":null}',
			pixazo: '{"status":"QUEUED","polling_url":"<server>/pixazo/v2/requests/status/<id>"}',
			pixwith: '{"code":1,"message":"success","data":{"estimated_time":1}}',
			crazyrouter: '{"state":"queued","created_at":"<time>"}',
		}),
	},

	// Reading what was bought
	{
		name: 'status: 401',
		fault: { route: 'status', kind: '401' },
		bought: 1,
		texts: byProvider((provider) => [
			`Generation <id> cannot be read: <provider> did not accept the API key: ${said401(provider)}`,
			`${KEY[provider]} It may still be running. ${LATER}`,
		]),
	},
	{
		name: 'status: 403',
		fault: { route: 'status', kind: '403' },
		bought: 1,
		texts: {
			lumaDreamMachine: [
				'Generation <id> cannot be read: <provider> did not accept the API key: Error 403',
				`${KEY.lumaDreamMachine} It may still be running. ${LATER}`,
			],
			lumaAgents: [
				'Generation <id> cannot be read: <provider> does not allow this request with this API key: Access denied',
				`${NOT_ALLOWED.lumaAgents} It may still be running. ${LATER}`,
			],
			pixazo: [
				'Generation <id> cannot be read: <provider> does not allow this request with this API key: Error 403',
				`${NOT_ALLOWED.pixazo} It may still be running. ${LATER}`,
			],
			pixwith: [
				'Generation <id> cannot be read: <provider> does not allow this request with this API key: Error 403',
				`${NOT_ALLOWED.pixwith} It may still be running. ${LATER}`,
			],
			crazyrouter: [
				`Generation <id> cannot be read: ${NO_CREDIT[0]}`,
				`${CREDIT.crazyrouter} It may still be running. ${LATER}`,
			],
		},
	},
	{
		name: 'status: 404',
		fault: { route: 'status', kind: '404' },
		bought: 1,
		texts: byProvider((provider) => [
			`Generation <id> cannot be read: <provider> does not know ${
				provider === 'pixazo' || provider === 'crazyrouter' ? 'this generation' : 'what was asked for'
			}: ${said404(provider)}`,
			`${
				{
					lumaDreamMachine: 'Check the generation ID and that it belongs to the account of this credential.',
					lumaAgents: 'Check the generation ID and that it belongs to the account of this credential.',
					pixazo: 'Check the generation ID and that it belongs to the account of this credential.',
					pixwith: "Check the generation ID, and 'Base URL' in the credential.",
					crazyrouter: 'Check the generation ID and that it was made with the API key of this credential.',
				}[provider]
			} It may still be running. ${LATER}`,
		]),
	},
	{
		name: 'status: 500 until the time is over',
		fault: { route: 'status', kind: '500' },
		bought: 1,
		atTimeLimit: true,
		texts: byProvider((provider) => [
			`Generation <id> could not be read when its 30 seconds were over: <provider> could not handle the request just now: ${said500(provider)}`,
			`It may be finished or still running; nothing is lost. ${LATER}`,
		]),
	},
	{
		name: 'status: 429 until the time is over',
		fault: { route: 'status', kind: '429' },
		bought: 1,
		atTimeLimit: true,
		texts: byProvider((provider) => [
			`Generation <id> could not be read when its 30 seconds were over: <provider> is receiving too many requests: ${said429(provider)}`,
			`It may be finished or still running; nothing is lost. ${LATER}`,
		]),
	},
	{
		name: 'status: a connection that breaks until the time is over',
		fault: { route: 'status', kind: 'reset-before' },
		bought: 1,
		atTimeLimit: true,
		texts: [
			'Generation <id> could not be read when its 30 seconds were over: the connection broke',
			`It may be finished or still running; nothing is lost. ${LATER}`,
		],
	},
	{
		name: 'status: a web page',
		fault: { route: 'status', kind: 'html' },
		bought: 1,
		texts: unreadableStatus('a web page'),
	},
	{
		name: 'status: nothing',
		fault: { route: 'status', kind: 'empty' },
		bought: 1,
		texts: unreadableStatus('an empty answer'),
	},
	{
		name: 'status: JSON that breaks off',
		fault: { route: 'status', kind: 'invalid-json' },
		bought: 1,
		texts: unreadableStatus('an unknown answer'),
	},
	{
		name: 'status: redirect',
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
			`<provider> still works on it, and nothing is lost. ${LATER} Or raise 'Timeout'.`,
		],
	},
	{
		name: 'status: completed, and no URL',
		fault: { route: 'status', kind: 'completed-without-url' },
		bought: 1,
		texts: byProvider((provider) => [
			'<provider> says that generation <id> is completed, but names no video',
			`Look at ${DASHBOARDS[provider]}. ${LATER}`,
		]),
	},

	// Hosts
	{
		name: 'a host that refuses the connection',
		baseUrl: 'http://127.0.0.1:9',
		texts: [
			'<provider> cannot be reached: the connection was refused',
			"Nothing was bought. Check 'Base URL' in the credential and the network of n8n.",
		],
	},
	{
		name: 'a host that does not exist',
		baseUrl: 'http://no-such-host.invalid',
		texts: [
			'<provider> cannot be reached: the host name is unknown',
			"Nothing was bought. Check 'Base URL' in the credential and the network of n8n.",
		],
	},
	{
		name: 'a host that is something else',
		baseUrl: ({ url }) => `${url}/elsewhere`,
		texts: {
			lumaDreamMachine: [
				'<provider> does not make videos at this address',
				`Nothing was bought. Check 'Base URL' in the credential. ${ENDED}`,
			],
			lumaAgents: [
				'<provider> does not make videos at this address',
				"Nothing was bought. Check 'Base URL' in the credential.",
			],
			pixazo: [
				'<provider> does not offer this model at this address',
				`Nothing was bought. Check 'Base URL' in the credential. If it is right, see ${DASHBOARDS.pixazo} for the models on offer.`,
			],
			pixwith: [
				'<provider> does not know what was asked for',
				"Nothing was bought. Check 'Base URL' in the credential.",
			],
			crazyrouter: [
				'<provider> does not offer Luma at this address',
				"Nothing was bought. Check 'Base URL' in the credential: it is the service's root, without /v1 at the end.",
			],
		},
	},
];

const CASES = SITUATIONS.flatMap((situation) => {
	const { texts } = situation;
	const perProvider: Partial<Record<ProviderName, Texts | null>> = isTexts(texts) ? byProvider(() => texts) : texts;
	return PROVIDERS.flatMap((provider) => {
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
		.replaceAll(DISPLAY_NAMES[provider], '<provider>')
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
			expect(tidy(shown?.message ?? '', provider)).toBe(`${expected[0]} [item 0]`);
			expect(tidy(shown?.description ?? '', provider)).toBe(expected[1]);
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
		const settings = { pixwith: { failureInText: true }, crazyrouter: { failureReason: true } };
		server.configure(settings);
		const run = await runItems(server, items, generate(provider, OPTIONS), { node: { onError: 'continueRegularOutput' } });
		const name = DISPLAY_NAMES[provider];
		const failed = server.jobs().find((job) => job.status === 'failed')?.id;
		expect(jsonOf(run)[0]).toMatchObject({ status: 'completed', prompt: 'a cat' });
		expect(jsonOf(run).slice(1)).toStrictEqual([
			{
				error: `${name} reports that the account has too little credit: ${said402(provider)} [item 1]`,
				details: { generationId: null, provider, status: null, nextStep: `Nothing was bought. ${CREDIT[provider]}` },
			},
			{
				error: `${name} could not make the video: ${reasonOf(provider)} (generation ${failed}) [item 2]`,
				details: {
					generationId: failed,
					provider,
					status: 'failed',
					failureReason: reasonOf(provider),
					nextStep: isFree(provider) ? `${CHANGE} ${name} does not charge for it.` : CHANGE,
				},
			},
		]);
		expect(outputOf(run).map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});
});

describe('the key', () => {
	it('is looked for where n8n writes its log', async () => {
		await runOne(server, 'pixwith', 'a cat', OPTIONS);
		expect(engineLog()).toContain('Start executing node');
	});

	it.each(PROVIDERS)('%s: is taken out of what a service repeats of it', async (provider) => {
		const run = await runOne(server, provider, `a cat [refused: The key ${server.keys[provider]} is over its limit]`);
		expect(shownError(run)?.message).toBe(
			`${DISPLAY_NAMES[provider]} refused the request: The key [API key] is over its limit [item 0]`,
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
		const run = await runOne(server, 'pixazo', 'a cat [takes 60000ms]', { options: { timeout: 10 } });
		const id = server.ledger().purchases[0]?.id ?? 'none';
		expect(shownError(run)?.message).toContain(id);
		expect(shownError(run)?.description).not.toContain('Other generations');
	});

	it('that failed besides the reported one is named too', async () => {
		const items = [0, 1, 2].map((number) => ({ text: `a cat, number ${number} [fails: No]` }));
		const run = await runItems(server, items, generate('pixazo', OPTIONS));
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
			description: `Enter the address of ${DISPLAY_NAMES[provider]}'s API, beginning with https://.`,
		});
		expect(failedItems(run)).toEqual([]);
	});
});
