/**
 * Asks one service all that is free and then, if it is told to, buys one video: with the node's own provider, transport
 * and run. What was seen is returned; nothing is judged here.
 */
import type { IBinaryData, ICredentialType, INodeParameters } from 'n8n-workflow';
import { filledIn } from '../../../test/unit/credentials/resolve';
import type { Answered } from '../../../nodes/LumaVideo/generation/ask';
import { ask, askForGeneration } from '../../../nodes/LumaVideo/generation/ask';
import type { Clock } from '../../../nodes/LumaVideo/generation/clock';
import { fetchLater } from '../../../nodes/LumaVideo/generation/failure';
import { Ledger, fingerprint } from '../../../nodes/LumaVideo/generation/ledger';
import { runJobs } from '../../../nodes/LumaVideo/generation/run';
import { Twins } from '../../../nodes/LumaVideo/generation/twins';
import { store } from '../../../nodes/LumaVideo/operations/fileStore';
import { sendImage } from '../../../nodes/LumaVideo/operations/inputImages';
import type { Generation, LocalFile, Provider, VideoRequest } from '../../../nodes/LumaVideo/providers/provider';
import { mayHaveBeenAccepted } from '../../../nodes/LumaVideo/providers/provider';
import { downloadMedia } from '../../../nodes/LumaVideo/transport/media';
import type { ProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import { createProviderClient } from '../../../nodes/LumaVideo/transport/providerClient';
import type { Plan } from './cheapest';
import { cheapest } from './cheapest';
import type { LiveContext } from './context';
import { liveContext } from './context';
import { testCredential } from './credentialTest';
import type { Listener } from './listener';
import type { Bought, HeardCall, Observations, StepName, StepResult } from './observations';
import { STEPS } from './observations';
import { refusedRequests } from './refusals';

const REQUEST_TIMEOUT_MS = 60_000;
/** Luma lets a job run for an hour. */
const VIDEO_TIMEOUT_MS = 3_600_000;
const CALLBACK_WITHIN_MS = 60_000;
const MAX_VIDEO_BYTES = 1_000_000_000;

/** One grey pixel. */
const IMAGE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==', 'base64');

export interface LiveOptions {
	provider: Provider;
	credentialType: ICredentialType;
	/** What a user would enter. */
	fields: INodeParameters;
	/** The same with a made-up key. */
	wrongFields: INodeParameters;
	/** An ID that nobody has. */
	unknownId: string;
	prompt: string;
	/** Asks a person for the money; absent if nothing is to be bought. */
	confirm?: (plan: Plan) => Promise<boolean>;
	callbackUrl: string | null;
	/** Where the callback arrives, if that is on this machine. */
	listener: Listener | null;
	/** Where the video goes. */
	folder: string;
	clock: Clock;
	signal: AbortSignal;
	/** Called with what happens, line by line. */
	say(line: string): void;
	/** Called as soon as something may have been bought: with `null` until the ID is known. */
	onBought(generationId: string | null): void;
}

type Said = Omit<StepResult, 'step'>;
const ok = (said: string): Said => ({ outcome: 'ok', said });
const trouble = (said: string): Said => ({ outcome: 'trouble', said });
const skipped = (said: string): Said => ({ outcome: 'skipped', said });

/** @throws NodeOperationError when the key or the base URL cannot be used at all */
export async function checkLive(options: LiveOptions): Promise<Observations> {
	const { provider, credentialType, folder, signal } = options;
	const credential = filledIn(credentialType, options.fields);
	const live = liveContext(credentialType, credential, folder, signal);
	const client = await createProviderClient(live.context, provider, REQUEST_TIMEOUT_MS);
	const check = new LiveCheck(options, live, client, String(credential.baseUrl).replace(/\/+$/, ''));
	await check.free();
	await check.paid();
	return check.seen;
}

class LiveCheck {
	readonly seen: Observations;
	/** A request that must be refused was accepted. */
	private isCharged = false;

	constructor(
		private readonly options: LiveOptions,
		private readonly live: LiveContext,
		private readonly client: ProviderClient,
		baseUrl: string,
	) {
		const { provider, callbackUrl, listener } = options;
		this.seen = { provider, baseUrl, callbackUrl, results: [], traffic: live.traffic, balances: {}, bought: null, calls: listener ? [] : null };
	}

	async free(): Promise<void> {
		const { provider, credentialType, fields, wrongFields } = this.options;
		await this.step('credential', async () => {
			const refusal = await testCredential(this.live.context, credentialType, filledIn(credentialType, fields));
			return refusal === null ? ok('passed') : trouble(`failed: ${refusal}`);
		});
		await this.step('unknown', async () => this.unknown(this.client));
		await this.step('wrongKey', async () => {
			const stranger = this.live.withKey(filledIn(credentialType, wrongFields));
			return this.unknown(await createProviderClient(stranger, provider, REQUEST_TIMEOUT_MS));
		});
		await this.step('list', async () => await this.list());
		await this.step('balance', async () => await this.balance('balance'));
		await this.step('refused', async () => await this.refused());
		await this.step('upload', async () => await this.upload());
		await this.step('balanceAfterFree', async () => await this.balance('balanceAfterFree'));
	}

	async paid(): Promise<void> {
		const { confirm, prompt, provider } = this.options;
		if (!confirm || this.options.signal.aborted) return;
		const plan = cheapest(provider, prompt);
		await this.step('buy', async () => {
			if (this.isCharged) return skipped('not asked for, since the request that must be refused was accepted');
			return (await confirm(plan)) ? await this.buy(plan) : skipped('not confirmed: nothing was bought');
		});
		if (this.seen.bought?.generation?.status !== 'completed') return;
		await this.step('callback', async () => await this.callback());
		await this.step('download', async () => await this.download());
		await this.step('listAfter', async () => await this.list());
		await this.step('balanceAfter', async () => await this.balance('balanceAfter'));
		await this.step('delete', async () => await this.delete());
	}

	private async step(name: StepName, work: () => Promise<Said>): Promise<void> {
		const { say, signal } = this.options;
		if (signal.aborted) return;
		this.live.begin(name);
		let said: Said;
		try {
			said = await work();
		} catch (error) {
			said = trouble(error instanceof Error ? error.message : String(error));
		}
		this.seen.results.push({ step: name, ...said });
		say(`${STEPS[name]}: ${said.said}`);
	}

	private resultOf(name: StepName): StepResult['outcome'] | undefined {
		return this.seen.results.find(({ step }) => step === name)?.outcome;
	}

	/** "Not found" is what is expected, or a refusal of the key. */
	private async unknown(client: ProviderClient): Promise<Said> {
		const { provider, unknownId } = this.options;
		const answer = await askForGeneration(provider, client, unknownId);
		if (answer.ok) return trouble(`answered as a generation that is ${answer.value.status}`);
		const { problem, message } = answer;
		return problem === null || mayHaveBeenAccepted(problem) ? trouble(message) : ok(message);
	}

	private async list(): Promise<Said> {
		const { provider, client } = { ...this.options, client: this.client };
		const { listing } = provider;
		if (!listing) return skipped('the service has none');
		const answer = await ask(provider, client, listing.call({ limit: 100, cursor: null }), listing.read);
		if (!answer.ok) return trouble(answer.message);
		const { generations } = answer.value;
		const { bought } = this.seen;
		if (!bought) return ok(`${generations.length} generations on the first page`);
		bought.listed = generations.find(({ generationId }) => generationId === bought.generationId) ?? null;
		if (bought.listed) return ok('has the video');
		return listing.endedOnly ? skipped('does not have the video yet') : trouble('does not have the video');
	}

	private async balance(step: StepName): Promise<Said> {
		const { provider } = this.options;
		const { balance } = provider;
		if (!balance) return skipped('the service does not tell it');
		const answer = await ask(provider, this.client, balance.call(), balance.read);
		if (!answer.ok) return trouble(answer.message);
		const { amount, unit } = answer.value;
		this.seen.balances[step] = amount;
		return ok(`${amount} ${unit}`);
	}

	private async refused(): Promise<Said> {
		const { provider, prompt, onBought } = this.options;
		const { request } = cheapest(provider, prompt);
		const call = refusedRequests[provider.id].spoil(provider.create(request));
		const answer = await ask(provider, this.client, call, (received) => provider.readCreated(received, request));
		if (answer.ok) {
			this.isCharged = true;
			onBought(answer.value.generationId);
			return trouble(`was accepted as generation ${answer.value.generationId}; see ${provider.dashboardUrl} whether it costs anything`);
		}
		const { problem, message } = answer;
		if (problem === null) return trouble(message);
		if (!mayHaveBeenAccepted(problem)) return ok(message);
		return trouble(`${message}. See ${provider.dashboardUrl} whether something was bought`);
	}

	private async upload(): Promise<Said> {
		const { provider } = this.options;
		const file: LocalFile = { name: 'check-live.png', mimeType: 'image/png', size: IMAGE.length };
		const session = { context: this.live.context, provider, client: this.client };
		const { fileStore, upload } = provider;
		if (!fileStore && !upload) return skipped('the service takes images inside the request or at a web address');
		const binary: IBinaryData = { data: IMAGE.toString('base64'), mimeType: file.mimeType, fileName: file.name };
		const sent = fileStore
			? await store(session, fileStore, file, async () => await Promise.resolve(IMAGE))
			: await sendImage(session, { itemIndex: 0, binary, file });
		return sent.ok ? ok('taken') : trouble(`${sent.failure.message}. ${sent.failure.advice}`);
	}

	private async buy({ model, request: plain, usd }: Plan): Promise<Said> {
		const { provider, callbackUrl, clock, signal, onBought, say } = this.options;
		const request: VideoRequest = { ...plain, callback: callbackUrl === null ? null : { url: callbackUrl, mode: 'terminal' } };
		const bought: Bought = { request, estimateUsd: usd, outcome: { kind: 'notSubmitted' }, generationId: null, generation: null, seconds: null, listed: null };
		this.seen.bought = bought;
		const startedAt = clock.wall();
		const job = {
			itemIndex: 0,
			timeoutMs: VIDEO_TIMEOUT_MS,
			start: { kind: 'create', request, key: { requestHash: fingerprint([provider.id, request]), parametersHash: null }, model },
		} as const;
		const { outcomes } = await runJobs([job], {
			provider,
			client: buyingOnce(this.client, provider.create(request).path, () => {
				onBought(null);
			}),
			clock,
			ledger: new Ledger({}, 0),
			maxConcurrent: 1,
			until: 'finished',
			canSuspend: false,
			stopAtFirstFailure: true,
			resubmitFailed: false,
			cancelSignal: signal,
			twins: new Twins(),
			onAccepted: (_, generationId) => {
				bought.generationId = generationId;
				onBought(generationId);
				say(`Generation ${generationId} was bought. Waiting for it.`);
			},
		});
		const [outcome = bought.outcome] = outcomes;
		bought.outcome = outcome;
		if (outcome.kind === 'finished' || outcome.kind === 'open') bought.generation = outcome.generation;
		if (outcome.kind === 'finished') bought.seconds = (clock.wall() - startedAt) / 1000;
		return saidOf(bought);
	}

	private async callback(): Promise<Said> {
		const { provider, callbackUrl, listener, clock } = this.options;
		const { callbacks } = provider;
		if (callbackUrl === null) return skipped('no address was given (--callback)');
		if (!callbacks) return skipped('the service does not call');
		if (!listener) return skipped('nobody listens here (--listen); look at the address that was given');
		const id = this.seen.bought?.generationId;
		const until = clock.now() + CALLBACK_WITHIN_MS;
		const isHere = (): boolean => listener.calls.some((call) => callbacks.read(call)?.generationId === id);
		while (!isHere() && clock.now() < until && !this.options.signal.aborted) await clock.wait(until - clock.now(), listener.next());
		const { signature } = callbacks;
		const keys: Answered<readonly string[]> | null = signature ? await ask(provider, this.client, signature.keys.call(), signature.keys.read) : null;
		this.seen.calls = listener.calls.map((call): HeardCall => ({
			call,
			...(callbacks.read(call) ?? { generationId: null, status: null }),
			isGenuine: signature && keys?.ok ? signature.isGenuine(call, keys.value, Date.now()) : null,
		}));
		const own = this.seen.calls.filter(({ generationId }) => generationId === id);
		if (own.length === 0) return trouble(`no call about generation ${String(id)} came within a minute of its end; others: ${this.seen.calls.length}`);
		const forged = own.filter(({ isGenuine }) => isGenuine === false).length;
		return forged > 0 ? trouble(`${own.length} came, of which ${forged} do not have the right signature`) : ok(`${own.length} came, the last one says: ${String(own.at(-1)?.status)}`);
	}

	private async download(): Promise<Said> {
		const { provider } = this.options;
		const { generationId, generation } = this.seen.bought ?? {};
		const url = generation?.videoUrl ?? null;
		if (url === null) return trouble('the generation has no address of a video');
		const fileName = `check-live-${provider.id}-${String(generationId)}`.slice(0, 100);
		const { isLocal } = this.client;
		const file = await downloadMedia(this.live.context, url, { kind: 'video', fileName, maxBytes: MAX_VIDEO_BYTES, timeoutMs: REQUEST_TIMEOUT_MS, allowLocal: isLocal });
		if (file.ok) return ok(`${file.binary.bytes ?? 0} bytes of ${file.binary.mimeType}, in ${String(file.binary.fileName)}`);
		return trouble(`${file.message}. ${file.advice} ${fetchLater(String(generationId))}`);
	}

	/** Only what was downloaded is deleted. */
	private async delete(): Promise<Said> {
		const { provider } = this.options;
		const { deletion } = provider;
		const id = this.seen.bought?.generationId ?? null;
		if (!deletion) return skipped('the service cannot delete');
		if (id === null || this.resultOf('download') !== 'ok') return skipped('the video was not downloaded');
		const deleted = await ask(provider, this.client, deletion.call(id), deletion.read);
		if (!deleted.ok) return trouble(deleted.message);
		const after = await askForGeneration(provider, this.client, id);
		return after.ok ? trouble('done, but the generation can still be read') : ok('done');
	}
}

/** Whatever happens, one request that buys goes out and no second one. */
function buyingOnce(client: ProviderClient, path: string, onSent: () => void): ProviderClient {
	let isSent = false;
	return {
		...client,
		async send(call, options) {
			if (call.method !== 'POST' || call.path !== path) return await client.send(call, options);
			if (isSent) return { kind: 'fault', fault: { outcome: 'notSent', text: 'this command sends one request only' } };
			isSent = true;
			onSent();
			return await client.send(call, options);
		},
	};
}

function saidOf({ outcome, generationId, seconds }: Bought): Said {
	switch (outcome.kind) {
		case 'finished':
			return describeEnd(outcome.generation, seconds);
		case 'failure':
			return trouble(`${outcome.failure.message}. ${outcome.failure.advice}`);
		case 'open':
			return trouble(`generation ${String(generationId)} still runs (${outcome.reason}${outcome.trouble === undefined ? '' : `: ${outcome.trouble}`})`);
		case 'notSubmitted':
			return trouble('nothing was sent');
	}
}

function describeEnd({ generationId, status, failureReason }: Generation, seconds: number | null): Said {
	const text = `generation ${generationId} ${status} after ${Math.round(seconds ?? 0)} seconds`;
	return status === 'completed' ? ok(text) : trouble(`${text}: ${failureReason ?? 'no reason given'}`);
}
