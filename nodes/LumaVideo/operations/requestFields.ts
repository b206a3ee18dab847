/**
 * The fields that describe a video, made from the capability table: a provider and a model show what they can do, and
 * nothing else can be picked.
 */
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';
import { FIELD_NAMES } from '../generation/checkRequest';
import { providerIds, providers } from '../providers';
import type { ExtraField, ModelCapabilities, Provider, ProviderId } from '../providers/provider';

type ChoiceField = 'aspectRatio' | 'duration' | 'resolution';

const CHOICES: Readonly<
	Record<ChoiceField, { list: 'aspectRatios' | 'durations' | 'resolutions'; description: string; names: Record<string, string> }>
> = {
	aspectRatio: {
		list: 'aspectRatios',
		description: 'Width to height of the video',
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
		names: { '4k': '4K' },
	},
	duration: {
		list: 'durations',
		description: 'Length of the video. Longer videos cost more and take longer.',
		names: { '5s': '5 Seconds', '9s': '9 Seconds' },
	},
};

interface Variant {
	providerId: ProviderId;
	/** `null`: all models of the provider. */
	models: string[] | null;
}

/**
 * Groups models that look alike to a field, so that a field has as few variants as possible.
 * @param look what the field shows for a model, as JSON-able data; `null` when it does not show
 */
function variants<T>(look: (model: ModelCapabilities, provider: Provider) => T | null): Array<{ look: T; shown: IDisplayOptions['show'] }> {
	const groups = new Map<string, { look: T; wholeProviders: ProviderId[]; parts: Variant[] }>();
	for (const providerId of providerIds) {
		const provider = providers[providerId];
		const { models } = provider.capabilities;
		const byLook = new Map<string, { look: T; models: string[] }>();
		for (const model of models) {
			const value = look(model, provider);
			if (value === null) continue;
			const key = JSON.stringify(value);
			const entry = byLook.get(key) ?? { look: value, models: [] };
			entry.models.push(model.value);
			byLook.set(key, entry);
		}
		for (const [key, entry] of byLook) {
			const group = groups.get(key) ?? { look: entry.look, wholeProviders: [], parts: [] };
			if (entry.models.length === models.length) group.wholeProviders.push(providerId);
			else group.parts.push({ providerId, models: entry.models });
			groups.set(key, group);
		}
	}
	return [...groups.values()].flatMap(({ look: value, wholeProviders, parts }) => [
		...(wholeProviders.length > 0 ? [{ look: value, shown: { provider: wholeProviders } }] : []),
		...parts.map((part) => ({
			look: value,
			shown: { provider: [part.providerId], ...(part.models ? { model: part.models } : {}) },
		})),
	]);
}

export function modelFields(): INodeProperties[] {
	return providerIds.map((providerId) => {
		const { models } = providers[providerId].capabilities;
		const first = models[0]?.value ?? '';
		return {
			displayName: FIELD_NAMES.model,
			name: 'model',
			type: 'options',
			options: models.map(({ name, value, description }) => ({ name, value, description })),
			default: first,
			description: 'The model that makes the video',
			displayOptions: { show: { provider: [providerId] } },
		};
	});
}

export function promptFields(): INodeProperties[] {
	return [true, false].flatMap((required) => {
		const shownFor = providerIds.filter((id) => providers[id].capabilities.prompt.optionalWithImage !== required);
		if (shownFor.length === 0) return [];
		return [
			{
				displayName: FIELD_NAMES.prompt,
				name: 'prompt',
				type: 'string',
				typeOptions: { rows: 4 },
				...(required ? { required: true } : {}),
				default: '',
				placeholder: 'e.g. A red kite rises over a quiet beach at sunrise, slow camera push in',
				description: required
					? 'What the video shows: subject, motion, camera, light and mood'
					: "What the video shows: subject, motion, camera, light and mood. Can be empty when there is a 'Start Image' or 'End Image'.",
				displayOptions: { show: { provider: shownFor } },
			} satisfies INodeProperties,
		];
	});
}

