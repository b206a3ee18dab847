/** What the editor loads while a workflow is being built: drop-downs and lists. */
import type { ILoadOptionsFunctions, INodeListSearchResult, INodePropertyOptions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { ask } from '../generation/ask';
import { readCatalog } from '../generation/catalog';
import { nodeError } from '../generation/failure';
import { utcTime } from '../generation/lost';
import { findProvider } from '../providers';
import type { CatalogName, Generation, Provider } from '../providers/provider';
import { createProviderClient } from '../transport/providerClient';
import { unknownProvider } from './messages';

/** The editor waits for these, and the documented list is better than a long pause. */
const TIMEOUT_MS = 10_000;
const PAGE = 100;

function chosenProvider(context: ILoadOptionsFunctions): Provider {
	const value = context.getCurrentNodeParameter('provider');
	const provider = typeof value === 'string' ? findProvider(value) : undefined;
	if (provider) return provider;
	throw nodeError(context.getNode(), unknownProvider(), null);
}

function titled(value: string): string {
	const words = value.split(/[_\s]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
	return words.join(' ').replace(/\bPov\b/, 'POV');
}

async function catalogOptions(context: ILoadOptionsFunctions, name: CatalogName): Promise<INodePropertyOptions[]> {
	const provider = chosenProvider(context);
	const catalog = provider.catalogs?.[name];
	if (!catalog) return [];
	const result = await readCatalog(provider, await createProviderClient(context, provider, TIMEOUT_MS), catalog);
	const values = result.ok ? result.values : [...catalog.known];
	return values
		.map((value) => ({ name: titled(value), value }))
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One line that identifies a generation in the list: `2026-11-20 14:46, completed: A red kite`, in the given time zone. */
export function label({ prompt, status, createdAt, generationId }: Generation, timeZone: string): string {
	const text = prompt === null || prompt.trim() === '' ? generationId : prompt.replace(/\s+/g, ' ').trim();
	const short = text.length > 60 ? `${text.slice(0, 59)}…` : text;
	const time = utcTime(createdAt);
	// Sweden writes dates as in ISO 8601.
	const when = Number.isNaN(time) ? '' : `${new Date(time).toLocaleString('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' })}, `;
	return `${when}${status}: ${short}`;
}

export const methods = {
	listSearch: {
		/** The account's generations, newest first; the filter searches prompts and IDs. */
		async searchGenerations(
			this: ILoadOptionsFunctions,
			filter?: string,
			paginationToken?: string,
		): Promise<INodeListSearchResult> {
			const provider = chosenProvider(this);
			const { listing } = provider;
			if (!listing) return { results: [] };
			const client = await createProviderClient(this, provider, TIMEOUT_MS);
			const answer = await ask(provider, client, listing.call({ limit: PAGE, cursor: paginationToken ?? null }), listing.read);
			if (!answer.ok) throw new NodeOperationError(this.getNode(), answer.message, { description: answer.advice });
			const { generations, next } = answer.value;
			const wanted = filter?.trim().toLowerCase() ?? '';
			const results = generations
				.map((generation) => ({ name: label(generation, this.getTimezone()), value: generation.generationId }))
				.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(wanted));
			return { results, ...(next === null ? {} : { paginationToken: next }) };
		},
	},
	loadOptions: {
		async getCameraMotions(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
			return await catalogOptions(this, 'cameraMotions');
		},
		async getConcepts(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
			return await catalogOptions(this, 'concepts');
		},
	},
};
