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
import { startTrigger } from './callbacks/timer';
import { callingProviderIds, triggerProperties } from './callbacks/triggerFields';
import { TRIGGER_PATH } from './transport/announce';

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
		eventTriggerDescription: 'Listening for a call to the test URL, for two minutes',
		activationMessage:
			"Videos generated with this trigger's production URL as 'Callback URL' now start this workflow.",
		triggerPanel: {
			header: 'Start when a video is finished',
			executionsHelp: {
				inactive:
					"<b>To try it</b>, click the button above, then generate a video with the <b>test URL</b> as 'Callback URL'. The test listens for two minutes. Many videos take longer: their calls are not seen here.<br /><br /><b>To use it</b>, publish the workflow and generate videos with the <b>production URL</b> as 'Callback URL'. Each of them starts the workflow once when it is finished, also when a call is lost on the way.<br /><br />Both URLs are shown under 'Webhook URLs'.",
				active:
					"<b>The workflow is published</b>: each video that was generated with the <b>production URL</b> as 'Callback URL' starts it once when it is finished, also when a call is lost on the way. You find these runs in the executions list.<br /><br /><b>To try a change</b>, click the button above, then generate a video with the <b>test URL</b> as 'Callback URL'. The test listens for two minutes. Many videos take longer: their calls are not seen here.<br /><br />Both URLs are shown under 'Webhook URLs'.",
			},
			activationHint:
				"Publish the workflow and give its <b>production URL</b> to the Luma Video node: as 'Callback URL', with 'Completion' set to 'Return at Once'.",
		},
		defaults: { name: 'Luma Video Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: credentialChoices(callingProviderIds),
		webhooks: [
			{ name: 'default', httpMethod: 'POST', path: TRIGGER_PATH, responseMode: 'onReceived', responseData: 'noData' },
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
		return await Promise.resolve(startTrigger(this));
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [await emitRead(this)];
	}
}
