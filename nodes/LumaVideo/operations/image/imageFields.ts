/** The fields that describe an image, made from the capability table. */
import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { AUTO } from '../../generation/checkImageRequest';
import { FIELD_NAMES } from '../../generation/checkRequest';
import { providerIds, providers } from '../../providers';
import type { ImageCapabilities, ImageMaking, ImageOperation, ProviderId } from '../../providers/provider';
import { blankImageRequest } from '../../providers/provider';
import { generationIdFields } from '../generationId';
import { additionalBodyField, sentences } from '../requestFields';

/** Providers that make images. */
export const imageProviders: readonly ProviderId[] = providerIds.filter((id) => providers[id].images !== undefined);

const RATIO_NAMES: Readonly<Record<string, string>> = {
	'1:1': '1:1 (Square)',
	'1:2': '1:2 (Tall)',
	'1:3': '1:3 (Very Tall)',
	'16:9': '16:9 (Landscape)',
	'2:1': '2:1 (Wide)',
	'2:3': '2:3 (Portrait, Classic)',
	'3:1': '3:1 (Panorama)',
	'3:2': '3:2 (Landscape, Classic)',
	'9:16': '9:16 (Portrait)',
};

const NAMES: Readonly<Record<string, string>> = { ...RATIO_NAMES, jpeg: 'JPEG', manga: 'Manga', png: 'PNG' };

/** The same field for each provider, with what that provider offers; where it offers nothing there is none. */
function ofEach(
	operation: ImageOperation,
	fieldOf: (capabilities: ImageCapabilities, images: ImageMaking) => INodeProperties | null,
	path: '/provider' | 'provider' = 'provider',
): INodeProperties[] {
	return imageProviders.flatMap((id) => {
		const { images } = providers[id];
		const field = images && fieldOf(images.capabilities[operation], images);
		return field
			? [{ ...field, displayOptions: { ...field.displayOptions, show: { ...field.displayOptions?.show, [path]: [id] } } }]
			: [];
	});
}

/** What can be chosen, and that the model chooses. */
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
				return { name, value, description: usd === null ? description : `${description}; about ${usd.toFixed(2)} USD` };
			}),
			default: first,
			description: 'The model that makes the image',
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

const IMAGE_PLACEHOLDER = 'e.g. https://example.com/image.png';

/** Where images can come from. */
const SOURCES: Readonly<Record<'binary' | 'generation' | 'url', INodePropertyOptions>> = {
	generation: { name: 'Generation', value: 'generation', description: 'An image that this provider made, by its ID' },
	binary: { name: 'Input Data', value: 'binary', description: 'Image files that the previous node passes on' },
	url: { name: 'URL', value: 'url', description: 'Web addresses of images' },
};

/** The image that is edited. */
export function sourceFields(): INodeProperties[] {
	const from = (options: INodePropertyOptions[], displayOptions: INodeProperties['displayOptions']): INodeProperties[] =>
		ofEach('edit', ({ inputHint }) => ({
			displayName: 'Image From',
			name: 'sourceImageFrom',
			type: 'options',
			options,
			default: 'generation',
			description: sentences('Where the image that is edited comes from', inputHint),
			displayOptions,
		}));
	return [
		...from([SOURCES.generation, SOURCES.binary, SOURCES.url], { hide: { '@tool': [true] } }),
		// An agent's tool gets no files.
		...from([SOURCES.generation, SOURCES.url], { show: { '@tool': [true] } }),
		...generationIdFields('generationId', 'The finished generation whose image is edited').map((property) => ({
			...property,
			displayOptions: { show: { ...property.displayOptions?.show, sourceImageFrom: ['generation'] } },
		})),
		{
			displayName: FIELD_NAMES.sourceImage,
			name: 'sourceImage',
			type: 'string',
			required: true,
			default: '',
			placeholder: IMAGE_PLACEHOLDER,
			description: 'Public web address of the image (JPEG, PNG or WebP)',
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
			displayOptions: { hide: { '@tool': [true] } },
		})),
		{
			displayName: 'Reference Images From',
			name: 'referenceImagesFrom',
			type: 'hidden',
			default: 'url',
			displayOptions: { show: { '@tool': [true] } },
		},
		...ofEach(operation, ({ maxReferences }) => ({
			displayName: FIELD_NAMES.referenceImages,
			name: 'referenceImages',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://example.com/image.png, https://example.com/style.png',
			description: `Public web addresses of up to ${maxReferences} images that guide the model, such as a person, an object or a style, parted by commas (JPEG, PNG or WebP). Leave empty to do without.`,
			displayOptions: { show: { referenceImagesFrom: ['url'] } },
		})),
		...ofEach(operation, ({ maxReferences }) => ({
			displayName: FIELD_NAMES.referenceImageFields,
			name: 'referenceImageFields',
			type: 'string',
			default: '',
			placeholder: 'e.g. data, style',
			hint: `The names of up to ${maxReferences} input fields that hold image files, parted by commas`,
			displayOptions: { show: { referenceImagesFrom: ['binary'] } },
		})),
	];
}

export function aspectRatioFields(operation: ImageOperation): INodeProperties[] {
	return ofEach(operation, ({ aspectRatios }) => ({
		displayName: FIELD_NAMES.aspectRatio,
		name: 'aspectRatio',
		type: 'options',
		options: choices(aspectRatios),
		default: AUTO,
		description: 'Width to height of the image. With Auto the model chooses.',
	}));
}

/** What can be said besides, and the way to fields this package does not know. */
export function additionalFields(operation: ImageOperation): INodeProperties {
	return {
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		options: [
			additionalBodyField,
			...ofEach(
				operation,
				({ outputFormats }) => ({
					displayName: FIELD_NAMES.outputFormat,
					name: 'outputFormat',
					type: 'options',
					options: choices(outputFormats),
					default: AUTO,
					description: 'File format of the image. With Auto the model chooses.',
				}),
				'/provider',
			),
			...ofEach(
				operation,
				({ styles }) =>
					styles.length === 0
						? null
						: {
								displayName: FIELD_NAMES.style,
								name: 'style',
								type: 'options',
								options: choices(styles),
								default: AUTO,
								description: "How the image is drawn. Manga needs an upright 'Aspect Ratio'.",
							},
				'/provider',
			),
			{
				displayName: FIELD_NAMES.userId,
				name: 'userId',
				type: 'string',
				default: '',
				placeholder: 'e.g. customer-42',
				description:
					'Your own identifier of the person that the image is made for, by which the provider tells misuse apart. Leave personal data out of it.',
			},
			{
				displayName: FIELD_NAMES.webSearch,
				name: 'webSearch',
				type: 'boolean',
				default: false,
				description: 'Whether the model may look things up on the web',
			},
		],
	};
}
