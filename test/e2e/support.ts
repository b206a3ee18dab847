/** What all end-to-end tests need: the stand-in server, its credentials in n8n, and the Luma Video node. */
import type { ProviderName, ProviderServer } from '../provider-server';
import { generateParameters, PROVIDERS, samples } from '../samples';
import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import type { N8nClient } from './harness';
import { items, node } from './harness';

export const LUMA_VIDEO = 'n8n-nodes-luma-video.lumaVideo';
export const LUMA_VIDEO_TRIGGER = 'n8n-nodes-luma-video.lumaVideoTrigger';

export type CredentialRefs = Record<ProviderName, NonNullable<INode['credentials']>>;

/** The fields of a credential for the stand-in, as a user fills them in. */
export function credentialFields(provider: ProviderName, server: ProviderServer, apiKey: string): Record<string, string> {
	return samples[provider].credentialFields(apiKey, server.baseUrls[provider]);
}

/**
 * Stores a credential per provider in n8n; returns what goes into a node's `credentials`.
 *
 * @param keys default: those that the stand-in accepts
 * @param prefix of the credentials' names
 */
export async function createCredentials(
	client: N8nClient,
	server: ProviderServer,
	keys: Readonly<Record<ProviderName, string>> = server.keys,
	prefix = 'Tests: ',
): Promise<CredentialRefs> {
	const entries = await Promise.all(
		PROVIDERS.map(async (provider) => {
			const type = samples[provider].credential.name;
			const fields = credentialFields(provider, server, keys[provider]);
			const { id, name } = await client.createCredential(type, fields, `${prefix}${provider}`);
			return [provider, { [type]: { id, name } }] as const;
		}),
	);
	return Object.fromEntries(entries) as CredentialRefs;
}

/**
 * Parameters of a video that is expected to take more than half a minute, whatever n8n saw before: it goes by how long
 * the latest of a kind took, within a sixth of the usual time, and suspends for half a minute at least.
 */
export function longVideo(provider: ProviderName): INode['parameters'] {
	return samples[provider].longVideos[0];
}

/** A Luma Video node. */
export function lumaVideo(
	name: string,
	provider: ProviderName,
	credentials: CredentialRefs,
	parameters: INode['parameters'],
	extras: Partial<INode> = {},
): INode {
	return node(name, LUMA_VIDEO, { provider, ...parameters }, { credentials: credentials[provider], ...extras });
}

/** A node named `Items` with one item per text, under `text`. */
export function prompts(...texts: readonly string[]): INode {
	return items(texts.map((text) => ({ text })));
}

/** A Luma Video node that makes a video from the text of each item. */
export function generate(
	provider: ProviderName,
	credentials: CredentialRefs,
	more: INode['parameters'] = {},
	extras: Partial<INode> = {},
	name = 'Luma Video',
): INode {
	return lumaVideo(name, provider, credentials, { ...generateParameters(provider), ...more }, extras);
}

/** A Luma Video node that waits for the generation that each item names. */
export function waitFor(
	provider: ProviderName,
	credentials: CredentialRefs,
	more: INode['parameters'] = {},
	name = 'Wait for It',
): INode {
	return lumaVideo(name, provider, credentials, {
		resource: 'generation',
		operation: 'wait',
		generationId: '={{ $json.generationId }}',
		...more,
	});
}

/** The JSON of items. */
export function jsonOf(output: readonly INodeExecutionData[]): IDataObject[] {
	return output.map(({ json }) => json);
}

/** Those of the keys that are somewhere in the value. There should be none. */
export function keysIn(value: unknown, keys: Readonly<Record<ProviderName, string>>): string[] {
	const text = JSON.stringify(value);
	return Object.values(keys).filter((key) => text.includes(key));
}
