/** `npm run check:live` against the stand-in: what it asks, what it buys, and whether it sees a guess that is wrong. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { providerIds, providers } from '../../nodes/LumaVideo/providers';
import { blankGeneration } from '../../nodes/LumaVideo/providers/answers';
import type { ProviderId } from '../../nodes/LumaVideo/providers/provider';
import { cheapest } from '../../scripts/check/live/cheapest';
import { checkLive } from '../../scripts/check/live/check';
import type { LiveOptions } from '../../scripts/check/live/check';
import { listen } from '../../scripts/check/live/listener';
import type { Observations } from '../../scripts/check/live/observations';
import { generalProbes, probes } from '../../scripts/check/live/probes';
import { Redactor } from '../../scripts/check/live/redact';
import { judge, reportOf } from '../../scripts/check/live/report';
import { systemClock } from '../engine/harness/fastClock';
import type { FaultRule, ProviderServer, SettingsChange } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { samples } from '../samples';

const PROMPT = 'A paper boat';

let server: ProviderServer;
let folder: string;

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'check-live-'));
	server = await startProviderServer();
});
afterEach(() => {
	server.reset();
});
afterAll(async () => {
	await server.close();
	rmSync(folder, { recursive: true, force: true });
});

/** Dream Machine's prices are checked against the balance, which the stand-in lowers by one price for all videos. */
const AS_GUESSED: SettingsChange = { lumaDreamMachine: { price: Math.round((cheapest(providers.lumaDreamMachine, PROMPT).usd ?? 0) * 100) } };

/** A run that waits a hundred times faster, and measures a video's time in real time. */
async function run(id: ProviderId, more: Partial<LiveOptions> = {}): Promise<Observations> {
	const { credential, credentialFields, wrongKey, unknownId } = samples[id];
	const listener = await listen(0);
	try {
		return await checkLive({
			provider: providers[id],
			credentialType: credential,
			fields: credentialFields(server.keys[id], server.baseUrls[id]),
			wrongFields: credentialFields(wrongKey.key, server.baseUrls[id]),
			unknownId,
			prompt: PROMPT,
			callbackUrl: providers[id].callbacks ? `http://127.0.0.1:${listener.port}/hook` : null,
			listener,
			folder,
			clock: { ...systemClock, wall: () => Date.now() },
			signal: new AbortController().signal,
			say: () => undefined,
			onBought: () => undefined,
			...more,
		});
	} finally {
		await listener.close();
	}
}

const buy = async (): Promise<boolean> => await Promise.resolve(true);

function report(seen: Observations): string {
	return reportOf(seen, new Redactor([server.keys[seen.provider.id]]), 'versions', 'date');
}

/** Guesses by verdict. */
function verdicts(seen: Observations): Record<string, string> {
	return Object.fromEntries(judge(seen).flatMap(({ guess, need, verdict }) => (need === null ? [] : [[guess.id, verdict.verdict]])));
}

describe.each(providerIds)('%s', (id) => {
	const general = samples[id].balanceUnit === null ? 'not reached' : 'confirmed';

	it('confirms every guess that can be observed, buys one video, and saves it', async () => {
		server.configure(AS_GUESSED);
		const seen = await run(id, { confirm: buy });
		expect(seen.results.filter(({ outcome }) => outcome === 'trouble')).toEqual([]);
		expect(verdicts(seen)).toEqual({
			...Object.fromEntries(probes[id].map(({ guess }) => [guess, 'confirmed'])),
			'refusals-are-free': general,
		});
		const { purchases, keyLeaks, deletions } = server.ledger();
		expect(purchases.map(({ provider, prompt }) => ({ provider, prompt }))).toEqual([{ provider: id, prompt: PROMPT }]);
		expect(keyLeaks).toEqual([]);
		expect(deletions).toHaveLength(providers[id].deletion ? 1 : 0);
		expect(readdirSync(folder).some((name) => name.includes(String(seen.bought?.generationId).slice(0, 20)))).toBe(true);
		expect(report(seen)).not.toContain(server.keys[id]);
	});

	it('buys nothing unless it is told to, and reaches what is free', async () => {
		const seen = await run(id);
		expect(server.ledger().purchases).toEqual([]);
		expect(verdicts(seen)).toEqual({
			...Object.fromEntries(probes[id].map(({ guess, need }) => [guess, need === 'free' ? 'confirmed' : 'not reached'])),
			'refusals-are-free': general,
		});
	});
});

