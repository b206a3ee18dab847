/**
 * Announcements: a Luma Video node tells a Luma Video Trigger which generations it bought for it. The trigger then
 * watches them, whether their provider calls back or not. Both nodes have the same API key, and the announcement is
 * signed with it, so that a stranger who knows the trigger's URL cannot make one.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IExecuteFunctions, IHookFunctions } from 'n8n-workflow';
import { isObject, jsonOf } from '../providers/answers';
import type { JsonValue } from '../providers/provider';
import { parseHttpUrl } from './address';
import type { ProviderClient } from './providerClient';

/** Last part of a trigger's URL; the part before it is the webhook's ID. */
export const TRIGGER_PATH = 'luma-video';

/** What a user wrote into the query of the trigger's URL, such as `?sku=MUG`: it comes back with the video. */
export type Reference = Readonly<Record<string, string>>;

export interface AnnouncedGeneration {
	id: string;
	/** Milliseconds since 1970, by n8n's clock. */
	submittedAt: number;
	/** What decides how long it takes; see `Experience`. */
	kind: string;
	/** How long it is expected to take without any experience, in milliseconds. */
	expectedMs: number;
}

export interface Announcement {
	provider: string;
	reference: Reference | null;
	generations: AnnouncedGeneration[];
}

/** Exactly what is signed, as JSON, and its signature. */
export interface SignedAnnouncement {
	text: string;
	signature: string;
}

/** What came of telling a trigger: the ids that it took note of, and why not all of them. */
export interface Told {
	noted: string[];
	trouble: string | null;
}

/** n8n gives up a request of its own after this time, in milliseconds. */
const TIMEOUT_MS = 5000;
/** A longer query in the URL is not carried, in characters. */
const MAX_REFERENCE = 2000;

/** The webhook's ID in a trigger's URL, production or test; `null` when it is no such URL. */
export function webhookIdOf(address: string): string | null {
	const parts = parseHttpUrl(address)?.pathname.split('/') ?? [];
	return parts.at(-1) === TRIGGER_PATH ? (parts.at(-2) ?? null) : null;
}

/** The query of a URL, or the parsed query of a call; `null` when there is none. */
export function referenceOf(query: Iterable<readonly [string, unknown]>): Reference | null {
	const entries = [...query].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
	return entries.length === 0 || JSON.stringify(entries).length > MAX_REFERENCE ? null : Object.fromEntries(entries);
}

/** The same text cannot be used at another trigger, or for anything else that the key might sign. */
function signedText(webhookId: string, text: string): string {
	return `luma-video announcement\n${webhookId}\n${text}`;
}

/** Whether whoever made the announcement has the key. */
export function isGenuine({ sign }: Pick<ProviderClient, 'sign'>, webhookId: string, { text, signature }: SignedAnnouncement): boolean {
	const [expected, given] = [Buffer.from(sign(signedText(webhookId, text))), Buffer.from(signature)];
	return expected.length === given.length && timingSafeEqual(expected, given);
}

/** The announcement in the body of a call, not checked yet; `null` when the body is none. */
export function announcementIn(body: JsonValue): SignedAnnouncement | null {
	const signed = isObject(body) ? body.lumaVideo : undefined;
	if (!isObject(signed)) return null;
	const { announcement, signature } = signed;
	return typeof announcement === 'string' && typeof signature === 'string' ? { text: announcement, signature } : null;
}

/** Tells a trigger once. Never throws for what a network or an n8n can answer. */
export async function announce(
	context: IExecuteFunctions | IHookFunctions,
	client: Pick<ProviderClient, 'sign'>,
	address: string,
	announcement: Announcement,
): Promise<Told> {
	const text = JSON.stringify(announcement);
	const signature = client.sign(signedText(webhookIdOf(address) ?? '', text));
	try {
		const response = (await context.helpers.httpRequest({
			method: 'POST',
			url: address,
			body: { lumaVideo: { announcement: text, signature } },
			timeout: TIMEOUT_MS,
			encoding: 'text',
			returnFullResponse: true,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
		})) as { statusCode: number; body: string };
		const answer = jsonOf({ statusCode: response.statusCode, headers: {}, text: response.body });
		const { noted, reason } = isObject(answer) ? answer : {};
		if (Array.isArray(noted)) return { noted: noted.filter((id) => typeof id === 'string'), trouble: null };
		return { noted: [], trouble: typeof reason === 'string' ? reason : `It answered ${response.statusCode}` };
	} catch {
		return { noted: [], trouble: 'It did not answer' };
	}
}
