/** What all operations that generate a video share: fields, how they are read, and how they become a checked request. */
import type { INodeProperties } from 'n8n-workflow';
import { FIELD_NAMES, InputFile, about } from '../../generation/check';
import { checkRequest } from '../../generation/checkRequest';
import type { Prepared } from '../../generation/job';
import { empty } from '../../generation/messages';
import type { VideoOperation, VideoRequest } from '../../providers/provider';
import { operationCapabilities } from '../../providers/provider';
import type { Run } from '../buy';
import { buy, buyingPlan, commonFields, withSourceAddress } from '../buy';
import { generationIdValue } from '../generationId';
import type { ImageFieldName, ImagesInItem, InputReading } from '../inputImages';
import { placeholder, readInputImage, readInputVideo, sendImages } from '../inputImages';
import { noVideoFiles } from '../messages';
import type { Operation, Session } from '../operation';
import type { Plan } from '../plan';
import { invalid } from '../plan';
import { additionalFields, providersFor } from '../requestFields';
import { readChoice, readSettings } from '../settings';

/** Top-level fields that are part of the request. */
const REQUEST_FIELDS = [
	'model',
	'prompt',
	'startImage',
	'endImage',
	'aspectRatio',
	'resolution',
	'duration',
	'loop',
	'direction',
	'mode',
	'sourceVideo',
	'triggerUrl',
] as const;

/** What an agent must know about every operation that generates a video. */
const TOOL_TERMS =
	"Each call costs money and can take minutes: call it once for each video you need. Returns generationId, status and, when status is 'completed', videoUrl, the video's URL.";

/** Stands in for a file that was refused, so that it is not reported as missing too. */
const REFUSED_FILE = new InputFile('', { name: '', mimeType: '', size: 0 });

/** The values of all fields of one item, with placeholders for images and videos from n8n. */
function readInput(
	session: Session,
	operation: VideoOperation,
	itemIndex: number,
): { input: Record<string, unknown>; images: ImagesInItem; findings: string[] } {
	const { context, provider } = session;
	const input: Record<string, unknown> = {
		...context.getNodeParameter('additionalFields', itemIndex, {}),
		...Object.fromEntries(REQUEST_FIELDS.map((name) => [name, context.getNodeParameter(name, itemIndex, null)])),
	};
	// An operation without a choice of models has no such field.
	if (operationCapabilities(provider, operation)?.models[0]?.value === '') input.model = '';
	const videoSource = readChoice(context, itemIndex, 'videoSource', FIELD_NAMES.videoSource, ['generation', 'binary', 'url']);
	// n8n refuses to read a field that the operation does not have.
	if (operation !== 'generate' && videoSource === 'generation') {
		// An expression without a value counts as empty.
		input.generationId = generationIdValue(context, itemIndex) ?? '';
		input.sourceVideo = null;
	}
	if (operation === 'interpolate') {
		input.targetGenerationId = generationIdValue(context, itemIndex, 'targetGenerationId');
	}

	const images: ImagesInItem = {};
	const findings: string[] = [];
	if (operation !== 'generate' && videoSource === 'binary') {
		const dataField: unknown = context.getNodeParameter('sourceVideoField', itemIndex, '');
		const result = readVideo(session, operation, itemIndex, typeof dataField === 'string' ? dataField.trim() : '');
		if (result.ok) images.source = result.image;
		else findings.push(result.finding);
		input.sourceVideo = result.ok ? placeholder(result.image) : REFUSED_FILE;
	}
	if (readChoice(context, itemIndex, 'imageSource', 'Images From', ['url', 'binary']) === 'binary') {
		for (const field of ['startImage', 'endImage'] satisfies ImageFieldName[]) {
			const dataField: unknown = context.getNodeParameter(`${field}Field`, itemIndex, '');
			input[field] = null;
			if (typeof dataField !== 'string' || dataField.trim() === '') continue;
			const result = readInputImage(session, itemIndex, dataField.trim(), FIELD_NAMES[field]);
			if (result.ok) {
				images[field] = result.image;
				input[field] = placeholder(result.image);
			} else findings.push(result.finding);
		}
	}
	return { input, images, findings };
}

/** The video file in a field of the item's input data. */
function readVideo(session: Session, operation: VideoOperation, itemIndex: number, dataField: string): InputReading {
	const { provider } = session;
	const takesFiles = operationCapabilities(provider, operation)?.models.some(({ sources }) => sources?.includes('file') === true);
	if (takesFiles !== true) return { ok: false, finding: noVideoFiles({ provider, field: FIELD_NAMES.videoSource }) };
	if (dataField === '') return { ok: false, finding: about('sourceVideoField', empty()) };
	return readInputVideo(session, itemIndex, dataField, FIELD_NAMES.sourceVideoField);
}

/** The request as the provider needs it: with its files sent, and the URL of a source generation's video. */
async function prepare(session: Session, images: ImagesInItem, request: VideoRequest): Promise<Prepared> {
	const sent = await sendImages(session, images, request);
	return sent.ok ? await withSourceAddress(session, sent.request) : sent;
}

function plan(run: Run, operation: VideoOperation, itemIndex: number): Plan {
	const { context, provider, client, address } = run;
	const { input, images, findings } = readInput(run, operation, itemIndex);
	const checked = checkRequest(provider, input, { allowLocalAddresses: client.isLocal }, operation);
	const settings = readSettings(context, itemIndex);
	const all = [...findings, ...(checked.ok ? [] : checked.findings), ...settings.findings];
	if (all.length > 0 || !checked.ok) return { itemIndex, ok: false, failure: invalid(provider, all) };
	const request: VideoRequest =
		address === null ? checked.request : { ...checked.request, callback: { url: address, mode: 'terminal' } };
	return buyingPlan(
		run,
		itemIndex,
		{ request, model: checked.model, prepare: async () => await prepare(run, images, request) },
		settings,
		provider.estimateUsd?.(request) ?? null,
	);
}

/** An operation of the resource Video. */
export function createVideoOperation(definition: Pick<Operation, 'action' | 'description' | 'name'> & {
	value: VideoOperation;
	/** What an AI agent is told the operation does; what all of them cost and return is added. */
	toolDescription: string;
	/** The fields of the request that most runs need: they fit into a window of usual height, with Completion. */
	fields: INodeProperties[];
	/** The other ones that are not in a collection. */
	furtherFields?: INodeProperties[];
}): Operation {
	const { value, fields, furtherFields = [], toolDescription, ...texts } = definition;
	return {
		...texts,
		toolDescription: `${toolDescription} ${TOOL_TERMS}`,
		resource: 'video',
		value,
		providers: providersFor(value),
		properties: [...fields, ...commonFields('video', additionalFields(value), furtherFields)],

		async execute(context, provider) {
			return await buy(context, provider, 'video', (run, itemIndex) => plan(run, value, itemIndex));
		},
	};
}