describe.each(['503', 'reset-before'] as const)('while every request ends with %s', (kind) => {
	it.each(providerIds)('%s is judged by nothing', async (id) => {
		server.fault({ kind, times: 'always' });
		const seen = await run(id);
		expect(Object.entries(verdicts(seen)).filter(([, verdict]) => verdict !== 'not reached')).toEqual([]);
	});
});

it.each<[string, Partial<LiveOptions>]>([
	['nobody confirms the price', { confirm: async () => await Promise.resolve(false) }],
	['the request that must be refused was accepted', { confirm: buy, provider: { ...providers.replicate, readCreated: () => ({ ok: true, value: blankGeneration('charged') }) } }],
])('buys nothing when %s', async (_, options) => {
	const seen = await run('replicate', options);
	expect(seen.results.at(-1)).toMatchObject({ step: 'buy', outcome: 'skipped' });
	expect(server.ledger().purchases).toEqual([]);
});

it('sends the request that buys once, also after an answer that it may be sent again', async () => {
	server.fault({ kind: '429', route: 'create', nth: 2, retryAfter: 1 });
	const seen = await run('replicate', { confirm: buy });
	expect(server.ledger().counts.replicate.create).toBe(2);
	expect(seen.bought).toMatchObject({ generationId: null, outcome: { kind: 'failure' } });
});

interface Opposite {
	settings?: SettingsChange;
	faults?: FaultRule;
	prompt?: string;
	/** The video seems to take an hour. */
	slow?: true;
}

/** By this clock the stand-in's videos end an hour after they began. */
const anHourAtTheEnd = (): number => (server.jobs().some(({ completedAt }) => completedAt !== null) ? 3_600_000 : 0);

const NO_CALLS = { callbacks: { mode: 'drop' } } as const;
const OTHER_STATE: Opposite = { faults: { kind: 'unknown-status', route: 'status', prompt: PROMPT } };
const SLOW: Opposite = { slow: true };

/** For every guess that can be observed, the stand-in set the other way. */
const OPPOSITES: ReadonlyArray<[ProviderId, guess: string, Opposite]> = [
	['pixwith', 'refusals-are-free', { settings: { pixwith: { refusalPrice: 5 } } }],
	['lumaAgents', 'unknown-generation', { faults: { kind: '401', route: 'status', nth: 2 } }],
	['lumaAgents', 'files', { faults: { kind: '404', route: 'catalogue' } }],
	['lumaAgents', 'states', OTHER_STATE],
	['lumaAgents', 'usual-time', SLOW],
	['lumaDreamMachine', 'create-path', { faults: { kind: '404', route: 'create' } }],
	['lumaDreamMachine', 'list-page', { settings: { lumaDreamMachine: { listMaximum: 10 } } }],
	['lumaDreamMachine', 'callbacks', { settings: { lumaDreamMachine: NO_CALLS } }],
	['lumaDreamMachine', 'prices', { settings: { lumaDreamMachine: { price: 71 } } }],
	['pixazo', 'unknown-generation', { faults: { kind: '401', route: 'status', nth: 2 } }],
	['pixazo', 'gateway-bodies', { faults: { kind: 'html', route: 'status', nth: 3 } }],
	['pixazo', 'ray-3.2-path', { faults: { kind: '404', route: 'create', nth: 2 } }],
	['pixazo', 'usual-time', SLOW],
	['pixwith', 'refusals', { faults: { kind: 'html', route: 'create' } }],
	['pixwith', 'model-id', { prompt: '[refused: Invalid model_id]' }],
	['crazyrouter', 'host', { faults: { kind: '404', route: 'account' } }],
	['crazyrouter', 'duration', { prompt: '[refused: duration must be 5s]' }],
	['crazyrouter', 'notify-hook', { settings: { crazyrouter: NO_CALLS } }],
	['crazyrouter', 'states', OTHER_STATE],
	['fal', 'unknown-request', { faults: { kind: '401', route: 'status', nth: 2 } }],
	['fal', 'states', OTHER_STATE],
	['fal', 'plain-http-callbacks', { settings: { fal: NO_CALLS } }],
	['fal', 'usual-time', SLOW],
	['replicate', 'fields', { prompt: '[refused: input.duration must be a string]' }],
	['replicate', 'echoed-input', { settings: { replicate: { addsSeed: true } } }],
	['replicate', 'files-without-key', { faults: { kind: '401', route: 'media' } }],
	['replicate', 'states', OTHER_STATE],
	['replicate', 'usual-time', SLOW],
];

