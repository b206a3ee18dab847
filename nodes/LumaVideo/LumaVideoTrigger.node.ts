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
import { emitRead } from './callbacks/emit';
import { checkAddress } from './callbacks/publish';
import { receive } from './callbacks/receive';
import { startTimer } from './callbacks/timer';
import { callingProviderIds, triggerProperties } from './callbacks/triggerFields';

/** A callback starts an execution, `execute` reads the generation and emits it, a timer finds what callbacks missed. */
export class LumaVideoTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Luma Video Trigger',
		name: 'lumaVideoTrigger',
		icon: { light: 'file:../../icons/lumaVideo.svg', dark: 'file:../../icons/lumaVideo.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{$parameter["events"].join(", ")}}',
		description: "Starts the workflow when a video made with Luma's Ray models is finished",
		eventTriggerDescription: 'Waiting for the provider to call the test URL',
		activationMessage:
			"Videos whose 'Callback URL' is this trigger's production URL now start this workflow.",
		triggerPanel: {
			header: 'Start when a video is finished',
			executionsHelp: {
				inactive:
					"<b>While building</b>, click 'Listen for test event' and generate a video whose 'Callback URL' is the <b>test URL</b>. The listener takes one call and stops after two minutes, often before a video is finished.<br /><br /><b>To be sure</b>, publish the workflow and use the <b>production URL</b>: finished videos then start it each time, and are found again if a call is missed.",
				active:
					"<b>While building</b>, click 'Listen for test event' and generate a video whose 'Callback URL' is the <b>test URL</b>. The listener takes one call and stops after two minutes, often before a video is finished.<br /><br /><b>The workflow is published</b>: videos whose 'Callback URL' is the <b>production URL</b> start it by themselves. See them in the executions list.",
			},
			activationHint:
				"Publish the workflow and set the <b>production URL</b> as 'Callback URL' of the Luma Video node, with 'Completion' set to 'Return at Once'.",
		},
		defaults: { name: 'Luma Video Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: credentialChoices(callingProviderIds),
		webhooks: [
			{ name: 'default', httpMethod: 'POST', path: 'luma-video', responseMode: 'onReceived', responseData: 'noData' },
		],
		properties: triggerProperties,
	};

	webhookMethods = {
		default: {
			/** There is nothing at the provider that could exist, so the address is checked each time. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return await Promise.resolve(false);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return await checkAddress(this);
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return await Promise.resolve(true);
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await Promise.resolve(receive(this, Date.now()));
	}

	async trigger(this: ITriggerFunctions): Promise<ITriggerResponse> {
		return await Promise.resolve(startTimer(this));
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [await emitRead(this)];
	}
}
