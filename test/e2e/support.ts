/** What all end-to-end tests need: the stand-in server, its credentials in n8n, and the Luma Video node. */
import type { ProviderName, ProviderServer } from '../provider-server';
import type { INode } from 'n8n-workflow';
import type { N8nClient } from './harness';
import { node } from './harness';

export const LUMA_VIDEO = 'n8n-nodes-luma-video.lumaVideo';
export const LUMA_VIDEO_TRIGGER = 'n8n-nodes-luma-video.lumaVideoTrigger';

export type CredentialRefs = Record<ProviderName, NonNullable<INode['credentials']>>;

/** Stores a working credential per provider in n8n; returns what goes into a node's `credentials`. */
export async function createCredentials(client: N8nClient, server: ProviderServer): Promise<CredentialRefs> {
	const names = Object.keys(server.baseUrls) as ProviderName[];
	const entries = await Promise.all(
		names.map(async (provider) => {
			const type = `${provider}Api`;
			const { id, name } = await client.createCredential(type, {
				apiKey: server.keys[provider],
				baseUrl: server.baseUrls[provider],
			});
			return [provider, { [type]: { id, name } }] as const;
		}),
	);
	return Object.fromEntries(entries) as CredentialRefs;
}

/** Parameters with which every provider makes a video from `prompt`. */
export function generateParameters(provider: ProviderName, prompt: string): INode['parameters'] {
	const model: Record<ProviderName, string> = {
		lumaDreamMachine: 'ray-2',
		pixazo: 'ray-2-flash',
		pixwith: 'ray-2',
		crazyrouter: 'ray-v2',
	};
	return {
		provider,
		resource: 'video',
		operation: 'generate',
		model: model[provider],
		prompt,
		...(provider === 'pixazo' ? { startImage: 'https://example.com/start.png' } : {}),
	};
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
