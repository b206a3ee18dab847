/** The fields that describe an image, built from the capability table. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { AUTO, FIELD_NAMES } from '../../generation/check';
import { providerIds, providers } from '../../providers';
import type { ImageCapabilities, ImageMaking, ImageOperation, ProviderId } from '../../providers/provider';
import { blankImageRequest } from '../../providers/provider';
import { generationIdFields } from '../generationId';
import { IN_TOOL, NOT_IN_TOOL, both } from '../operation';
import { optionalFields, sentences } from '../requestFields';

/** Providers that generate images. */
export const imageProviders: readonly ProviderId[] = providerIds.filter((id) => providers[id].images !== undefined);

const NAMES: Readonly<Record<string, string>> = {
	'1:1': '1:1 (Square)',
	'1:2': '1:2 (Tall)',
	'1:3': '1:3 (Very Tall)',
	'16:9': '16:9 (Landscape)',
	'2:1': '2:1 (Wide)',
	'2:3': '2:3 (Portrait, Classic)',
	'3:1': '3:1 (Panorama)',
	'3:2': '3:2 (Landscape, Classic)',
	'9:16': '9:16 (Portrait)',
	jpeg: 'JPEG',
	manga: 'Manga',
	png: 'PNG',
};

/** The same field for each provider, with what it offers; no field if it offers nothing. */
function ofEach(
	operation: ImageOperation,
	fieldOf: (capabilities: ImageCapabilities, images: ImageMaking) => INodeProperties | null,
	path: '/provider' | 'provider' = 'provider',
): INodeProperties[] {
	return imageProviders.flatMap((id) => {
		const { images } = providers[id];
		const field = images && fieldOf(images.capabilities[operation], images);
		return field ? [{ ...field, displayOptions: both(field.displayOptions ?? {}, { show: { [path]: [id] } }) }] : [];
	});
}

/** The options, and Auto, which leaves the choice to the model. */
function choices(values: readonly string[]): INodePropertyOptions[] {
	return [...values.map((value) => ({ name: NAMES[value] ?? value, value })), { name: 'Auto', value: AUTO }].sort((a, b) =>
		a.name < b.name ? -1 : 1,
	);
}

export function modelFields(operation: ImageOperation): INodeProperties[] {
	return ofEach(operation, ({ models }, images) => {
		const first = models[0]?.value ?? '';
		return {
			displayName: FIELD_NAMES.model,
			name: 'model',
			type: 'options',
			options: models.map(({ name, value, description }) => {
				const blank = blankImageRequest(operation, value);
				const usd = images.estimateUsd(operation === 'edit' ? { ...blank, source: { kind: 'generation', generationId: '' } } : blank);
				return { name, value, description: usd === null ? description : `${description}; about $${usd.toFixed(2)}` };
			}),
			default: first,
			description: 'The model that generates the image',
		};
	});
}

export function promptField(placeholder: string, description: string): INodeProperties {
	return {
		displayName: FIELD_NAMES.prompt,
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		required: true,
		default: '',
		placeholder,
		description,
	};
}

/** Where images can come from. */
const SOURCES: Readonly<Record<'binary' | 'generation' | 'url', INodePropertyOptions>> = {
	generation: { name: 'Generation', value: 'generation', description: 'An image that this provider generated, by its ID' },
	binary: { name: 'Input Data', value: 'binary', description: 'Image files from the previous node' },
	url: { name: 'URL', value: 'url', description: 'URLs of images on the web' },
};

/** The image to edit. */
export function sourceFields(): INodeProperties[] {
	const from = (options: INodePropertyOptions[], displayOptions: INodeProperties['displayOptions']): INodeProperties[] =>
		ofEach('edit', ({ inputHint }) => ({
			displayName: 'Image From',
			name: 'sourceImageFrom',
			type: 'options',
			options,
			default: 'generation',
			description: sentences('Where the image to edit comes from', inputHint),
			displayOptions,
		}));
	return [
		...from([SOURCES.generation, SOURCES.binary, SOURCES.url], NOT_IN_TOOL),
		// An agent's tool receives no files.
		...from([SOURCES.generation, SOURCES.url], IN_TOOL),
		...generationIdFields('generationId', 'The finished generation whose image to edit').map((property) => ({
			...property,
			displayOptions: both(property.displayOptions ?? {}, { show: { sourceImageFrom: ['generation'] } }),
		})),
		{
			displayName: FIELD_NAMES.sourceImage,
			name: 'sourceImage',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. https://example.com/image.png',
			description: 'Public URL of the image (JPEG, PNG or WebP)',
			displayOptions: { show: { sourceImageFrom: ['url'] } },
		},
		{
			displayName: FIELD_NAMES.sourceImageField,
			name: 'sourceImageField',
			type: 'string',
			required: true,
			default: 'data',
			placeholder: 'e.g. data',
			hint: 'The name of the input field that holds the image file',
			displayOptions: { show: { sourceImageFrom: ['binary'] } },
		},
	];
}

