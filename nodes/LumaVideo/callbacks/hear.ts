/**
 * First step: a call arrives. The Luma Video node announces what it bought, or a provider, or somebody in its name, says
 * that a generation has ended. The call is recognized, noted and answered without a request to anyone, so a flood of
 * calls costs next to nothing.
 *
 * If the trigger runs in the same process, the call itself starts no execution: n8n would answer only when there is room
 * for the execution, and would not store what is noted here.
 */
import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { isForged } from '../generation/signature';
import { isObject, jsonOf } from '../providers/answers';
import type { JsonValue, Provider } from '../providers/provider';
import type { AnnouncedGeneration, Announcement, Reference, SignedAnnouncement } from '../transport/announce';
import { announcementIn, isGenuine, referenceOf } from '../transport/announce';
import { incomingCall } from '../transport/incomingCall';
import { createProviderClient } from '../transport/providerClient';
import { handOver } from './emit';
import { REFUSALS } from './messages';
import type { TriggerEvent, TriggerMemory } from './trigger';
import { REQUEST_TIMEOUT_MS, emissionKey, eventOf, isId, learn, memoryOf, providerOf, store } from './trigger';

/** The shortest time between reads of the credential because of wrong signatures, in milliseconds. */
const SIGNER_MS = 1000;
/** If the trigger runs in another process: how long to deduplicate calls that start executions. */
const RECENT_MS = 60_000;
const MAX_RECENT = 200;

/** The part of Express that is needed here. */
interface HttpResponse {
	status(code: number): { json(body: unknown): unknown };
}

/** Answers a call. Never throws, whatever a stranger sends. */
export async function hear(context: IWebhookFunctions, now: number): Promise<IWebhookResponseData> {
	const provider = providerOf(context.getNode());
	const body = context.getBodyData() as JsonValue;
	const signed = announcementIn(body);
	return signed ? await hearAnnouncement(context, provider, signed, now) : await hearCallback(context, provider, now);
}

async function hearAnnouncement(context: IWebhookFunctions, provider: Provider, signed: SignedAnnouncement, now: number): Promise<IWebhookResponseData> {
	const memory = memoryOf(context);
	const announcement = announcementOf(signed.text);
	if (announcement?.provider !== provider.id) return refuse(context, 400, REFUSALS.otherProvider);
	if (!(await isSignedRight(context, provider, memory, signed, now))) return refuse(context, 403, REFUSALS.otherKey);
	const { generations, reference } = announcement;
	if (generations.length === 0) return refuse(context, 400, REFUSALS.empty);
	if (context.getMode() === 'manual') return startNoted(context, generations, reference);
	// One execution for each, suspended until that generation has ended. The node announces the rest again.
	if (memory.list.follow === null) return startNoted(context, generations.slice(0, 1), reference);
	learn(context, memory, now);
	const noted = generations.filter((each) => memory.list.announce(each, reference, now));
	store(context, memory.list);
	return { webhookResponse: answerTo(noted) };
}

async function hearCallback(context: IWebhookFunctions, provider: Provider, now: number): Promise<IWebhookResponseData> {
	const call = incomingCall(context);
	const hint = provider.callbacks?.read(call) ?? null;
	if (!hint || !isId(hint.generationId)) return answer('ignored');
	const { generationId } = hint;
	const event = eventOf(hint.status);
	const isWanted = (context.getNodeParameter('events', []) as TriggerEvent[]).includes(event);
	const reference = referenceOf(Object.entries(context.getQueryData() as Record<string, unknown>));
	if (context.getMode() === 'manual') {
		// A test listens for one wanted call, and reads that generation whatever was seen before. It ignores other calls.
		return isWanted ? start([handOver(generationId, { reference })]) : answer('ignored');
	}
	const memory = memoryOf(context);
	learn(context, memory, now);
	const key = emissionKey(provider.id, hint);
	if (memory.list.isEmitted(key)) return answer('ignored');
	if (await isForged(context, provider, call, now)) return answer('ignored');
	if (memory.list.follow === null) {
		if (!isWanted) return answer('ignored');
		const recency = noteRecent(memory, key, now);
		if (recency === 'full') return refuse(context, 429, REFUSALS.busy);
		return recency === 'new' ? start([handOver(generationId, { reference })]) : answer('ignored');
	}
	// Unwanted progress says nothing new about a known generation; for any other, it says that the generation exists.
	if (!isWanted && (event !== 'progress' || memory.list.isKnown(generationId))) return answer('ignored');
	const admission = memory.list.call(generationId, event !== 'progress', reference, now);
	if (admission === 'refused') return refuse(context, 429, REFUSALS.busy);
	if (admission === 'new' && memory.list.isCalm) store(context, memory.list);
	return answer('noted');
}

/** What the node announced; `null` when it is malformed. */
function announcementOf(text: string): Announcement | null {
	const json = jsonOf({ text });
	if (!isObject(json) || typeof json.provider !== 'string' || !Array.isArray(json.generations)) return null;
	const generations = json.generations.filter((each) => isObject(each) && isId(each.id)) as unknown as AnnouncedGeneration[];
	return { provider: json.provider, generations, reference: isObject(json.reference) ? (json.reference as Reference) : null };
}

/** Whether an announcement was signed with this credential's current key. */
async function isSignedRight(
	context: IWebhookFunctions,
	provider: Provider,
	memory: TriggerMemory,
	signed: SignedAnnouncement,
	now: number,
): Promise<boolean> {
	const webhookId = context.getNode().webhookId ?? '';
	if (memory.signer && isGenuine(memory.signer, webhookId, signed)) return true;
	if (memory.signer && now - memory.signer.readAt < SIGNER_MS) return false;
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	memory.signer = { sign: (text) => client.sign(text), readAt: now };
	return isGenuine(memory.signer, webhookId, signed);
}

function noteRecent({ recent }: TriggerMemory, key: string, now: number): 'full' | 'new' | 'repeat' {
	if (Math.abs(now - recent.since) > RECENT_MS) Object.assign(recent, { since: now, keys: new Set() });
	if (recent.keys.has(key)) return 'repeat';
	if (recent.keys.size >= MAX_RECENT) return 'full';
	recent.keys.add(key);
	return 'new';
}

function answer(status: 'ignored' | 'noted'): IWebhookResponseData {
	return { webhookResponse: { status } };
}

function answerTo(noted: readonly AnnouncedGeneration[]): { noted: string[] } {
	return { noted: noted.map(({ id }) => id) };
}

function start(items: INodeExecutionData[]): IWebhookResponseData {
	return { workflowData: [items] };
}

/** Starts an execution and answers itself, since n8n would send an empty answer. */
function startNoted(context: IWebhookFunctions, noted: readonly AnnouncedGeneration[], reference: Reference | null): IWebhookResponseData {
	respond(context, 200, answerTo(noted));
	return { ...start(noted.map((each) => handOver(each.id, { reference, ...each, isAnnounced: true }))), noWebhookResponse: true };
}

function refuse(context: IWebhookFunctions, code: number, reason: string): IWebhookResponseData {
	respond(context, code, { status: 'refused', reason });
	return { noWebhookResponse: true };
}

function respond(context: IWebhookFunctions, code: number, body: object): void {
	(context.getResponseObject() as unknown as HttpResponse).status(code).json(body);
}
