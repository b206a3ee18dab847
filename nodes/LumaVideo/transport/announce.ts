/**
 * Announcements: a Luma Video node tells a Luma Video Trigger which generations it bought for it. The trigger then
 * polls them, whether or not their provider calls back. Both nodes have the same API key, and the announcement is
 * signed with it, so that a stranger who knows the trigger's URL cannot forge one.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IExecuteFunctions, IHookFunctions } from 'n8n-workflow';
import { isObject, jsonOf } from '../providers/answers';
import type { JsonValue } from '../providers/provider';
import { parseHttpUrl } from './address';
import type { ExchangeOptions } from './exchange';
import { exchange } from './exchange';
import { TRIGGER_ANSWERED, TRIGGER_SILENT } from './messages';
import type { ProviderClient } from './providerClient';

/** Last segment of a trigger's URL; the one before it is the webhook's ID. */
export const TRIGGER_PATH = 'luma-video';

/** The query a user added to the trigger's URL, such as `?sku=MUG`: it comes back with the video. */
export type Reference = Readonly<Record<string, string>>;

export interface AnnouncedGeneration {
	id: string;
	/** Milliseconds since 1970, by n8n's clock. */
	submittedAt: number;
	/** What determines how long it takes; see `Experience`. */
	kind: string;
	/** How long it is expected to take before anything has been learned, in milliseconds. */
	expectedMs: number;
}

export interface Announcement {
	provider: string;
	reference: Reference | null;
	generations: AnnouncedGeneration[];
}

/** The exact JSON text that is signed, and its signature. */
export interface SignedAnnouncement {
	text: string;
	signature: string;
}

/** The result of an announcement: the ids that the trigger noted, and why not all of them. */
export interface Told {
	noted: string[];
	trouble: string | null;
}

/** Timeout of the request to the trigger, in milliseconds. */
const TIMEOUT_MS = 5000;
/** A longer query is dropped, in characters. */
const MAX_REFERENCE = 2000;

/** The webhook's ID in a trigger's URL, production or test; `null` for any other URL. */
export function webhookIdOf(address: string): string | null {
	const parts = parseHttpUrl(address)?.pathname.split('/') ?? [];
	return parts.at(-1) === TRIGGER_PATH ? (parts.at(-2) ?? null) : null;
}

/** The query of a URL, or the parsed query of a call; `null` when there is none. */
export function referenceOf(query: Iterable<readonly [string, unknown]>): Reference | null {
	const entries = [...query].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
	return entries.length === 0 || JSON.stringify(entries).length > MAX_REFERENCE ? null : Object.fromEntries(entries);
}

/** Bound to one trigger and one purpose, so that the signature cannot be reused elsewhere. */
function signedText(webhookId: string, text: string): string {
	return `luma-video announcement\n${webhookId}\n${text}`;
}

/** Whether the announcement was signed with this key. */
export function isGenuine({ sign }: Pick<ProviderClient, 'sign'>, webhookId: string, { text, signature }: SignedAnnouncement): boolean {
	const [expected, given] = [Buffer.from(sign(signedText(webhookId, text))), Buffer.from(signature)];
	return expected.length === given.length && timingSafeEqual(expected, given);
}

/** The unverified announcement in the body of a call; `null` when there is none. */
export function announcementIn(body: JsonValue): SignedAnnouncement | null {
	const signed = isObject(body) ? body.lumaVideo : undefined;
	if (!isObject(signed)) return null;
	const { announcement, signature } = signed;
	return typeof announcement === 'string' && typeof signature === 'string' ? { text: announcement, signature } : null;
}

/** Sends an announcement once. Never throws for anything that the network or n8n can do. */
export async function announce(
	context: IExecuteFunctions | IHookFunctions,
	client: Pick<ProviderClient, 'sign'>,
	address: string,
	announcement: Announcement,
): Promise<Told> {
	const text = JSON.stringify(announcement);
	const signature = client.sign(signedText(webhookIdOf(address) ?? '', text));
	const call = { method: 'POST' as const, url: address, body: { lumaVideo: { announcement: text, signature } } };
	const request = async (options: ExchangeOptions): Promise<unknown> => await context.helpers.httpRequest({ ...call, ...options });
	const exchanged = await exchange(request, { timeoutMs: TIMEOUT_MS, cancelSignal: undefined, secret: '' });
	if (exchanged.kind === 'fault') return { noted: [], trouble: TRIGGER_SILENT };
	const answer = jsonOf(exchanged.answer);
	const { noted, reason } = isObject(answer) ? answer : {};
	if (Array.isArray(noted)) return { noted: noted.filter((id) => typeof id === 'string'), trouble: null };
	return { noted: [], trouble: typeof reason === 'string' ? reason : `${TRIGGER_ANSWERED} ${exchanged.answer.statusCode}` };
}
