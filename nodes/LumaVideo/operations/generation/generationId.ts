/** The field that names a generation, and its reading. */
import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { FIELD_NAMES } from '../../generation/checkRequest';

export const generationIdField: INodeProperties = {
	displayName: FIELD_NAMES.generationId,
	name: 'generationId',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'e.g. 123e4567-e89b-12d3-a456-426614174000',
	description: "The ID as the output of 'Video: Generate' names it",
};

/** The id, or what is wrong with it. */
export function readGenerationId(
	context: IExecuteFunctions,
	itemIndex: number,
): { ok: true; generationId: string } | { ok: false; finding: string } {
	const value = context.getNodeParameter('generationId', itemIndex, '') as unknown;
	const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
	if (typeof text !== 'string') return { ok: false, finding: `'${FIELD_NAMES.generationId}' must be text` };
	const generationId = text.trim();
	if (generationId === '') return { ok: false, finding: `'${FIELD_NAMES.generationId}' is empty` };
	// '.' and '..' would be taken for a part of the path.
	if (/[\s/?#]/.test(generationId) || /^\.+$/.test(generationId)) {
		return { ok: false, finding: `'${FIELD_NAMES.generationId}' has characters that no ID has` };
	}
	return { ok: true, generationId };
}