export function imageFields(): INodeProperties[] {
	const start = variants((model) => {
		if (!model.frames.some((mode) => mode === 'start' || mode === 'startAndEnd')) return null;
		return { required: !model.frames.includes('none') };
	});
	const end = variants((model) => {
		if (!model.frames.some((mode) => mode === 'end' || mode === 'startAndEnd')) return null;
		return { alone: model.frames.includes('end') };
	});
	return [
		...start.map(
			({ look, shown }): INodeProperties => ({
				displayName: FIELD_NAMES.startImage,
				name: 'startImage',
				type: 'string',
				...(look.required ? { required: true } : {}),
				default: '',
				placeholder: 'e.g. https://example.com/image.png',
				description: look.required
					? 'Public web address of the image that the video starts from (JPEG, PNG or WebP)'
					: 'Public web address of the image that the video starts from (JPEG, PNG or WebP). Leave empty to make the video from the text alone.',
				displayOptions: { show: shown },
			}),
		),
		...end.map(
			({ look, shown }): INodeProperties => ({
				displayName: FIELD_NAMES.endImage,
				name: 'endImage',
				type: 'string',
				default: '',
				placeholder: 'e.g. https://example.com/image.png',
				description: look.alone
					? 'Public web address of the image that the video ends with'
					: "Public web address of the image that the video ends with. Needs a 'Start Image'.",
				displayOptions: { show: shown },
			}),
		),
	];
}

export function choiceFields(field: ChoiceField): INodeProperties[] {
	const { list, description, names } = CHOICES[field];
	return variants((model) =>
		model[list].length === 0 ? null : { values: model[list], preset: model.defaults[field] ?? '' },
	).map(({ look: { values, preset }, shown }) => ({
		displayName: FIELD_NAMES[field],
		name: field,
		type: 'options',
		options: values.map((value) => ({ name: names[value] ?? value, value })),
		default: preset,
		description,
		displayOptions: { show: shown },
	}));
}

export function loopFields(): INodeProperties[] {
	return variants((model) => (model.loop === 'never' ? null : { withEndImage: model.loop === 'always' })).map(
		({ look, shown }) => ({
			displayName: FIELD_NAMES.loop,
			name: 'loop',
			type: 'boolean',
			default: false,
			description: look.withEndImage
				? 'Whether the end of the video runs seamlessly into its beginning'
				: "Whether the end of the video runs seamlessly into its beginning. Not possible together with an 'End Image'.",
			displayOptions: { show: shown },
		}),
	);
}

export function providersWith(extra: ExtraField): ProviderId[] {
	return providerIds.filter((id) => providers[id].capabilities.extras.includes(extra));
}

/** Fields that only some providers have, and the way to fields this package does not know. */
export function additionalFields(more: INodeProperties[] = []): INodeProperties {
	const withExtra = (extra: ExtraField): IDisplayOptions => ({ show: { '/provider': providersWith(extra) } });
	const conceptOptions = [...new Set(providerIds.flatMap((id) => providers[id].capabilities.concepts))];
	const fields: INodeProperties[] = [
		{
			displayName: `${FIELD_NAMES.additionalBodyFields} (JSON)`,
			name: 'additionalBodyFields',
			type: 'json',
			default: '{}',
			description:
				'Fields to add to the request as they are, or to replace. For what this node does not offer yet; nothing of it is checked before it is sent.',
		},
		{
			displayName: FIELD_NAMES.cameraMotion,
			name: 'cameraMotion',
			type: 'string',
			default: '',
			placeholder: 'e.g. camera orbit left',
			description: 'How the camera moves. It is added to the prompt, since Luma controls the camera by language.',
			displayOptions: withExtra('cameraMotion'),
		},
		{
			displayName: FIELD_NAMES.concepts,
			name: 'concepts',
			type: 'multiOptions',
			options: conceptOptions.map((value) => ({
				name: value
					.split('_')
					.map((word) => (word === 'pov' ? 'POV' : word.charAt(0).toUpperCase() + word.slice(1)))
					.join(' '),
				value,
			})),
			default: [],
			description: 'Camera moves and angles that the model has learnt; several can be combined',
			displayOptions: withExtra('concepts'),
		},
		{
			displayName: FIELD_NAMES.expandPrompt,
			name: 'expandPrompt',
			type: 'boolean',
			default: true,
			description: 'Whether the provider enriches the prompt with details of its own',
			displayOptions: withExtra('expandPrompt'),
		},
		{
			displayName: FIELD_NAMES.modelId,
			name: 'modelId',
			type: 'string',
			default: '',
			placeholder: 'e.g. 3-4',
			description:
				"Pixwith.ai's own ID for the model. When not set: 2-4 without images, 3-4 with images.",
			displayOptions: withExtra('modelId'),
		},
		{
			displayName: FIELD_NAMES.promptOptimization,
			name: 'promptOptimization',
			type: 'boolean',
			default: true,
			description: 'Whether the provider translates the prompt into English first',
			displayOptions: withExtra('promptOptimization'),
		},
		...more,
	];
	return {
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		options: fields.sort((a, b) => (a.displayName < b.displayName ? -1 : 1)),
	};
}
