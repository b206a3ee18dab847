/**
 * The fields that describe a video, built from the capability table: they show what the provider and the model can do,
 * and nothing else can be selected.
 */
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';
import { AUTO, FIELD_NAMES } from '../generation/check';
import { usd } from '../generation/spending';
import { providerIds, providers } from '../providers';
import type { ExtraField, PanelField } from '../providers/extras';
import { EXTRAS, extraFields } from '../providers/extras';
import type { ModelCapabilities, Provider, ProviderId, VideoOperation } from '../providers/provider';
import { blankRequest, operationCapabilities } from '../providers/provider';
import { priceOf } from './choicePrice';
import { IN_TOOL, NOT_IN_TOOL, both } from './operation';
import { collection } from './settings';

type ChoiceField = 'aspectRatio' | 'duration' | 'resolution';

const CHOICES: Readonly<
	Record<ChoiceField, { list: 'aspectRatios' | 'durations' | 'resolutions'; description: string; names: Record<string, string> }>
> = {
	aspectRatio: {
		list: 'aspectRatios',
		description: 'Ratio of width to height',
		names: {
			'16:9': '16:9 (Landscape)',
			'9:16': '9:16 (Portrait)',
			'1:1': '1:1 (Square)',
			'4:3': '4:3 (Classic)',
			'3:4': '3:4 (Portrait, Classic)',
			'21:9': '21:9 (Cinema)',
			'9:21': '9:21 (Tall)',
		},
	},
	resolution: {
		list: 'resolutions',
		description: 'Height of the video. Higher resolutions cost more and take longer.',
		names: { '360p': '360p (Draft)', '4k': '4K' },
	},
	duration: {
		list: 'durations',
		description: 'Length of the video. Longer videos cost more and take longer.',
		names: { '5s': '5 Seconds', '9s': '9 Seconds', '10s': '10 Seconds' },
	},
};

/**
 * Groups models that look alike to a field, so that a field has as few variants as possible. The first look of a provider
 * is hidden for the models that it does not fit: a model of another provider, left over from before a switch, hides nothing.
 * @param look what the field shows for a model, as JSON data; `null` when it is not shown
 */
export function variants<T>(
	operation: VideoOperation,
	look: (model: ModelCapabilities, provider: Provider) => T | null,
): Array<{ look: T; shown: IDisplayOptions }> {
	const groups = new Map<string, { look: T; wholeProviders: ProviderId[]; parts: IDisplayOptions[] }>();
	for (const providerId of providerIds) {
		const provider = providers[providerId];
		const { models } = operationCapabilities(provider, operation) ?? { models: [] };
		const byLook = new Map<string, { look: T; models: string[] }>();
		for (const model of models) {
			const value = look(model, provider);
			if (value === null) continue;
			const key = JSON.stringify(value);
			const entry = byLook.get(key) ?? { look: value, models: [] };
			entry.models.push(model.value);
			byLook.set(key, entry);
		}
		const show = { provider: [providerId] };
		for (const [index, [key, entry]] of [...byLook].entries()) {
			const group = groups.get(key) ?? { look: entry.look, wholeProviders: [], parts: [] };
			const others = models.map(({ value }) => value).filter((value) => !entry.models.includes(value));
			if (others.length === 0) group.wholeProviders.push(providerId);
			else group.parts.push(index === 0 ? { show, hide: { model: others } } : { show: { ...show, model: entry.models } });
			groups.set(key, group);
		}
	}
	return [...groups.values()].flatMap(({ look: value, wholeProviders, parts }) => [
		...(wholeProviders.length > 0 ? [{ look: value, shown: { show: { provider: wholeProviders } } }] : []),
		...parts.map((shown) => ({ look: value, shown })),
	]);
}

/** Providers that support an operation. */
export function providersFor(operation: VideoOperation): ProviderId[] {
	return providerIds.filter((id) => operationCapabilities(providers[id], operation) !== undefined);
}

/** Whether models differ in what a field offers, not only in whether they have it. */
function isAmbiguous(models: readonly ModelCapabilities[]): boolean {
	const looks = (look: (model: ModelCapabilities) => unknown) =>
		new Set(models.map(look).filter((each) => each !== null).map((each) => JSON.stringify(each))).size;
	const listed = (list: readonly string[]) => (list.length === 0 ? null : list);
	return [
		looks((model) => model.frames.includes('none')),
		looks((model) => listed(model.aspectRatios)),
		looks((model) => listed(model.resolutions)),
		looks((model) => listed(model.durations)),
		looks((model) => (model.loop === 'never' ? null : model.loop)),
		looks((model) => listed(model.modes ?? [])),
		looks(({ hints = {}, sources = [] }) => (sources.length === 0 ? null : [hints.source, hints.sourceSize, sources])),
	].some((count) => count > 1);
}

