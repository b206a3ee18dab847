/** What all operations that generate an image share: fields, how they are read, and how they become a checked request. */
import type { INodeProperties } from 'n8n-workflow';
import { FIELD_NAMES, about } from '../../generation/check';
import { checkImageRequest } from '../../generation/checkImageRequest';
import type { Prepared } from '../../generation/job';
import { empty } from '../../generation/messages';
import type { ImageOperation, ImageReference, ImageRequest } from '../../providers/provider';
import type { Run } from '../buy';
import { buy, buyingPlan, commonFields, withSourceAddress } from '../buy';
import { generationIdValue } from '../generationId';
import type { InputImage } from '../inputImages';
import { placeholder, readInputImage, sendImage } from '../inputImages';
import { mustBe } from '../messages';
import type { Operation, Session } from '../operation';
import type { Plan } from '../plan';
import { invalid } from '../plan';
import { readChoice, readSettings } from '../settings';
import { additionalFields, aspectRatioFields, imageProviders, modelFields, referenceFields } from './imageFields';

/** What an agent must know about every operation that generates an image. */
const TOOL_TERMS =
	"Each call costs money and takes about half a minute: call it once for each image you need. Returns generationId, status and, when status is 'completed', media, a list with the image's URL.";

/** Image files of an item, in the order of the request. */
interface Files {
	source: InputImage[];
	references: InputImage[];
}

interface ItemInput {
	input: Record<string, unknown>;
	files: Files;
	findings: string[];
}

/** The values of all fields of one item, with placeholders for images from n8n. */
function readInput(session: Session, operation: ImageOperation, itemIndex: number): ItemInput {
	const { context } = session;
	const get = (name: string): unknown => context.getNodeParameter(name, itemIndex, null);
	const input: Record<string, unknown> = { ...context.getNodeParameter('additionalFields', itemIndex, {}) };
	for (const name of ['model', 'prompt', 'aspectRatio', 'referenceImages', 'triggerUrl']) input[name] = get(name);

	const findings: string[] = [];
	/** The files in the input fields that a field lists. */
	const filesOf = (field: 'referenceImageFields' | 'sourceImageField'): InputImage[] => {
		const value = get(field);
		const names = typeof value === 'string' ? value.split(',').map((name) => name.trim()) : [];
		return names.filter((name) => name !== '').flatMap((name) => {
			const result = readInputImage(session, itemIndex, name, FIELD_NAMES[field]);
			if (result.ok) return [result.image];
			findings.push(result.finding);
			return [];
		});
	};

	const files: Files = { source: [], references: [] };
	if (readChoice(context, itemIndex, 'referenceImagesFrom', 'Reference Images From', ['url', 'binary']) === 'binary') {
		files.references = filesOf('referenceImageFields');
		input.referenceImages = files.references.map(placeholder);
	}
	// n8n refuses to read a field that the operation does not have.
	if (operation === 'edit') {
		switch (readChoice(context, itemIndex, 'sourceImageFrom', 'Image From', ['generation', 'binary', 'url'])) {
			case 'binary': {
				files.source = filesOf('sourceImageField');
				if (files.source.length > 1) findings.push(mustBe({ field: FIELD_NAMES.sourceImageField, needed: 'the name of one field' }));
				else if (files.source.length + findings.length === 0) findings.push(about('sourceImageField', empty()));
				[input.sourceImage] = files.source.map(placeholder);
				break;
			}
			case 'url':
				input.sourceImage = get('sourceImage');
				break;
			default:
				// An expression without a value counts as empty.
				input.generationId = generationIdValue(context, itemIndex) ?? '';
		}
	}
	return { input, files, findings };
}

/** The request with the images where the provider finds them. */
async function prepare(session: Session, files: Files, request: ImageRequest): Promise<Prepared> {
	const sent: Record<keyof Files, ImageReference[]> = { source: [], references: [] };
	for (const place of ['source', 'references'] as const) {
		for (const file of files[place]) {
			const result = await sendImage(session, file);
			if (!result.ok) return result;
			sent[place].push(result.reference);
		}
	}
	const [source = request.source] = sent.source;
	return await withSourceAddress(session, { ...request, source, references: sent.references.length > 0 ? sent.references : request.references });
}

function plan(run: Run, operation: ImageOperation, itemIndex: number): Plan {
	const { context, provider, client } = run;
	const { input, files, findings } = readInput(run, operation, itemIndex);
	// Other findings wait until the files are right: without the files, one of them would be that they are missing.
	if (findings.length > 0) return { itemIndex, ok: false, failure: invalid(provider, findings) };
	const settings = readSettings(context, itemIndex);
	const checked = checkImageRequest(provider, input, { allowLocalAddresses: client.isLocal }, operation);
	const all = [...(checked.ok ? [] : checked.findings), ...settings.findings];
	if (all.length > 0 || !checked.ok) return { itemIndex, ok: false, failure: invalid(provider, all) };
	const { request, model } = checked;
	return buyingPlan(
		run,
		itemIndex,
		{ request, model, prepare: async () => await prepare(run, files, request) },
		settings,
		provider.images?.estimateUsd(request) ?? null,
	);
}

/** An operation of the resource Image. */
export function createImageOperation(definition: Pick<Operation, 'action' | 'description' | 'name'> & {
	value: ImageOperation;
	/** What an AI agent is told the operation does; what all of them cost and return is added. */
	toolDescription: string;
	/** The fields at the top: the image to edit. */
	fields: INodeProperties[];
	prompt: INodeProperties;
}): Operation {
	const { value, fields, prompt, toolDescription, ...texts } = definition;
	return {
		...texts,
		toolDescription: `${toolDescription} ${TOOL_TERMS}`,
		resource: 'image',
		value,
		providers: imageProviders,
		properties: [
			...fields,
			...modelFields(value),
			prompt,
			...referenceFields(value),
			...aspectRatioFields(value),
			...commonFields('image', additionalFields(value)),
		],

		async execute(context, provider) {
			return await buy(context, provider, 'image', (run, itemIndex) => plan(run, value, itemIndex));
		},
	};
}
