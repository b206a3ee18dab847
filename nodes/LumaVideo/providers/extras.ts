/**
 * Fields that only some providers have, shown under Additional Fields: each with its name, what it may be, and how the
 * panel shows it. A provider names those that it has in its capability table, with their names on the wire. Pure.
 */
import { z } from 'zod';
import type { JsonObject } from './provider';
import { booleanOf, numberOf } from './values';

/** How n8n's panel shows a field: a part of its `INodeProperties`. */
export interface PanelField {
	type: 'boolean' | 'fixedCollection' | 'json' | 'multiOptions' | 'number' | 'options' | 'string';
	default: boolean | number | string | string[] | Record<string, never>;
	description: string;
	/** What the panel adds to the name. */
	suffix?: string;
	placeholder?: string;
	/** Values of other fields that the field depends on, besides the provider. */
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

interface Extra {
	/** As messages and the panel call it. */
	label: string;
	/** Ends the sentence "must be …". */
	expected: string;
	/** Reads what n8n hands over, where an expression can yield anything; `null` when it is not set. */
	schema: z.ZodType;
	panel: PanelField;
}

/** What is clear is read; what is not stays as it is, to be refused by the name of its field. */
function read(value: unknown, reading: (value: unknown) => unknown): unknown {
	const clear = reading(value);
	return clear === undefined ? value : clear;
}

export const optionalBoolean = z.preprocess((value) => read(value, booleanOf), z.boolean().nullish());
export const optionalText = z.string().nullish();
/** Text, or an object that is the JSON already. */
export const optionalJson = z.union([z.string(), z.record(z.string(), z.unknown())]).nullish();

/** Without the spaces around it; `null` when nothing is left. */
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

const LEARN_EXPRESSIONS = '<a href="https://docs.n8n.io/code/expressions/">expression</a>';

export const EXTRAS = {
	autoControls: {
		label: 'Automatic Controls',
		expected: 'true or false',
		schema: boolean,
		panel: {
			type: 'boolean',
			default: true,
			description:
				"Whether the model works out by itself what of the source it keeps. When switched on, 'Mode' must be Auto, and 'Edit Controls' left out.",
		},
	},
	callbackMode: {
		label: 'Callback Mode',
		expected: 'text',
		schema: text,
		panel: {
			type: 'options',
			default: 'terminal',
			description: 'When the provider calls back',
			options: [
				{ name: 'At the End', value: 'terminal', description: 'One call when the video is finished or failed' },
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
			description: `How the camera moves; added to the prompt. Choose from the list, or specify an ID using an ${LEARN_EXPRESSIONS}.`,
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
			description: `Camera moves and angles that the model has learnt; several can be combined. Choose from the list, or specify IDs using an ${LEARN_EXPRESSIONS}.`,
		},
	},
	editControls: {
		label: 'Edit Controls',
		expected: 'a JSON object',
		// What is wrong with the JSON is said when it is parsed.
		schema: optionalJson.transform((value) => value ?? null),
		panel: {
			type: 'json',
			suffix: '(JSON)',
			default: '{}',
			description:
				'What of the source is kept: depth, face, normals, pose and trajectory, as Luma names them, such as {"face": {"enabled": true}}. Takes the place of \'Automatic Controls\'.',
		},
	},
	expandPrompt: {
		label: 'Expand Prompt',
		expected: 'true or false',
		schema: boolean,
		panel: { type: 'boolean', default: true, description: 'Whether the provider enriches the prompt with details of its own' },
	},
	exrExport: {
		label: 'EXR Export',
		expected: 'true or false',
		schema: boolean,
		panel: { type: 'boolean', default: false, description: "Whether to also create EXR files. Needs 'HDR', and costs more." },
	},
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
		panel: {
			type: 'fixedCollection',
			placeholder: 'Add Position',
			default: {},
			description: 'Where the source is placed in the new picture, in pixels. When not set: in the middle.',
			options: [
				{
					displayName: 'Position',
					name: 'position',
					values: [
						numberField('Grid Position X', 'gridPositionX', 'Left edge of the grid'),
						numberField('Grid Position Y', 'gridPositionY', 'Upper edge of the grid'),
						numberField('Resized Height', 'resizedHeight', 'Height of the source after resizing'),
						numberField('Resized Width', 'resizedWidth', 'Width of the source after resizing'),
						numberField('X End', 'xEnd', 'Right edge of the source'),
						numberField('X Start', 'xStart', 'Left edge of the source'),
						numberField('Y End', 'yEnd', 'Lower edge of the source'),
						numberField('Y Start', 'yStart', 'Upper edge of the source'),
					],
				},
			],
		},
	},
	hdr: {
		label: 'HDR',
		expected: 'true or false',
		schema: boolean,
		panel: {
			type: 'boolean',
			default: false,
			description:
				'Whether to make the video in high dynamic range. Needs 720p or 1080p. At Luma Agents it costs twice as much, and new videos of 10 seconds need an image too; at Replicate it is for videos of 5 seconds.',
		},
	},
	keyframes: {
		label: 'Keyframes',
		expected: 'a list of images, each with the number of its frame',
		// What is wrong with which keyframe is said one by one.
		schema: z
			.object({ keyframe: z.array(z.unknown()).nullish() })
			.nullish()
			.transform((value) => (value?.keyframe?.length ? value.keyframe : null)),
		panel: {
			type: 'fixedCollection',
			typeOptions: { multipleValues: true },
			placeholder: 'Add Keyframe',
			default: {},
			description: 'Images that the video passes through, each at its frame (24 frames a second)',
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
						numberField('Frame', 'index', 'Number of the frame, beginning with 0'),
					],
				},
			],
		},
	},
	modelId: {
		label: 'Model ID',
		expected: 'text',
		schema: text,
		panel: {
			type: 'string',
			default: '',
			placeholder: 'e.g. 3-4',
			description: "The provider's own ID for the model. When not set, the one from its documentation.",
		},
	},
	negativePrompt: {
		label: 'Negative Prompt',
		expected: 'text',
		schema: text,
		panel: { type: 'string', default: '', placeholder: 'e.g. speech, music', description: 'Sounds to leave out' },
	},
	promptOptimization: {
		label: 'Translate Prompt',
		expected: 'true or false',
		schema: boolean,
		panel: { type: 'boolean', default: true, description: 'Whether the provider translates the prompt into English first' },
	},
	/** For the estimate of the price only: it is not sent. */
	sourceLength: {
		label: 'Source Length (Seconds)',
		expected: 'a number',
		schema: optionalNumber.transform((value) => value ?? null),
		panel: {
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 30, numberPrecision: 2 },
			default: 5,
			description:
				"Length of the video that is worked on, for the estimate of its price, by which 'Max Cost' decides. When not set, the estimate is that of the longest video that is taken: 18 seconds to modify, 30 to reframe.",
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
		panel: {
			type: 'fixedCollection',
			placeholder: 'Add Position',
			default: {},
			description: 'Where the source is placed in the new picture, as parts of it from 0 to 1. When not set: in the middle.',
			options: [
				{
					displayName: 'Position',
					name: 'position',
					values: [
						numberField('Height', 'height', 'Height of the source, up to 2'),
						numberField('Left', 'x', 'Left edge of the source'),
						numberField('Top', 'y', 'Upper edge of the source'),
						numberField('Width', 'width', 'Width of the source, up to 2'),
					],
				},
			],
		},
	},
	userId: {
		label: 'User ID',
		expected: 'text',
		schema: text,
		panel: {
			type: 'string',
			default: '',
			placeholder: 'e.g. customer-42',
			description:
				'Your own identifier of the person that the video is made for, by which the provider tells misuse apart. Leave personal data out of it.',
		},
	},
} as const satisfies Record<string, Extra>;