/** The price of a video with the default settings, as text; empty if none is published. */
function defaultPriceOf(provider: Provider, operation: VideoOperation, { value, defaults }: ModelCapabilities): string {
	const { resolution, duration } = defaults;
	const price = provider.estimateUsd?.({ ...blankRequest(operation, value), resolution, duration }) ?? null;
	if (price === null || !resolution || !duration) return '';
	return `about ${usd(price)} for ${Number.parseInt(duration, 10)} seconds at ${resolution}`;
}

export function modelFields(operation: VideoOperation): INodeProperties[] {
	return providersFor(operation).flatMap((providerId) => {
		const models = operationCapabilities(providers[providerId], operation)?.models ?? [];
		const first = models[0]?.value ?? '';
		// With nothing to choose, there is no field.
		if (first === '') return [];
		return [
			{
				displayName: FIELD_NAMES.model,
				name: 'model',
				type: 'options',
				options: models.map((model) => ({
					name: model.name,
					value: model.value,
					description: [model.description, defaultPriceOf(providers[providerId], operation, model)].filter(Boolean).join('; '),
				})),
				default: first,
				// With an expression, n8n would show the fields of all models, some of them twice.
				...(isAmbiguous(models) ? { noDataExpression: true } : {}),
				description: 'The model that generates the video',
				displayOptions: { show: { provider: [providerId] } },
			} satisfies INodeProperties,
		];
	});
}

const PROMPT_TEXTS: Readonly<Record<VideoOperation, { placeholder: string; description: string }>> = {
	addAudio: {
		placeholder: 'e.g. Waves, distant gulls, a light breeze',
		description: 'Optional. The sound to add: voices, music, ambience.',
	},
	extend: {
		placeholder: 'e.g. The kite climbs higher until the whole coast is in view',
		description: 'What happens in the part that is added',
	},
	generate: {
		placeholder: 'e.g. A red kite rises over a quiet beach at sunrise, slow camera push in',
		description: 'What the video shows: subject, motion, camera, light and mood',
	},
	interpolate: {
		placeholder: 'e.g. Day turns into night',
		description: 'How the first video turns into the second',
	},
	modify: {
		placeholder: 'e.g. As a watercolour painting',
		description: 'What the video becomes',
	},
	reframe: {
		placeholder: 'e.g. Continue the beach to both sides',
		description: 'What fills the new parts of the picture',
	},
	upscale: { placeholder: '', description: '' },
};

export function promptFields(operation: VideoOperation): INodeProperties[] {
	const kinds = new Map<string, ProviderId[]>();
	for (const id of providersFor(operation)) {
		const rules = operationCapabilities(providers[id], operation)?.prompt;
		if (!rules || rules.exists === false) continue;
		const kind = rules.optional === true ? 'optional' : rules.optionalWithImage ? 'unlessImage' : 'required';
		kinds.set(kind, [...(kinds.get(kind) ?? []), id]);
	}
	const { placeholder, description } = PROMPT_TEXTS[operation];
	return [...kinds].map(([kind, ids]) => ({
		displayName: FIELD_NAMES.prompt,
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 2 },
		...(kind === 'required' ? { required: true } : {}),
		default: '',
		placeholder,
		description:
			kind === 'unlessImage'
				? `${description}. Optional with a 'Start Image' or an 'End Image'.`
				: description,
		displayOptions: { show: { provider: ids } },
	}));
}

/** A description: its first sentence ends with a period only if others follow. */
export function sentences(first: string, ...others: string[]): string {
	const more = others.filter((each) => each !== '');
	return more.length === 0 ? first : [first.replace(/\.?$/, '.'), ...more].join(' ');
}

/** When the field of an image is shown: for its source and, with both directions, for the one that has it. */
function imageShown(operation: VideoOperation, direction: 'backward' | 'forward'): (source: string, shown: IDisplayOptions) => IDisplayOptions {
	const isDirected = providersFor(operation).some((id) =>
		operationCapabilities(providers[id], operation)?.models.some(({ directions = [] }) => directions.length > 1),
	);
	return (source, shown) => both(shown, { show: { ...(isDirected ? { direction: [direction] } : {}), imageSource: [source] } });
}

