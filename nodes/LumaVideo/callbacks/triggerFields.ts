/** The fields of the trigger. */
import type { INodeProperties } from 'n8n-workflow';
import { credentialPlace } from '../credentialChoices';
import { sentences } from '../operations/requestFields';
import { binaryField, settingFields } from '../operations/settings';
import { providerIds, providers } from '../providers';
import { DEFAULT_RECONCILE_MINUTES } from './trigger';

export const triggerProperties: INodeProperties[] = [
	{
		displayName: 'Provider',
		name: 'provider',
		type: 'options',
		noDataExpression: true,
		options: providerIds.map((id) => ({ name: providers[id].displayName, value: id })),
		default: 'lumaAgents',
		description: 'The service that generates the videos and images',
	},
	credentialPlace,
	{
		displayName: 'Trigger On',
		name: 'events',
		type: 'multiOptions',
		required: true,
		noDataExpression: true,
		options: [
			{ name: 'Completed', value: 'completed', description: 'The video or image is finished' },
			{ name: 'Failed', value: 'failed', description: 'The provider could not generate the video or image' },
			{
				name: 'Progress',
				value: 'progress',
				description: sentences(
					'The generation has started or is in progress',
					...providerIds.map((id) => providers[id].callbacks?.progressHint ?? ''),
				),
			},
		],
		default: ['completed', 'failed'],
	},
	{
		displayName: 'Download Video',
		name: 'downloadVideo',
		type: 'boolean',
		default: false,
		noDataExpression: true,
		description: "Whether to download the file of the video or image too. The output always has its URL, but URLs expire: those of Luma Agents after an hour.",
	},
	{ ...binaryField, displayOptions: { show: { downloadVideo: [true] } } },
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [
			settingFields.includeRaw,
			{
				displayName: 'Look for Missed Videos Every (Minutes)',
				name: 'reconcileMinutes',
				type: 'number',
				typeOptions: { minValue: 0, maxValue: 59 },
				default: DEFAULT_RECONCILE_MINUTES,
				description:
					'How often to look for videos whose callback did not arrive. 0 switches this off. If not set: every 5 minutes. Providers without callbacks are always polled.',
			},
			settingFields.maxDownloadMb,
		],
	},
];
