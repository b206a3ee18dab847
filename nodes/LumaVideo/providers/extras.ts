/**
 * Fields that only some providers have, shown under Additional Fields: each with its name, its type, and how the panel
 * shows it. A provider lists its fields in its capability table, with their names on the wire. Pure.
 */
import { z } from 'zod';
import type { JsonObject } from './provider';
import { booleanOf, numberOf } from './values';

/** How n8n's panel shows a field: a subset of `INodeProperties`. */
export interface PanelField {
	type: 'boolean' | 'fixedCollection' | 'json' | 'multiOptions' | 'number' | 'options' | 'string';
	default: boolean | number | string | string[] | Record<string, never>;
	description: string;
	/** Appended to the name in the panel. */
	suffix?: string;
	placeholder?: string;
	/** Values of other fields, besides the provider, with which the field is shown. */
	shown?: Record<string, string[]>;
	options?: Array<{ name: string; value: string; description?: string }> | FieldGroup[];
	typeOptions?: {
		loadOptionsMethod?: string;
		maxValue?: number;
		minValue?: number;
		multipleValues?: boolean;
		numberPrecision?: number;
	};
}

/** The fields of one entry of a `fixedCollection`. */
interface FieldGroup {
	displayName: string;
	name: string;
	values: Array<{ displayName: string; name: string; type: 'number' | 'string'; default: number | string; placeholder?: string; description: string }>;
}

interface Extra<Schema = z.ZodType> {
	/** Its name in messages and in the panel. */
	label: string;
	/** Completes the sentence "must be …". */
	expected: string;
	/** Reads what n8n passes, which can be anything from an expression; `null` if unset. */
	schema: Schema;
	panel: PanelField;
}

/** Unambiguous values are converted; others are left as they are, to be refused with the name of the field. */
function read(value: unknown, reading: (value: unknown) => unknown): unknown {
	const clear = reading(value);
	return clear === undefined ? value : clear;
}

export const optionalBoolean = z.preprocess((value) => read(value, booleanOf), z.boolean().nullish());
export const optionalText = z.string().nullish();
/** Text, or an object that is already parsed. */
export const optionalJson = z.union([z.string(), z.record(z.string(), z.unknown())]).nullish();

/** Without surrounding whitespace; `null` if nothing is left. */
export function trimmed(value: string | null | undefined): string | null {
	const text = value?.trim() ?? '';
	return text === '' ? null : text;
}

const boolean = optionalBoolean.transform((value) => value ?? null);
const text = optionalText.transform(trimmed);
const optionalNumber = z.preprocess((value) => read(value, numberOf), z.number().nullish());
const neededNumber = z.preprocess((value) => read(value, numberOf), z.number());

function numberField(displayName: string, name: string, description: string): FieldGroup['values'][number] {
	return { displayName, name, type: 'number', default: 0, description };
}

function flag(label: string, isOn: boolean, description: string): Extra<typeof boolean> {
	return { label, expected: 'true or false', schema: boolean, panel: { type: 'boolean', default: isOn, description } };
}

function textField(label: string, description: string, placeholder: string): Extra<typeof text> {
	return { label, expected: 'text', schema: text, panel: { type: 'string', default: '', placeholder, description } };
}

function positionPanel(description: string, values: FieldGroup['values']): PanelField {
	return { type: 'fixedCollection', placeholder: 'Add Position', default: {}, description, options: [{ displayName: 'Position', name: 'position', values }] };
}

const LEARN_EXPRESSIONS = '<a href="https://docs.n8n.io/code/expressions/">expression</a>';