/** Of a URL field, for the end of its description. */
const OTHER_SOURCE = "For a file from the previous node, set 'Images From' to Input Data.";

const dataFieldName = (label: string, name: string, preset: string): INodeProperties => ({
	displayName: `${label} Input Data Field Name`,
	name: `${name}Field`,
	type: 'string',
	default: preset,
	placeholder: 'e.g. data',
	hint: 'The name of the input field that holds the image file',
});

/** The image that the video starts from: by URL, or from the item's binary data. */
export function startImageFields(operation: VideoOperation): INodeProperties[] {
	const from = imageShown(operation, 'backward');
	const purpose =
		operation === 'modify' || operation === 'reframe'
			? 'an image that shows how the first frame should look'
			: 'the image that the video starts from';
	return variants(operation, (model) => {
		if (!model.frames.some((mode) => mode === 'start' || mode === 'startAndEnd')) return null;
		return { required: !model.frames.includes('none') };
	}).flatMap(({ look: { required }, shown }): INodeProperties[] => [
		{
			displayName: FIELD_NAMES.startImage,
			name: 'startImage',
			type: 'string',
			...(required ? { required: true } : {}),
			default: '',
			placeholder: 'e.g. https://example.com/image.png',
			description: sentences(`${required ? '' : 'Optional. '}Public URL of ${purpose} (JPEG, PNG or WebP)`, OTHER_SOURCE),
			displayOptions: from('url', shown),
		},
		{
			...dataFieldName(FIELD_NAMES.startImage, 'startImage', required ? 'data' : ''),
			...(required ? { required: true } : {}),
			displayOptions: from('binary', shown),
		},
	]);
}

/** The image that the video ends with. */
export function endImageFields(operation: VideoOperation): INodeProperties[] {
	const from = imageShown(operation, 'forward');
	return variants(operation, (model) => {
		if (!model.frames.some((mode) => mode === 'end' || mode === 'startAndEnd')) return null;
		return { alone: model.frames.includes('end') };
	}).flatMap(({ look, shown }): INodeProperties[] => [
		{
			displayName: FIELD_NAMES.endImage,
			name: 'endImage',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://example.com/image.png',
			description: sentences('Optional. Public URL of the image that the video ends with.', look.alone ? '' : "Needs a 'Start Image'.", OTHER_SOURCE),
			displayOptions: from('url', shown),
		},
		{ ...dataFieldName(FIELD_NAMES.endImage, 'endImage', ''), displayOptions: from('binary', shown) },
	]);
}

/** Where the images come from. */
export function imageSourceFields(operation: VideoOperation): INodeProperties[] {
	return variants(operation, (model) =>
		model.frames.some((mode) => mode !== 'none') ? { hint: model.hints?.image ?? '' } : null,
	).flatMap(({ look: { hint }, shown }): INodeProperties[] => [
		{
			displayName: 'Images From',
			name: 'imageSource',
			type: 'options',
			options: [
				{ name: 'Input Data', value: 'binary', description: 'Image files from the previous node' },
				{ name: 'URL', value: 'url', description: 'URLs of images on the web' },
			],
			default: 'url',
			description: sentences('Where the images come from', hint),
			displayOptions: both(shown, NOT_IN_TOOL),
		},
		// An agent's tool receives no files.
		{
			displayName: 'Images From',
			name: 'imageSource',
			type: 'hidden',
			default: 'url',
			displayOptions: both(shown, IN_TOOL),
		},
	]);
}

export function choiceFields(operation: VideoOperation, field: ChoiceField): INodeProperties[] {
	const { list, description, names } = CHOICES[field];
	return variants(operation, (model, provider) => {
		if (model[list].length === 0) return null;
		const isAuto = field === 'aspectRatio' && model.autoAspectRatio === true;
		return {
			values: model[list],
			preset: isAuto ? AUTO : (model.defaults[field] ?? ''),
			auto: isAuto ? model.defaults[field] : null,
			hint: field === 'resolution' ? (model.hints?.resolution ?? '') : '',
			// For all models of the provider, so that models with the same values share one field.
			prices: list === 'aspectRatios' ? [] : model[list].map((value) => priceOf(provider, operation, list, value)),
		};
	}).map(({ look: { values, preset, auto, hint, prices }, shown }) => ({
		displayName: FIELD_NAMES[field],
		name: field,
		type: 'options',
		options: [
			...(auto === null
				? []
				: [{ name: 'Auto', value: AUTO, description: `The ratio of the image; ${auto} without one` }]),
			...values.map((value, index) => ({
				name: names[value] ?? value,
				value,
				...(prices[index] ? { description: prices[index] } : {}),
			})),
		],
		default: preset,
		description: sentences(description, hint),
		displayOptions: shown,
	}));
}