export type ExtraField = keyof typeof EXTRAS;

export const extraFields = Object.keys(EXTRAS) as ExtraField[];

type Schemas = { [Field in ExtraField]: (typeof EXTRAS)[Field]['schema'] };
type Read = { [Field in ExtraField]: z.output<Schemas[Field]> };

export const extraSchemas = Object.fromEntries(extraFields.map((field) => [field, EXTRAS[field].schema])) as unknown as Schemas;

/** The values of a request; `null` where one is not set. Keyframes are checked further, and the callback has its mode. */
export interface ExtraValues extends Omit<Read, 'callbackMode' | 'editControls' | 'keyframes'> {
	editControls: JsonObject | null;
}

/** Of all fields that were read, those of this table. */
export function extrasOf(values: Read): Read {
	return Object.fromEntries(extraFields.map((field) => [field, values[field] ?? null])) as unknown as Read;
}

/** None of them is set. */
export function noExtras(): ExtraValues {
	const ownFields = extraFields.filter((field) => field !== 'callbackMode' && field !== 'keyframes');
	return Object.fromEntries(ownFields.map((field) => [field, null])) as unknown as ExtraValues;
}

/** The part of a body that the capability table describes: fields that are set, by their names on the wire. */
export function extrasOnWire(wire: Readonly<Partial<Record<ExtraField, string | null>>>, values: ExtraValues): JsonObject {
	const entries = Object.entries(wire).flatMap(([field, name]) => {
		const value = values[field as keyof ExtraValues];
		return name === null || value === null ? [] : [[name, value] as const];
	});
	return Object.fromEntries(entries);
}