/** Images that guide the model. */
export function referenceFields(operation: ImageOperation): INodeProperties[] {
	return [
		...ofEach(operation, ({ inputHint }) => ({
			displayName: 'Reference Images From',
			name: 'referenceImagesFrom',
			type: 'options',
			options: [SOURCES.binary, SOURCES.url],
			default: 'url',
			description: sentences('Where the images that guide the model come from', inputHint),
			displayOptions: NOT_IN_TOOL,
		})),
		{
			displayName: 'Reference Images From',
			name: 'referenceImagesFrom',
			type: 'hidden',
			default: 'url',
			displayOptions: IN_TOOL,
		},
		...ofEach(operation, ({ maxReferences }) => ({
			displayName: FIELD_NAMES.referenceImages,
			name: 'referenceImages',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://example.com/image.png, https://example.com/style.png',
			description: `Optional. Public URLs of up to ${maxReferences} images that guide the model, such as a person, an object or a style, separated by commas (JPEG, PNG or WebP).`,
			displayOptions: { show: { referenceImagesFrom: ['url'] } },
		})),
		...ofEach(operation, ({ maxReferences }) => ({
			displayName: FIELD_NAMES.referenceImageFields,
			name: 'referenceImageFields',
			type: 'string',
			default: '',
			placeholder: 'e.g. data, style',
			hint: `The names of up to ${maxReferences} input fields that hold image files, separated by commas`,
			displayOptions: { show: { referenceImagesFrom: ['binary'] } },
		})),
	];
}

export function aspectRatioFields(operation: ImageOperation): INodeProperties[] {
	return ofEach(operation, ({ aspectRatios }) =>
		aspectRatios.length === 0
			? null
			: {
					displayName: FIELD_NAMES.aspectRatio,
					name: 'aspectRatio',
					type: 'options',
					options: choices(aspectRatios),
					default: AUTO,
					description: 'Ratio of width to height. With Auto, the model chooses.',
				},
	);
}

export function additionalFields(operation: ImageOperation): INodeProperties {
	return optionalFields([
		...ofEach(
			operation,
			({ outputFormats }) => ({
				displayName: FIELD_NAMES.outputFormat,
				name: 'outputFormat',
				type: 'options',
				options: choices(outputFormats),
				default: AUTO,
				description: 'File format of the image. With Auto, the model chooses.',
			}),
			'/provider',
		),
		...ofEach(
			operation,
			({ aspectRatios, styles }) =>
				styles.length === 0
					? null
					: {
							displayName: FIELD_NAMES.style,
							name: 'style',
							type: 'options',
							options: choices(styles),
							default: AUTO,
							description: aspectRatios.length === 0 ? 'How the image is drawn' : "How the image is drawn. Manga needs a portrait 'Aspect Ratio'.",
						},
			'/provider',
		),
		...onlyWith('userId', operation, {
			displayName: FIELD_NAMES.userId,
			name: 'userId',
			type: 'string',
			default: '',
			placeholder: 'e.g. customer-42',
			description:
				'Your own identifier for the person that the image is for, which helps the provider detect misuse. Do not use personal data.',
		}),
		...onlyWith('webSearch', operation, {
			displayName: FIELD_NAMES.webSearch,
			name: 'webSearch',
			type: 'boolean',
			default: false,
			description: 'Whether the model may search the web',
		}),
	]);
}

/** A field that only some providers have. */
function onlyWith(capability: 'userId' | 'webSearch', operation: ImageOperation, field: INodeProperties): INodeProperties[] {
	const shownFor = imageProviders.filter((id) => providers[id].images?.capabilities[operation][capability]);
	return shownFor.length === 0 ? [] : [{ ...field, displayOptions: { show: { '/provider': [...shownFor] } } }];
}