export const EXTRAS = {
	autoControls: flag('Automatic Controls', true, "Whether the model itself decides what to keep of the source. When switched on, 'Mode' must be Auto, and 'Edit Controls' left out."),
	callbackMode: {
		label: 'Callback Mode',
		expected: 'text',
		schema: text,
		panel: {
			type: 'options',
			default: 'terminal',
			description: 'When the provider calls back',
			options: [
				{ name: 'At the End', value: 'terminal', description: 'One call when the video has finished or failed' },
				{ name: 'On Progress Too', value: 'progress', description: 'Also about every 15 seconds until then' },
			],
			shown: { '/completion': ['none'] },
		},
	},
	cameraMotion: {
		label: 'Camera Motion Name or ID',
		expected: 'text',
		schema: text,
		panel: {
			type: 'options',
			typeOptions: { loadOptionsMethod: 'getCameraMotions' },
			default: '',
			description: `How the camera moves. Added to the prompt. Choose from the list, or specify an ID using an ${LEARN_EXPRESSIONS}.`,
		},
	},
	concepts: {
		label: 'Concept Names or IDs',
		expected: 'a list of texts',
		schema: z
			.array(z.string())
			.nullish()
			.transform((values) => {
				const concepts = [...new Set((values ?? []).map((each) => each.trim()).filter(Boolean))];
				return concepts.length > 0 ? concepts : null;
			}),
		panel: {
			type: 'multiOptions',
			typeOptions: { loadOptionsMethod: 'getConcepts' },
			default: [],
			description: `Camera moves and angles that the model knows. Several can be combined. Choose from the list, or specify IDs using an ${LEARN_EXPRESSIONS}.`,
		},
	},
	editControls: {
		label: 'Edit Controls',
		expected: 'a JSON object',
		// Errors in the JSON are reported when it is parsed.
		schema: optionalJson.transform((value) => value ?? null),
		panel: {
			type: 'json',
			suffix: '(JSON)',
			default: '{}',
			description:
				'What to keep of the source: depth, face, normals, pose and trajectory, as Luma calls them, such as {"face": {"enabled": true}}. Replaces \'Automatic Controls\'.',
		},
	},
	expandPrompt: flag('Expand Prompt', true, 'Whether the provider adds details of its own to the prompt'),
	exrExport: flag('EXR Export', false, "Whether to also create EXR files. Needs 'HDR' and costs more."),
	gridPosition: {
		label: 'Source Position',
		expected: 'numbers',
		schema: z
			.object({ position: z.record(z.string(), optionalNumber).nullish() })
			.nullish()
			.transform((value) => {
				const set = Object.entries(value?.position ?? {}).flatMap(([name, number]) => (typeof number === 'number' ? [[name, number] as const] : []));
				return value?.position ? Object.fromEntries(set) : null;
			}),
		panel: positionPanel('Where to place the source in the new frame, in pixels. Default: centered.', [
			numberField('Grid Position X', 'gridPositionX', 'Left edge of the grid'),
			numberField('Grid Position Y', 'gridPositionY', 'Top edge of the grid'),
			numberField('Resized Height', 'resizedHeight', 'Height of the source after resizing'),
			numberField('Resized Width', 'resizedWidth', 'Width of the source after resizing'),
			numberField('X End', 'xEnd', 'Right edge of the source'),
			numberField('X Start', 'xStart', 'Left edge of the source'),
			numberField('Y End', 'yEnd', 'Bottom edge of the source'),
			numberField('Y Start', 'yStart', 'Top edge of the source'),
		]),
	},
	hdr: flag('HDR', false, 'Whether to generate the video in high dynamic range. Needs 720p or 1080p and costs more. Most providers limit it to videos of 5 seconds, or need an image for longer ones.'),
	keyframes: {
		label: 'Keyframes',
		expected: 'a list of images, each with the number of its frame',
		// Errors are reported for each keyframe.
		schema: z
			.object({ keyframe: z.array(z.unknown()).nullish() })
			.nullish()
			.transform((value) => (value?.keyframe?.length ? value.keyframe : null)),
		panel: {
			type: 'fixedCollection',
			typeOptions: { multipleValues: true },
			placeholder: 'Add Keyframe',
			default: {},
			description: 'Images that the video passes through, each at its frame (24 frames per second)',
			options: [
				{
					displayName: 'Keyframe',
					name: 'keyframe',
					values: [
						{
							displayName: 'Image',
							name: 'image',
							type: 'string',
							default: '',
							placeholder: 'e.g. https://example.com/image.png',
							description: 'Public web address of the image',
						},
						numberField('Frame', 'index', 'Number of the frame, starting at 0'),
					],
				},
			],
		},
	},
	modelId: textField('Model ID', "The provider's own ID for the model. Default: the one from its documentation.", 'e.g. 3-4'),
	negativePrompt: textField('Negative Prompt', 'Sounds to leave out', 'e.g. speech, music'),
	promptOptimization: flag('Translate Prompt', true, 'Whether the provider translates the prompt into English first'),
	/** Only for the price estimate: it is not sent. */
	sourceLength: {
		label: 'Source Length (Seconds)',
		expected: 'a number',
		schema: optionalNumber.transform((value) => value ?? null),
		panel: {
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 30, numberPrecision: 2 },
			default: 5,
			description:
				"Length of the source video, for the price estimate that 'Max Cost' is compared with. Default: the longest video allowed, 18 seconds to modify or 30 to reframe.",
		},
	},
	sourcePosition: {
		label: 'Source Position on Canvas',
		expected: 'numbers',
		schema: z
			.object({
				position: z.object({ x: neededNumber, y: neededNumber, width: neededNumber, height: neededNumber }).nullish(),
			})
			.nullish()
			.transform((value) => value?.position ?? null),
		panel: positionPanel('Where to place the source in the new frame, as fractions of it from 0 to 1. Default: centered.', [
			numberField('Height', 'height', 'Height of the source, up to 2'),
			numberField('Left', 'x', 'Left edge of the source'),
			numberField('Top', 'y', 'Top edge of the source'),
			numberField('Width', 'width', 'Width of the source, up to 2'),
		]),
	},
	userId: textField('User ID', 'Your own identifier of the person for whom the video is generated, which helps the provider to trace misuse. Do not include personal data.', 'e.g. customer-42'),
} as const satisfies Record<string, Extra>;

export type ExtraField = keyof typeof EXTRAS;

export const extraFields = Object.keys(EXTRAS) as ExtraField[];

type Schemas = { [Field in ExtraField]: (typeof EXTRAS)[Field]['schema'] };
type Read = { [Field in ExtraField]: z.output<Schemas[Field]> };

export const extraSchemas = Object.fromEntries(extraFields.map((field) => [field, EXTRAS[field].schema])) as unknown as Schemas;

/** The values of a request; `null` if unset. Keyframes are checked further, and the mode is part of the callback. */
export interface ExtraValues extends Omit<Read, 'callbackMode' | 'editControls' | 'keyframes'> {
	editControls: JsonObject | null;
}

/** Those of the fields that are in this table. */
export function extrasOf(values: Read): Read {
	return Object.fromEntries(extraFields.map((field) => [field, values[field] ?? null])) as unknown as Read;
}

/** All of them unset. */
export function noExtras(): ExtraValues {
	const ownFields = extraFields.filter((field) => field !== 'callbackMode' && field !== 'keyframes');
	return Object.fromEntries(ownFields.map((field) => [field, null])) as unknown as ExtraValues;
}

/** The part of a body that the capability table describes: the fields that are set, by their names on the wire. */
export function extrasOnWire(wire: Readonly<Partial<Record<ExtraField, string | null>>>, values: ExtraValues): JsonObject {
	const entries = Object.entries(wire).flatMap(([field, name]) => {
		const value = values[field as keyof ExtraValues];
		return name === null || value === null ? [] : [[name, value] as const];
	});
	return Object.fromEntries(entries);
}
