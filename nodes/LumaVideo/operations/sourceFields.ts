/** The fields for the video to modify or reframe. */
import type { IDisplayOptions, INodeProperties } from 'n8n-workflow';
import { FIELD_NAMES } from '../generation/check';
import { generationIdFields } from './generationId';
import { IN_TOOL, NOT_IN_TOOL, both } from './operation';
import { sentences, variants } from './requestFields';

const SOURCES = {
	file: { name: 'Input Data', value: 'binary', description: 'A video file from the previous node' },
	generation: { name: 'Generation', value: 'generation', description: 'A finished video of this provider, by its ID' },
	url: { name: 'URL', value: 'url', description: 'Any video at a public URL' },
};

/** What to modify or reframe: a generation, any video on the web, or a file. */
export function sourceFields(operation: 'modify' | 'reframe'): INodeProperties[] {
	const kinds = variants(operation, ({ sources, hints }) => ({
		takesFiles: sources?.includes('file') === true,
		hint: hints?.source ?? '',
		size: hints?.sourceSize ?? '',
	}));
	const from = (files: boolean, hint: string, displayOptions: IDisplayOptions): INodeProperties => ({
		displayName: FIELD_NAMES.videoSource,
		name: 'videoSource',
		type: 'options',
		options: files ? [SOURCES.file, SOURCES.generation, SOURCES.url] : [SOURCES.generation, SOURCES.url],
		default: 'generation',
		description: sentences('Where the video comes from', hint),
		displayOptions,
	});
	return [
		...kinds.flatMap(({ look: { takesFiles, hint }, shown }) =>
			takesFiles
				? [
						from(true, hint, both(shown, NOT_IN_TOOL)),
						// An agent's tool receives no files.
						from(false, hint, both(shown, IN_TOOL)),
					]
				: [from(false, hint, shown)],
		),
		...generationIdFields('generationId', `The finished generation to ${operation}`).map((property) => ({
			...property,
			displayOptions: both(property.displayOptions ?? {}, { show: { videoSource: ['generation'] } }),
		})),
		...kinds.map(
			({ look: { hint, size }, shown }): INodeProperties => ({
				displayName: FIELD_NAMES.sourceVideo,
				name: 'sourceVideo',
				type: 'string',
				required: true,
				default: '',
				placeholder: 'e.g. https://example.com/video.mp4',
				description: sentences('Public URL of the video', ...(hint + size === '' ? ['Documented maximum: 10 seconds and 100 MB.'] : [hint, size])),
				displayOptions: both(shown, { show: { videoSource: ['url'] } }),
			}),
		),
		...kinds.flatMap(({ look: { takesFiles }, shown }): INodeProperties[] =>
			takesFiles
				? [
						{
							displayName: FIELD_NAMES.sourceVideoField,
							name: 'sourceVideoField',
							type: 'string',
							required: true,
							default: 'data',
							placeholder: 'e.g. data',
							hint: 'The name of the input field that holds the video file',
							displayOptions: both(shown, { show: { videoSource: ['binary'] } }),
						},
					]
				: [],
		),
	];
}
