/** The field for a generation's ID, and how it is read. */
import type { IExecuteFunctions, INodeProperties, INodePropertyMode } from 'n8n-workflow';
import { FIELD_NAMES, about, idFinding } from '../generation/check';
import { providerIds, providers } from '../providers';
import type { Listing, ProviderId } from '../providers/provider';
import { mustBe } from './messages';
import { fieldError } from './settings';

function mode(name: string, displayName: string, type: 'list' | 'string', more: Partial<INodePropertyMode>): INodePropertyMode {
	return { ...more, name, displayName, type };
}

const LIST_MODE = mode('list', 'From List', 'list', {
	placeholder: 'Select a generation…',
	typeOptions: { searchListMethod: 'searchGenerations', searchable: true },
});

const ID_MODE = mode('id', 'By ID', 'string', {
	placeholder: 'e.g. 123e4567-e89b-12d3-a456-426614174000',
	validation: [
		{ type: 'regex', properties: { regex: '^\\s*[^\\s/?#]+\\s*$', errorMessage: 'This is not an ID' } },
	],
});

/** A URL whose last part is the ID, such as the API's. */
const URL_MODE = mode('url', 'By URL', 'string', {
	placeholder: 'e.g. https://api.lumalabs.ai/dream-machine/v1/generations/123e4567',
	extractValue: { type: 'regex', regex: '^https?://[^?#]*/([^/?#]+)/?(?:[?#].*)?$' },
});

/** A generation by its ID or URL or, if the provider can list generations, from the list. */
export function generationIdFields(
	name: 'generationId' | 'targetGenerationId' = 'generationId',
	description = "The generation, by the 'generationId' that the node returned for it",
	displayName: string = FIELD_NAMES[name],
): INodeProperties[] {
	const listed = (is: (listing: Listing | undefined) => boolean): ProviderId[] => providerIds.filter((id) => is(providers[id].listing));
	const field = (mode: string, modes: INodePropertyMode[], shownFor: ProviderId[]): INodeProperties => ({
		displayName,
		name,
		type: 'resourceLocator',
		required: true,
		default: { mode, value: '' },
		modes,
		description,
		displayOptions: { show: { provider: shownFor } },
	});
	return [
		field('list', [LIST_MODE, ID_MODE, URL_MODE], listed((listing) => listing !== undefined && !listing.endedOnly)),
		// What is not in the list may exist.
		field('id', [LIST_MODE, ID_MODE, URL_MODE], listed((listing) => listing?.endedOnly === true)),
		field('id', [ID_MODE, URL_MODE], listed((listing) => listing === undefined)),
	];
}

/** The value of the field, whatever its mode; a number becomes text. */
export function generationIdValue(
	context: IExecuteFunctions,
	itemIndex: number,
	name: 'generationId' | 'targetGenerationId' = 'generationId',
): unknown {
	const value: unknown = context.getNodeParameter(name, itemIndex, '', { extractValue: true });
	return typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
}

/** @throws NodeOperationError when it is not an ID */
export function readGenerationId(context: IExecuteFunctions, itemIndex: number): string {
	// An expression without a value counts as empty.
	const text = generationIdValue(context, itemIndex) ?? '';
	if (typeof text !== 'string') throw fieldError(context, itemIndex, mustBe({ field: FIELD_NAMES.generationId, needed: 'text' }));
	const generationId = text.trim();
	const finding = idFinding(generationId);
	if (finding !== null) throw fieldError(context, itemIndex, about('generationId', finding));
	return generationId;
}