it.each(OPPOSITES)('sees that %s: %s is wrong, and says which file to change', async (id, guess, { settings = {}, faults, prompt = PROMPT, slow }) => {
	server.configure(settings);
	if (faults) server.fault({ provider: id, ...faults });
	const seen = await run(id, { confirm: buy, prompt, ...(slow ? { clock: { ...systemClock, wall: anHourAtTheEnd } } : {}) });
	expect(verdicts(seen)[guess]).toBe('refuted');
	const wrong = judge(seen).find((each) => each.guess.id === guess);
	expect(report(seen).split('\n').filter((line) => line.startsWith('| **refuted** |') && line.includes(`\`${guess}\``))).toEqual([
		expect.stringContaining(`Change \`${String(wrong?.guess.file)}\``),
	]);
});

it('has an opposite for every guess that can be observed', () => {
	const observable = [...generalProbes.map(({ guess }) => ['pixwith', guess]), ...providerIds.flatMap((id) => probes[id].map(({ guess }) => [id, guess]))];
	expect(OPPOSITES.map(([id, guess]) => `${id} ${guess}`).sort()).toEqual(observable.map((each) => each.join(' ')).sort());
});

describe('the command', () => {
	/** Runs it as a person does, and does something when it says a certain thing. */
	async function command(args: string[], then: { when: RegExp; type?: string; signal?: NodeJS.Signals }[]): Promise<{ code: number | null; said: string }> {
		const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/check/live.ts', '--provider', 'lumaAgents', '--base-url', server.baseUrls.lumaAgents, '--report', join(folder, 'report.md'), ...args], {
			env: { ...process.env, [samples.lumaAgents.keyVariable]: server.keys.lumaAgents },
		});
		let said = '';
		const left = [...then];
		const hear = (piece: Buffer): void => {
			said += piece.toString();
			const [next] = left;
			if (!next?.when.test(said)) return;
			left.shift();
			if (next.type !== undefined) child.stdin.end(next.type);
			if (next.signal) child.kill(next.signal);
		};
		child.stdout.on('data', hear);
		child.stderr.on('data', hear);
		const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
		return { code, said };
	}

	it('buys nothing when what is typed is not the price', async () => {
		const { code, said } = await command(['--buy'], [{ when: /Type "0\.06 USD" to buy it/, type: 'y\n' }]);
		expect(said).toContain('not confirmed: nothing was bought');
		expect(code).toBe(0);
		expect(server.ledger().purchases).toEqual([]);
	});

	it('names the generation that it bought when Ctrl+C ends it, also in the report', async () => {
		server.configure({ lumaAgents: { jobMs: 600_000 } });
		const { code, said } = await command(['--buy'], [
			{ when: /to buy it/, type: '0.06 USD\n' },
			{ when: /was bought\. Waiting/, signal: 'SIGINT' },
		]);
		const [purchase] = server.ledger().purchases;
		expect(said).toMatch(new RegExp(`Stopped\\. Generation ${String(purchase?.id)} was bought and is not deleted\\. To get it later, use .+ with the ID ${String(purchase?.id)}\\.`));
		expect(code).toBe(130);
		expect(readFileSync(join(folder, 'report.md'), 'utf8')).toContain(`generation ${String(purchase?.id)} still runs`);
	});
});
