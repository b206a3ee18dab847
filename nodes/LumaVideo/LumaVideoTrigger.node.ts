import type {
	IExecuteFunctions,
	IHookFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	ITriggerFunctions,
	ITriggerResponse,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { credentialChoices } from './credentialChoices';
import { emit } from './callbacks/emit';
import { hear } from './callbacks/hear';
import { publish } from './callbacks/publish';
import { triggerProperties } from './callbacks/triggerFields';
import { watch } from './callbacks/watch';
import { providerIds } from './providers';
import { TRIGGER_PATH } from './transport/announce';

/** Learns of generations in `webhook`, watches them from `trigger`, and emits each once at the head of an execution. */
export class LumaVideoTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Luma Video Trigger',
		name: 'lumaVideoTrigger',
		icon: { light: 'file:../../icons/lumaVideo.svg', dark: 'file:../../icons/lumaVideo.dark.svg' },
		group: ['trigger'],
		// For each call of a trigger of version 1, n8n evaluates an expression, for which it may have to start a sandbox.
		version: [1, 1.1],
		defaultVersion: 1.1,
		subtitle: '={{$parameter["events"].join(", ")}}',
		// n8n lists both nodes as one and shows this description for both.
		description: "Generate and edit videos and images with Luma's models, or start the workflow when a video is finished",
		eventTriggerDescription: 'Listening for two minutes',
		activationMessage: "Videos and images generated with this trigger's production URL as their 'Trigger URL' now start this workflow.",
		triggerPanel: {
			header: 'Start when a video or image is finished',
			executionsHelp: {
				inactive:
					"<b>To try it</b>, click the button above. With Luma Dream Machine, your latest video appears immediately. Or generate a video with the <b>test URL</b> as 'Trigger URL' in a Luma Video node whose 'Completion' is 'Return Immediately'.<br /><br /><b>To use it</b>, publish the workflow and generate videos with the <b>production URL</b> as 'Trigger URL'. Each of them starts the workflow once when it is finished.<br /><br />Both URLs are shown under 'Webhook URLs'.",
				active:
					"<b>The workflow is published</b>: each video generated with the <b>production URL</b> as 'Trigger URL' starts it once when it is finished. These runs are in the executions list.<br /><br /><b>To try a change</b>, click the button above. With Luma Dream Machine, your latest video appears immediately. Or generate a video with the <b>test URL</b> as 'Trigger URL'.<br /><br />Both URLs are shown under 'Webhook URLs'.",
			},
			activationHint:
				"Publish the workflow and give its <b>production URL</b> to a Luma Video node: as 'Trigger URL', with 'Completion' set to 'Return Immediately'.",
		},
		defaults: { name: 'Luma Video Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: credentialChoices(providerIds),
		webhooks: [
			{ name: 'default', httpMethod: 'POST', path: TRIGGER_PATH, responseMode: 'onReceived', responseData: 'noData' },
		],
		properties: triggerProperties,
	};

	webhookMethods = {
		default: {
			/** Nothing is registered with the provider, so nothing exists, and the address is checked each time. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return await Promise.resolve(false);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return await publish(this);
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return await Promise.resolve(true);
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await hear(this, Date.now());
	}

	async trigger(this: ITriggerFunctions): Promise<ITriggerResponse> {
		return await Promise.resolve(watch(this));
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [await emit(this)];
	}
}