export function loopFields(operation: VideoOperation): INodeProperties[] {
	return variants(operation, (model) =>
		model.loop === 'never' ? null : { withEndImage: model.loop === 'always' },
	).map(({ look, shown }) => ({
		displayName: FIELD_NAMES.loop,
		name: 'loop',
		type: 'boolean',
		default: false,
		description: sentences('Whether the video loops seamlessly', look.withEndImage ? '' : "Not possible together with an 'End Image'."),
		displayOptions: shown,
	}));
}

export function directionFields(): INodeProperties[] {
	const texts: Record<string, { name: string; description: string }> = {
		backward: { name: 'Backward', description: 'Add a part that leads up to the video' },
		forward: { name: 'Forward', description: 'Add a part that continues the video' },
	};
	return variants('extend', (model) =>
		model.directions && model.directions.length > 1 ? { values: [...model.directions].sort(), hint: model.hints?.direction ?? '' } : null,
	).map(({ look, shown }) => ({
		displayName: FIELD_NAMES.direction,
		name: 'direction',
		type: 'options',
		options: look.values.map((value) => ({ name: value, value, ...texts[value] })),
		default: 'forward',
		description: sentences('Which end of the video to extend', look.hint),
		displayOptions: shown,
	}));
}

export function modeFields(): INodeProperties[] {
	return variants('modify', (model) => {
		if (!model.modes?.length) return null;
		const values = [...model.modes].sort();
		// If the model can decide by itself, it does: that works with every other field.
		return { values, preset: ['auto', 'flex_1'].find((preset) => values.includes(preset)) ?? values[0] ?? '' };
	}).map(
		({ look: { values, preset }, shown }) => ({
			displayName: FIELD_NAMES.mode,
			name: 'mode',
			type: 'options',
			options: values.map((value) => {
				const [word = '', step = ''] = value.split('_');
				return { name: `${word.charAt(0).toUpperCase()}${word.slice(1)} ${step}`.trim(), value };
			}),
			default: preset,
			description: `How much of the source to keep: ${values.includes('auto') ? 'Auto lets the model decide, ' : ''}Adhere stays close to it, Flex keeps its shapes and motion, Reimagine keeps its idea. Higher numbers change more.`,
			displayOptions: shown,
		}),
	);
}

/** A field of the table, as n8n's panel shows it. */
function extraField(operation: VideoOperation, extra: ExtraField): INodeProperties[] {
	const shownFor = providerIds.filter((id) => operationCapabilities(providers[id], operation)?.extras[extra] !== undefined);
	if (shownFor.length === 0) return [];
	const { suffix, shown, options, ...panel }: PanelField = EXTRAS[extra].panel;
	return [
		{
			...panel,
			...(options ? { options: options } : {}),
			displayName: [FIELD_NAMES[extra], suffix].filter(Boolean).join(' '),
			name: extra,
			displayOptions: { show: { ...shown, '/provider': shownFor } },
		},
	];
}

/** Optional fields, and the way to pass fields that this package does not know. */
export function optionalFields(fields: INodeProperties[]): INodeProperties {
	return collection('Additional Fields', 'additionalFields', 'Add Field', [additionalBodyField, ...fields]);
}

const additionalBodyField: INodeProperties = {
	displayName: `${FIELD_NAMES.additionalBodyFields} (JSON)`,
	name: 'additionalBodyFields',
	type: 'json',
	default: '{}',
	description:
		'Fields to add to the request, or to replace in it. For what this node does not offer yet; they are sent unchecked.',
};

export function additionalFields(operation: VideoOperation): INodeProperties {
	return optionalFields([
		...extraFields.flatMap((extra) => extraField(operation, extra)),
		{
			displayName: FIELD_NAMES.callbackUrl,
			name: 'callbackUrl',
			type: 'string',
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/luma-video',
			description:
				"Public URL that the provider calls when the video is finished. For a Luma Video Trigger, use 'Trigger URL' instead.",
			displayOptions: { show: { '/completion': ['none'], '/provider': providerIds.filter((id) => providers[id].callbacks) } },
		},
	]);
}
